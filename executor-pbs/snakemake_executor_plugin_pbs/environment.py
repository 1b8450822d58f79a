"""What a job takes over from the shell in which Snakemake was started: its variables and its umask."""

import os
import re
import shlex
from collections.abc import Mapping

NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)  # an exported function has another; the job's login shell defines its own
OF_THE_JOB = re.compile(r"PBS_.*|TMPDIR|NCPUS|HOSTNAME|CUDA_VISIBLE_DEVICES|_|SHLVL|PWD|OLDPWD")  # PBS sets them
UNWANTED = {"SNAKEMAKE_PROFILE"}  # with it a job would submit jobs of its own


def restored(variables: Mapping[str, str]) -> str:
    """Shell commands that set the variables as they are here.

    They run in the job and not in qsub -V, which exports nothing in some releases, and after the login shell's
    profile, which may replace the PATH. A variable that the profile has made read-only stays as it is.
    """
    exports = "; ".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items() if _wanted(name))
    return f"{{ {exports}; }} 2>/dev/null" if exports else "true"


def _wanted(name: str) -> bool:
    return bool(NAME.fullmatch(name)) and not OF_THE_JOB.fullmatch(name) and name not in UNWANTED


def umask() -> str:
    """Umask of this process, in octal: PBS would take 077, and nobody else could read what a job writes."""
    mask = os.umask(0o077)
    os.umask(mask)
    return f"{mask:03o}"
