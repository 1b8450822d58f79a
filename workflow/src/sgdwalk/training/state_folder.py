"""Where a training keeps its states. No torch."""

import hashlib
import os
from pathlib import Path


def state_folder(checkpoints: Path, scratch: str) -> Path:
    """Folder of the states of the run with these checkpoints; in `scratch` its name is unique among all studies.

    Raises ValueError if `scratch` has a variable that the environment does not have.
    """
    if not scratch:
        return checkpoints.with_name("state")
    place = os.path.expandvars(os.path.expanduser(scratch))
    if "$" in place:
        raise ValueError(f"scratch = '{scratch}': must have variables that are set where the job runs, {place} remains")
    unique = hashlib.sha256(str(checkpoints.resolve()).encode()).hexdigest()[:12]
    return Path(place) / f"{checkpoints.parent.name}-{unique}"
