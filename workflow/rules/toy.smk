rule toy:
    output:
        f"{RESULTS}/toy/{{landscape}}.nc",
    log:
        f"{LOGS}/toy/{{landscape}}.log",
    benchmark:
        f"{BENCHMARKS}/toy/{{landscape}}.tsv"
    wildcard_constraints:
        landscape=any_of(TOY),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        settings=toy_settings,
        code=code_version("analyses.toy"),
    message:
        "Toy walk on the {wildcards.landscape} landscape"
    script:
        "../scripts/analyse.py"
