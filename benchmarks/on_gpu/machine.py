"""A machine as it is found: packages that it lacks, what it is, and the images that were brought along."""

import importlib
import importlib.metadata
import io
import itertools
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGES = (
    "torch", "numpy", "scipy", "xarray", "pandas", "matplotlib", "scikit-learn", "netCDF4", "hessian-eigenthings",
    "jsonschema", "PyWavelets", "pytest",
)  # fmt: skip


def add_packages(wheels: Path, site: Path) -> list[str]:
    """Install the wheels of a folder that this Python lacks the packages of into `site`; their file names.

    This process, and all that it starts, find them there. CalledProcessError where pip refuses one.
    """
    sys.path.append(str(site))
    lacking = [wheel for wheel in sorted(wheels.glob("*.whl")) if not version(wheel.name.split("-")[0])]
    if lacking:
        how = (
            "--quiet",
            "--no-index",
            "--no-deps",
            "--disable-pip-version-check",
            "--no-compile",
            "--target",
            str(site),
        )
        subprocess.run([sys.executable, "-m", "pip", "install", *how, *map(str, lacking)], check=True)
        importlib.invalidate_caches()
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.getenv("PYTHONPATH"), str(site)]))
    return [wheel.name for wheel in lacking]


def version(package: str) -> str | None:
    """Of an installed package; None where there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def described() -> dict[str, Any]:
    """Hardware and software, as torch sees it; in a process of its own, so that no other holds memory of the GPU."""
    import torch
    from sgdwalk.storage.provenance import hardware

    found = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
    found |= {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version(), "gpu": None}
    if torch.cuda.is_available():
        gpu = torch.cuda.get_device_properties(0)
        torch.cuda.init()
        found |= {"gpu": gpu.name, "gpu_gib": round(gpu.total_memory / 2**30, 1), "sms": gpu.multi_processor_count}
    return found | {"hardware": hardware()}


def unpack(source: str, target: str) -> dict[str, Any]:
    """Decode an .npz of JPEG files into one that the data set `npz` reads.

    source: for each of `train` and `test` SPLIT_jpeg, the bytes of all files in a row, SPLIT_offset, where each begins
    and the last ends, and SPLIT_label. A source with x_train is taken as it is.
    """
    import numpy as np
    from sgdwalk.storage.atomic import replacing

    began, splits = time.monotonic(), {}
    with np.load(source, allow_pickle=False) as archive:
        if "x_train" in archive:
            splits = dict(archive)
        else:
            for split in ("train", "test"):
                parts = (archive[f"{split}_{name}"] for name in ("jpeg", "offset"))
                splits[f"x_{split}"] = np.stack(list(decoded(*parts)))
                splits[f"y_{split}"] = archive[f"{split}_label"].astype(np.int64)
    with replacing(target) as path:
        np.savez(path, **splits)
    return {"images": len(splits["x_train"]), "decoding": round(time.monotonic() - began, 2)}


def decoded(jpeg, offset) -> Iterator:
    """Pixels [row, column, channel] of each file, whose bytes are jpeg[offset[i]:offset[i + 1]]."""
    import numpy as np
    from PIL import Image

    for first, end in itertools.pairwise(offset.tolist()):
        yield np.asarray(Image.open(io.BytesIO(jpeg[first:end].tobytes())).convert("RGB"))
