"""Reduce somebody else's walk to the files of a run."""

from sgdwalk.imported import import_walk
from sgdwalk.jobs import logging_to

with logging_to(snakemake.log[0]):
    import_walk(snakemake.input.walk, snakemake.params.settings, dict(snakemake.output), snakemake.params.code)
