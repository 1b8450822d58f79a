"""torch archives (.pt files): written atomically, with equal bytes for equal contents."""

from pathlib import Path
from typing import Any

import torch

from sgdwalk.storage.atomic import replacing
from sgdwalk.storage.digests import digest


def write(content: Any, path: Path) -> str:
    """Write what torch.load(weights_only=True) can read, and return the file's digest.

    Raises OSError that names the file where it could not be written.
    """
    with replacing(path) as temporary:
        with open(temporary, "wb") as file:  # given a path, torch.save would put its name into the archive
            torch.save(content, file)
        return digest(temporary)
