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
        mem_mb=growing(asked.analysis_memory),
        runtime=growing(asked.analysis_minutes),
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
        mem_mb=growing(asked.analysis_memory),
        runtime=growing(asked.analysis_minutes),
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
        mem_mb=growing(asked.analysis_memory),
        runtime=growing(asked.analysis_minutes),
    params:
        settings=STUDY.settings["msl"],
        seed=run_seed,
        code=code_version("analyses.msl"),
    message:
        "Mean squared loss of {wildcards.run}"
    script:
        "../scripts/analyse.py"


for quantity in ("msd", "path", "msl"):

    rule:
        name:
            f"layerwise_{quantity}"
        input:
            layers=f"{RUN}/layers.nc",
        output:
            f"{RUN}/layers/{quantity}.nc",
        log:
            f"{LOGS}/{{run}}/layerwise_{quantity}.log",
        benchmark:
            f"{BENCHMARKS}/{{run}}/layerwise_{quantity}.tsv"
        conda:
            "../../envs/analysis.yaml"
        resources:
            mem_mb=growing(8000),
            runtime=growing(240),
        params:
            settings=STUDY.settings[quantity],
            seed=run_seed,
            code=code_version(f"analyses.layerwise_{quantity}"),
        message:
            "Geometry of the layers of {wildcards.run}"
        script:
            "../scripts/analyse.py"


rule long_msd:
    input:
        sketch=f"{RUN}/sketch.nc",
    output:
        f"{RUN}/long_msd.nc",
    log:
        f"{LOGS}/{{run}}/long_msd.log",
    benchmark:
        f"{BENCHMARKS}/{{run}}/long_msd.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        settings=STUDY.settings["long_msd"],
        seed=run_seed,
        code=code_version("analyses.long_msd"),
    message:
        "Mean squared displacement of the whole run {wildcards.run}"
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
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        settings={},
        code=code_version("analyses.ensemble"),
    message:
        "Ensemble {wildcards.group}"
    script:
        "../scripts/analyse.py"
