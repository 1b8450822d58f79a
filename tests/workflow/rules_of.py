"""Print every rule of a workflow as JSON, for sample wildcards: python rules_of.py SNAKEFILE STUDY WILDCARDS.

Functions are called, resources for the second attempt; instead of a code hash stand the modules that it is made of.
"""

import inspect
import json
import re
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.iocontainers import Wildcards
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

SNAKEFILE, STUDY, SAMPLE = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
sys.path.insert(0, str(SNAKEFILE.resolve().parent / "workflow" / "src"))
from sgdwalk.storage import code_hash  # noqa: E402


def modules(*names, own=()):
    """What `code_version` makes a hash of."""
    return sorted(code_hash._closure([*(f"sgdwalk.{name}" for name in names), *own]))


def pattern(path):
    """A path without the constraints of its wildcards."""
    return re.sub(r"{(\w+),[^}]*}", r"{\1}", str(path))


def value(found, wildcards):
    if not callable(found):
        return found
    attempt = {"attempt": 2} if "attempt" in inspect.signature(found).parameters else {}
    return found(wildcards, **attempt)


def described(rule):
    names = {name: SAMPLE.get(f"{rule.name}.{name}", SAMPLE[name]) for name in rule.wildcard_names}
    wildcards = Wildcards(fromdict=names)
    return {
        "input": sorted(map(str, rule.expand_input(wildcards)[0])),
        "output": sorted(map(pattern, rule.output)),
        "log": list(map(pattern, rule.log)),
        "benchmark": pattern(rule.benchmark),
        "priority": rule.priority,
        "message": rule.message,
        "conda": rule.conda_env and Path(str(rule.conda_env)).stem,
        "script": rule.script and Path(str(rule.script)).name,
        "resources": {
            k: value(getattr(v, "_value", v), wildcards)
            for k, v in rule.resources.items()
            if k not in ("_nodes", "tmpdir")
        },
        "params": {k: value(v, wildcards) for k, v in rule.params.items()},
    }


code_hash.code_version = modules
with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
    workflow = api.workflow(
        snakefile=SNAKEFILE,
        resource_settings=ResourceSettings(cores=2),
        config_settings=ConfigSettings(config={"study": STUDY}),
    )
    rules = workflow.dag().workflow_api._workflow.rules
    print(json.dumps({rule.name: described(rule) for rule in rules}, default=str))
