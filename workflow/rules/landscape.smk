rule hessian:
    input:
        checkpoints=rules.train.output.checkpoints,
    output:
        f"{RUN}/hessian.nc",
    log:
        f"{LOGS}/{{run}}/hessian.log",
    benchmark:
        f"{BENCHMARKS}/{{run}}/hessian.tsv"
    priority: 30
    conda:
        "../../envs/curvature.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(with_settings(asked.hessian_minutes, "hessian")),
        gpu=of_run(asked.gpus),
        local_gpu=of_run(asked.local_gpus),
    params:
        settings=network_settings("hessian"),
        seed=run_seed,
        code=network_code("hessian"),
    message:
        "Hessian of {wildcards.run}"
    script:
        "../scripts/analyse.py"


rule landscape:
    input:
        checkpoints=rules.train.output.checkpoints,
    output:
        f"{RUN}/landscape.nc",
    log:
        f"{LOGS}/{{run}}/landscape.log",
    benchmark:
        f"{BENCHMARKS}/{{run}}/landscape.tsv"
    priority: 25
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(with_settings(asked.landscape_minutes, "landscape")),
        gpu=of_run(asked.gpus),
        local_gpu=of_run(asked.local_gpus),
    params:
        settings=network_settings("landscape"),
        seed=run_seed,
        code=network_code("landscape"),
    message:
        "Loss surface of {wildcards.run}"
    script:
        "../scripts/analyse.py"


rule dimension:
    input:
        landscape=f"{RUN}/landscape.nc",
    output:
        f"{RUN}/dimension.nc",
    log:
        f"{LOGS}/{{run}}/dimension.log",
    benchmark:
        f"{BENCHMARKS}/{{run}}/dimension.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        settings=STUDY.settings["dimension"],
        seed=run_seed,
        code=code_version("analyses.dimension"),
    message:
        "Dimension of the loss surface of {wildcards.run}"
    script:
        "../scripts/analyse.py"
