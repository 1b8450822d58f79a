localrules:
    checks,
    verdict,


for table, request in TABLES.items():

    rule:
        name:
            table
        input:
            **table_inputs(table),
        output:
            **table_output(table),
        log:
            f"{LOGS}/{table_log(table)}.log",
        benchmark:
            f"{BENCHMARKS}/{table_log(table)}.tsv"
        conda:
            "../../envs/analysis.yaml"
        resources:
            mem_mb=growing_memory(table),
            runtime=growing(request["runtime"]),
        params:
            **table_params(table),
        message:
            request["message"]
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
        mem_mb=growing_memory("verdict"),
        runtime=growing(10),
    params:
        code=code_version("tables.checks"),
    message:
        "Verdict on all results"
    script:
        "../scripts/verdict.py"
