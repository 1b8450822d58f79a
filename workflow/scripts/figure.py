"""Draw one figure in all its formats."""

from sgdwalk.jobs.imports import importing

with importing():
    from sgdwalk.jobs.draw import draw_files
    from sgdwalk.jobs.logs import logging_to

with logging_to(snakemake.log[0]):
    data = dict(snakemake.input) | dict.fromkeys(snakemake.params.absent)
    draw_files(
        snakemake.wildcards.figure,
        data,
        list(snakemake.output),
        snakemake.params.width,
        module=snakemake.params.module,
        own=snakemake.params.own,
    )
