"""Compute one table from the inputs of its rule."""

from sgdwalk.jobs.logs import logging_to
from sgdwalk.jobs.tabulate import tabulate

with logging_to(snakemake.log[0]):
    tabulate(
        snakemake.params.table,
        dict(snakemake.input),
        snakemake.output[0],
        snakemake.params.parameters,
        own=snakemake.params.get("own", ()),
    )
