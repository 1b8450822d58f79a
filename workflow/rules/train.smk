rule train:
    input:
        images=image_file,
    output:
        training=f"{RUN}/training.nc",
        distances=f"{RUN}/distances.nc",
        layers=f"{RUN}/layers.nc",
        sketch=f"{RUN}/sketch.nc",
        gradients=f"{RUN}/gradients.nc",
        checkpoints=directory(f"{RUN}/checkpoints"),
    log:
        f"{LOGS}/{{run}}/train.log",
    benchmark:
        f"{BENCHMARKS}/{{run}}/train.tsv"
    wildcard_constraints:
        run=any_of(TRAINED),
    priority: 20
    conda:
        "../../envs/train.yaml"
    threads: training_threads
    resources:
        mem_mb=growing(asked.training_memory),
        runtime=growing(asked.training_minutes),
        gpu=of_run(asked.gpus),
        local_gpu=of_run(asked.local_gpus),
    params:
        settings=run_settings,
        code=training_code,
    message:
        "Training {wildcards.run}"
    script:
        "../scripts/train.py"


rule import_walk:
    input:
        walk=walk_file,
    output:
        training=f"{RUN}/training.nc",
        distances=f"{RUN}/distances.nc",
        layers=f"{RUN}/layers.nc",
        sketch=f"{RUN}/sketch.nc",
        gradients=f"{RUN}/gradients.nc",
    log:
        f"{LOGS}/{{run}}/import_walk.log",
    benchmark:
        f"{BENCHMARKS}/{{run}}/import_walk.tsv"
    wildcard_constraints:
        run=any_of(IMPORTED),
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        settings=run_settings,
        code=code_version("imported"),
    message:
        "Reading the walk of {wildcards.run}"
    script:
        "../scripts/import_walk.py"


rule cut_windows:
    input:
        training=longer_windows("training"),
        distances=longer_windows("distances"),
        layers=longer_windows("layers"),
        sketch=longer_windows("sketch"),
        gradients=longer_windows("gradients"),
    output:
        training=f"{RUN}/training.nc",
        distances=f"{RUN}/distances.nc",
        layers=f"{RUN}/layers.nc",
        sketch=f"{RUN}/sketch.nc",
        gradients=f"{RUN}/gradients.nc",
    log:
        f"{LOGS}/{{run}}/cut_windows.log",
    benchmark:
        f"{BENCHMARKS}/{{run}}/cut_windows.tsv"
    wildcard_constraints:
        run=any_of(CUT),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(30),
    params:
        settings=run_settings,
        code=code_version("cut"),
    message:
        "Shorter windows of {wildcards.run}"
    script:
        "../scripts/cut_windows.py"


rule extract:
    input:
        checkpoints=rules.train.output.checkpoints,
    output:
        f"{RUN}/snapshots.nc",
    log:
        f"{LOGS}/{{run}}/extract.log",
    benchmark:
        f"{BENCHMARKS}/{{run}}/extract.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(20),
    params:
        settings=network_settings("extract"),
        seed=run_seed,
        code=network_code("extract"),
    message:
        "Weight snapshots of {wildcards.run}"
    script:
        "../scripts/analyse.py"
