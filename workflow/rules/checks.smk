localrules:
    checks,
    verdict,


rule summary:
    input:
        training=products("training"),
        msd=products("msd"),
        path=products("path"),
        msl=products("msl"),
        tails=products("tails"),
    output:
        report(
            f"{RESULTS}/summary.csv",
            caption="../report/summary.rst",
            category="Tables",
        ),
    log:
        f"{LOGS}/summary.log",
    benchmark:
        f"{BENCHMARKS}/summary.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(20),
    params:
        code=code_version("tables.summary"),
    message:
        "A row per run"
    script:
        "../scripts/table.py"


rule claims:
    input:
        training=products("training"),
        msd=products("msd"),
        path=products("path"),
        msl=products("msl"),
        tails=products("tails"),
        hessian=products("hessian"),
        dimension=products("dimension"),
        toy=[product(f"toy/{landscape}") for landscape in TOY],
    output:
        report(
            f"{RESULTS}/claims.csv", caption="../report/claims.rst", category="Tables"
        ),
    log:
        f"{LOGS}/claims.log",
    benchmark:
        f"{BENCHMARKS}/claims.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(20),
    params:
        base=STUDY.base,
        code=code_version("tables.claims"),
    message:
        "The paper's claims against this study"
    script:
        "../scripts/table.py"


rule check:
    input:
        training=f"{RUN}/training.nc",
        distances=f"{RUN}/distances.nc",
        gradients=f"{RUN}/gradients.nc",
        msd=f"{RUN}/msd.nc",
        path=f"{RUN}/path.nc",
        msl=f"{RUN}/msl.nc",
        tails=f"{RUN}/tails.nc",
        fluctuations=f"{RUN}/fluctuations.nc",
    output:
        f"{RUN}/check.csv",
    log:
        f"{LOGS}/{{run}}/check.log",
    benchmark:
        f"{BENCHMARKS}/{{run}}/check.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code_version("tables.check"),
    message:
        "Checking the results of {wildcards.run}"
    script:
        "../scripts/table.py"


rule checks:
    input:
        check=[f"{RESULTS}/runs/{run}/check.csv" for run in STUDY.runs],
    output:
        f"{RESULTS}/checks.csv",
    log:
        f"{LOGS}/checks.log",
    benchmark:
        f"{BENCHMARKS}/checks.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code_version("tables.checks"),
    message:
        "The checks of all runs"
    script:
        "../scripts/table.py"


# A rule of its own: snakemake deletes what a failed job has written, and the table must outlive a failed check.
rule verdict:
    input:
        f"{RESULTS}/checks.csv",
    output:
        touch(f"{RESULTS}/checks.passed"),
    log:
        f"{LOGS}/verdict.log",
    benchmark:
        f"{BENCHMARKS}/verdict.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code_version("tables.checks"),
    message:
        "Verdict on all results"
    script:
        "../scripts/verdict.py"
