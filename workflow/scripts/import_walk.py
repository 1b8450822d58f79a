"""Make the files of a run from an externally recorded trajectory."""

from sgdwalk.jobs.imports import importing

with importing():
    from sgdwalk.jobs.logs import logging_to
    from sgdwalk.trajectory.import_walk import import_walk

with logging_to(snakemake.log[0]):
    import_walk(snakemake.input.walk, snakemake.params.settings, dict(snakemake.output), snakemake.params.code)
