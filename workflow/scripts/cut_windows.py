"""Cut the windows of a run into shorter ones."""

from sgdwalk.cut import cut_windows
from sgdwalk.jobs import logging_to

with logging_to(snakemake.log[0]):
    cut_windows(dict(snakemake.input), snakemake.params.settings, dict(snakemake.output), snakemake.params.code)
