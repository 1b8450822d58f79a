# So that `snakemake` works as typed in this folder. The workflow itself is in workflow/.
include: "workflow/Snakefile"


# An included rule is never the default of the file that includes it.
rule study:
    default_target: True
    input:
        rules.all.input,
