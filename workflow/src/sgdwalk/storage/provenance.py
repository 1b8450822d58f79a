"""Where a result comes from: the software, hardware and settings that every file carries."""

import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LIBRARIES = ("sgdwalk", "python", "numpy", "scipy", "xarray", "netCDF4", "torch", "hessian-eigenthings")


def attributes(settings: Mapping, code: str, run: str = "", seed: int | str = "") -> dict[str, str]:
    """Attributes that every file carries beside its data."""
    return {
        "code": code,
        "run": run,
        "seed": str(seed),
        "settings": json.dumps(settings, sort_keys=True),
        "software": json.dumps(_software()),
        "hardware": hardware(),
    }


def stored_settings(data) -> dict[str, Any]:
    """The settings that `attributes` stored with a data set."""
    return json.loads(data.attrs["settings"])


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
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    text = f"{models[0] if models else platform.processor() or platform.machine()}, {cores} cores"
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        text += f", {torch.cuda.get_device_name()}"
    return text
