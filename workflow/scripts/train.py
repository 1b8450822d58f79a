"""Train one run and write what the recorder measured."""

from sgdwalk.jobs.logs import logging_to
from sgdwalk.training.job import train

with logging_to(snakemake.log[0]):
    train(snakemake.params.settings, dict(snakemake.output), snakemake.params.code)
