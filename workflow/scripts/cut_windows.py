"""Divide the windows of a run into shorter ones."""

from sgdwalk.jobs.imports import importing

with importing():
    from sgdwalk.jobs.logs import logging_to
    from sgdwalk.trajectory.shorter_windows import cut_windows

with logging_to(snakemake.log[0]):
    cut_windows(dict(snakemake.input), snakemake.params.settings, dict(snakemake.output), snakemake.params.code)
