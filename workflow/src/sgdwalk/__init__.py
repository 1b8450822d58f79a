"""sgdwalk: SGD as a random walker on a loss surface."""

import importlib

__version__ = "0.1.0"

# Names that users import from here or from the folder that they belong to. They are looked up when they are first
# used: a job that needs no network never loads torch, and its code hash does not depend on the recorder.
EXPORTS = {
    "DiscreteChain": "sgdwalk.theory.chain",
    "Langevin": "sgdwalk.theory.langevin",
    "OrnsteinUhlenbeck": "sgdwalk.theory.matrices",
    "Recorder": "sgdwalk.recorder.window_recorder",
    "ShuffledEpochs": "sgdwalk.theory.epochs",
    "analyse": "sgdwalk.interactive.analysis",
    "draw": "sgdwalk.jobs.draw",
    "open_run": "sgdwalk.interactive.results",
    "open_study": "sgdwalk.interactive.results",
    "read": "sgdwalk.storage.netcdf",
    "register": "sgdwalk.registered",
}


def exported(name: str):
    """The object of that name in EXPORTS; AttributeError for any other name, as of a module."""
    if name not in EXPORTS:
        raise AttributeError(f"no '{name}' in sgdwalk (there are: {', '.join(sorted(EXPORTS))})")
    return getattr(importlib.import_module(EXPORTS[name]), name)


def __getattr__(name: str):
    return exported(name)
