"""Make the table that is named as its rule."""

from sgdwalk.jobs import logging_to, tabulate

with logging_to(snakemake.log[0]):
    tabulate(snakemake.rule, dict(snakemake.input), snakemake.output[0], dict(snakemake.params))
