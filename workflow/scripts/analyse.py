"""Run the analysis that is named as its rule on the rule's inputs."""

from sgdwalk.jobs import analyse, logging_to

with logging_to(snakemake.log[0]):
    analyse(
        snakemake.rule,
        dict(snakemake.input),
        snakemake.output[0],
        snakemake.params.settings,
        code=snakemake.params.code,
        run=snakemake.wildcards.get("run", ""),
        seed=snakemake.params.get("seed", ""),
    )
