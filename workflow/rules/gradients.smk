rule tails:
    input:
        gradients=f"{RUN}/gradients.nc",
    output:
        f"{RUN}/tails.nc",
    log:
        f"{LOGS}/{{run}}/tails.log",
    benchmark:
        f"{BENCHMARKS}/{{run}}/tails.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(asked.analysis_memory),
        runtime=growing(asked.analysis_minutes),
    params:
        settings=STUDY.settings["tails"],
        seed=run_seed,
        code=code_version("analyses.tails"),
    message:
        "Stable laws of the gradients of {wildcards.run}"
    script:
        "../scripts/analyse.py"


rule fluctuations:
    input:
        training=f"{RUN}/training.nc",
    output:
        f"{RUN}/fluctuations.nc",
    log:
        f"{LOGS}/{{run}}/fluctuations.log",
    benchmark:
        f"{BENCHMARKS}/{{run}}/fluctuations.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(asked.analysis_memory),
        runtime=growing(asked.analysis_minutes),
    params:
        settings=STUDY.settings["fluctuations"],
        seed=run_seed,
        code=code_version("analyses.fluctuations"),
    message:
        "Loss fluctuations of {wildcards.run}"
    script:
        "../scripts/analyse.py"
