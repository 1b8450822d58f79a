"""Fail if a check of any run failed, and name it."""

from sgdwalk.jobs.imports import importing

with importing():
    from sgdwalk.jobs.logs import logging_to
    from sgdwalk.tables import checks

with logging_to(snakemake.log[0]):
    checks.verdict(snakemake.input[0])
