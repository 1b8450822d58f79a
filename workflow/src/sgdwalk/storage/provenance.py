"""Where a result comes from: the software, hardware and settings that every file carries."""

import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sgdwalk.storage import run_files
from sgdwalk.storage.contracts import ContractError

LIBRARIES = ("sgdwalk", "python", "numpy", "scipy", "xarray", "netCDF4", "torch", "hessian-eigenthings")


def attributes(
    settings: Mapping, code: str, run: str = "", run_seed: int | str = "", run_settings: Mapping | None = None
) -> dict[str, str]:
    """Attributes that every file carries beside its data.

    settings: of what made the file. code: hash of its code. run, run_seed: name and seed of its run, if it is of
    one. run_settings: the settings of that run; by default `settings` are, as of the files that a training writes.
    """
    return {
        "code": code,
        "run": run,
        "run_seed": str(run_seed),
        "settings": json.dumps(settings, sort_keys=True),
        "run_settings": json.dumps(settings if run_settings is None else run_settings, sort_keys=True),
        "software": json.dumps(_software()),
        "hardware": hardware(),
    }


def stored_settings(data) -> dict[str, Any]:
    """The settings of what made a data set, as `attributes` stored them."""
    return json.loads(data.attrs["settings"])


def settings_of_run(data) -> dict[str, Any]:
    """The settings of the run that a data set is of; empty where it is of no single run.

    ContractError for the result of an analysis by a version that did not store them.
    """
    if "run_settings" in data.attrs:
        return json.loads(data.attrs["run_settings"])
    kind, run = data.attrs.get("contract"), data.attrs.get("run")
    if kind in run_files.CONTRACTS:  # what a training writes has the settings of the run as its own
        return stored_settings(data)
    raise ContractError(f"{kind} of run '{run}': no attribute 'run_settings' (an older version made it): make it again")


def _software() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found.setdefault(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def hardware() -> str:
    """Processor, cores that this process may use, and the GPU where one is in use."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    text = f"{models[0] if models else platform.processor() or platform.machine()}, {cores} cores"
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        text += f", {torch.cuda.get_device_name()}"
    return text
