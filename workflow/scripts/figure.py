"""Draw one figure in all its formats."""

from sgdwalk.jobs import draw, logging_to

with logging_to(snakemake.log[0]):
    draw(snakemake.wildcards.figure, snakemake.params.data, list(snakemake.output))
