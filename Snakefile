from snakemake.utils import min_version

min_version("9.1")


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/diffusion.smk"
include: "workflow/rules/gradients.smk"
include: "workflow/rules/landscape.smk"
include: "workflow/rules/toy.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/checks.smk"


rule all:
    input:
        f"{RESULTS}/checks.csv",
        f"{RESULTS}/checks.passed",
        f"{RESULTS}/summary.csv",
        f"{RESULTS}/claims.csv",
        snapshot_files(),
        recorded_files(),
        ensemble_files(),
        figure_files("pdf"),
        figure_files("svg"),
        figure_files("png"),
