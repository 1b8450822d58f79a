rule msd:
    input:
        distances=f"{RUN}/distances.nc",
    output:
        f"{RUN}/msd.nc",
    log:
        f"{LOGS}/{{run}}/msd.log",
    benchmark:
        f"{BENCHMARKS}/{{run}}/msd.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=STUDY.settings["msd"],
        seed=run_seed,
        code=code_version("analyses.msd"),
    message:
        "Mean squared displacement of {wildcards.run}"
    script:
        "../scripts/analyse.py"


rule path:
    input:
        distances=f"{RUN}/distances.nc",
    output:
        f"{RUN}/path.nc",
    log:
        f"{LOGS}/{{run}}/path.log",
    benchmark:
        f"{BENCHMARKS}/{{run}}/path.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=STUDY.settings["path"],
        seed=run_seed,
        code=code_version("analyses.path"),
    message:
        "Contour of the path of {wildcards.run}"
    script:
        "../scripts/analyse.py"


rule msl:
    input:
        distances=f"{RUN}/distances.nc",
    output:
        f"{RUN}/msl.nc",
    log:
        f"{LOGS}/{{run}}/msl.log",
    benchmark:
        f"{BENCHMARKS}/{{run}}/msl.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=STUDY.settings["msl"],
        seed=run_seed,
        code=code_version("analyses.msl"),
    message:
        "Mean squared loss of {wildcards.run}"
    script:
        "../scripts/analyse.py"


rule ensemble:
    input:
        msd=group_runs,
    output:
        f"{RESULTS}/ensembles/{{group}}.nc",
    log:
        f"{LOGS}/ensembles/{{group}}.log",
    benchmark:
        f"{BENCHMARKS}/ensembles/{{group}}.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings={},
        code=code_version("analyses.ensemble"),
    message:
        "Ensemble {wildcards.group}"
    script:
        "../scripts/analyse.py"
