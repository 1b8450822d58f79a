rule train:
    input:
        unpack(parent_files),
        images=image_file,
    output:
        **of_run(*OF_RECORDERS),
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
    threads: run_threads
    resources:
        **GPU,
        mem_mb=growing_memory("train"),
        runtime=growing(resources.training_minutes),
        scratch=run_scratch,
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
        **of_run(*OF_RECORDERS),
    log:
        f"{LOGS}/{{run}}/import_walk.log",
    benchmark:
        f"{BENCHMARKS}/{{run}}/import_walk.tsv"
    wildcard_constraints:
        run=any_of(IMPORTED),
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=growing_memory("import_walk"),
        runtime=growing(240),
    params:
        settings=run_settings,
        code=code_version("trajectory.import_walk"),
    message:
        "Reading the walk of {wildcards.run}"
    script:
        "../scripts/import_walk.py"


rule cut_windows:
    input:
        **{name: longer_windows(name) for name in OF_RECORDERS},
    output:
        **of_run(*OF_RECORDERS),
    log:
        f"{LOGS}/{{run}}/cut_windows.log",
    benchmark:
        f"{BENCHMARKS}/{{run}}/cut_windows.tsv"
    wildcard_constraints:
        run=any_of(SHORTENED),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing_memory("cut_windows"),
        runtime=growing(30),
    params:
        settings=run_settings,
        code=code_version("trajectory.shorter_windows"),
    message:
        "Shorter windows of {wildcards.run}"
    script:
        "../scripts/cut_windows.py"
