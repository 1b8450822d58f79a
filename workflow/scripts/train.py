"""Train one run and write its files."""

from sgdwalk.jobs.imports import importing

with importing():
    from sgdwalk.jobs.logs import logging_to
    from sgdwalk.training.job import train

with logging_to(snakemake.log[0]):
    train(
        snakemake.params.settings,
        dict(snakemake.output),
        snakemake.params.code,
        snakemake.resources.scratch,
        parent={name: path for name, path in snakemake.input.items() if name != "images"},
    )
