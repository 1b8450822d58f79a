rule figure:
    input:
        unpack(figure_inputs),
    output:
        pdf=f"{RESULTS}/figures/{{figure}}.pdf",
        svg=f"{RESULTS}/figures/{{figure}}.svg",
        png=report(
            f"{RESULTS}/figures/{{figure}}.png",
            caption="../report/figure.rst",
            category="Figures",
            subcategory=figure_paper,
            labels={"figure": "{figure}", "shows": figure_title},
        ),
    log:
        f"{LOGS}/figures/{{figure}}.log",
    benchmark:
        f"{BENCHMARKS}/figures/{{figure}}.tsv"
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(20),
    params:
        absent=figure_absent,
        caption=figure_caption,
        code=figure_code,
        module=figure_module,
        own=figure_own,
        width=figure_width,
    message:
        "Drawing {wildcards.figure}"
    script:
        "../scripts/figure.py"
