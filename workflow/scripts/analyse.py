"""Run one analysis on the inputs of its rule."""

from sgdwalk.jobs.imports import importing

with importing():
    from sgdwalk.jobs.analyse import analyse
    from sgdwalk.jobs.logs import logging_to

with logging_to(snakemake.log[0]):
    analyse(
        snakemake.params.analysis,
        dict(snakemake.input),
        snakemake.output[0],
        snakemake.params.settings,
        code=snakemake.params.code,
        run=snakemake.wildcards.get("run", ""),
        run_seed=snakemake.params.get("run_seed", ""),
        own=snakemake.params.get("own", ()),
    )
