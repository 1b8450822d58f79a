"""Compute one table from the inputs of its rule."""

from sgdwalk.jobs.imports import importing

with importing():
    from sgdwalk.jobs.logs import logging_to
    from sgdwalk.jobs.tabulate import tabulate

with logging_to(snakemake.log[0]):
    params, output = snakemake.params, snakemake.output
    tabulate(
        params.table,
        dict(snakemake.input),
        output.csv,
        params.parameters,
        page=output.get("page"),
        own=params.get("own", ()),
    )
