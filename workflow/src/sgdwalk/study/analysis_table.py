"""All analyses of the workflow: what each reads and writes, when a study makes it, and the resources of its jobs.

The rules are made from this table. A new analysis is a line here, a file in analyses/ and a section of the settings.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sgdwalk.study import memory, resources

Estimate = Callable[[Any, Mapping[str, Any]], float]
ALWAYS = "always"  # made for every run
SNAPSHOTS = "snapshots"  # made for a training with an analysis on request, which needs its trained weights
CHILDREN = "parent"  # made for a training with a parent
# What an analysis is made for, and the folder of its file.
FOLDERS = {"run": "runs/{run}", "landscape": "toy", "toy": "toy", "sampler": "regression", "group": "ensembles"}


@dataclass(frozen=True)
class Analysis:
    """One analysis, named as its rule and its module in sgdwalk.analyses.

    reads: files of the run (without .nc) that its compute takes, 'parent/FILE' for its parent's. writes: its file,
    without .nc. condition: ALWAYS, SNAPSHOTS, CHILDREN, 'record.KEY' for what a run records on request, or a name that
    a run lists in its column `analyses`. section: its settings in config.yaml, by default its own name. unit: what it
    is computed of, 'run', 'landscape' (a toy surface), 'toy' (the toy model as a whole), 'sampler' (of a linear
    regression) or 'group' (runs that differ in their seed). memory (MB) and minutes: a number, or an estimate from the
    settings of the run (of all runs of a group; without a run the landscape's or sampler's name) and those of the
    analysis. sized_by: the section that memory takes instead of these. network: it evaluates the run's network, on the
    device that the run trains on. of_start: it depends on the Hessian at the start of a run alone, so that its compute
    takes the file `alike` of another run that starts from the same, where there is one. module: of an analysis of the
    user's own.
    """

    name: str
    reads: tuple[str, ...]
    writes: str
    message: str
    condition: str = ALWAYS
    section: str | None = None
    unit: str = "run"
    memory: float | Estimate = memory.of_windows
    minutes: float | Estimate = resources.analysis_minutes
    environment: str = "analysis"
    network: bool = False
    of_start: bool = False
    sized_by: str | None = None
    priority: int = 0
    module: str | None = None


def layerwise(quantity: str, message: str) -> Analysis:
    """An analysis of each group of layers separately, for runs that record them."""
    return Analysis(
        f"layerwise_{quantity}", ("layers",), f"layers/{quantity}", f"{message} of the layers of {{run}}",
        condition="record.layers", section=quantity, memory=memory.of_layers, minutes=240,
    )  # fmt: skip


ANALYSES = (
    #         name            reads             makes            message
    Analysis("msd",          ("distances",),   "msd",          "Mean squared displacement of {run}"),
    Analysis("path",         ("distances",),   "path",         "Contour of the path of {run}"),
    Analysis("msl",          ("distances",),   "msl",          "Mean squared loss of {run}", memory=memory.msl),
    Analysis("tails",        ("gradients",),   "tails",        "Stable laws of the gradients of {run}",
             memory=memory.tails),
    Analysis("fluctuations", ("training",),    "fluctuations", "Loss fluctuations of {run}", memory=memory.of_series),
    layerwise("msd",  "Mean squared displacement"),
    layerwise("path", "Contour of the path"),
    layerwise("msl",  "Mean squared loss"),
    Analysis("long_msd",     ("sketch",),      "long_msd",     "Mean squared displacement of the whole run {run}",
             condition="record.sketch", memory=memory.of_sketch, minutes=60),
    Analysis("variance_flatness", ("training",), "variance_flatness", "Variance and flatness of the loss along {run}",
             condition="record.flatness", memory=memory.of_series, minutes=30),
    Analysis("extract",      ("checkpoints",), "snapshots",    "Weight snapshots of {run}",
             condition=SNAPSHOTS, memory=memory.extract, minutes=20, environment="train", network=True),
    Analysis("modes",        ("parent/checkpoints", "parent/training"), "modes", "Hessian at the start of {run}",
             condition=CHILDREN, memory=memory.modes, minutes=resources.modes_minutes,
             environment="curvature", network=True, of_start=True, priority=30),
    Analysis("hessian",      ("checkpoints",), "hessian",      "Hessian of {run}",
             condition="hessian", memory=memory.hessian, minutes=resources.hessian_minutes,
             environment="curvature", network=True, priority=30),
    Analysis("landscape",    ("checkpoints",), "landscape",    "Loss surface of {run}",
             condition="landscape", memory=memory.surfaces, minutes=resources.landscape_minutes, environment="train",
             network=True, priority=25),
    Analysis("path_planes",  ("checkpoints",), "path_planes",  "Loss on planes through the snapshots of {run}",
             condition="path_planes", memory=memory.surfaces, minutes=resources.path_planes_minutes,
             environment="train", network=True, priority=25),
    Analysis("sensitivity", ("checkpoints",),  "sensitivity",  "Sensitivity of {run}",
             condition="sensitivity", memory=memory.sensitivity, minutes=resources.sensitivity_minutes,
             environment="curvature", network=True, priority=25),
    Analysis("dimension",    ("landscape",),   "dimension",    "Dimension of the loss surface of {run}",
             condition="landscape", memory=memory.dimension, sized_by="landscape", minutes=60),
    Analysis("walk_models",  ("distances",),   "walk_models",  "Models of the walk of {run}",
             condition="walk_models", minutes=resources.walk_models_minutes),
    Analysis("displacement", ("directions", "distances", "sketch"), "displacement", "Displacement of {run}",
             condition="displacement", memory=memory.displacement, sized_by="modes"),
    Analysis("noise_curvature", ("checkpoints", "modes"), "noise_curvature", "Gradient noise along the modes of {run}",
             condition="noise_curvature", memory=memory.noise_curvature, sized_by="modes",
             minutes=resources.noise_curvature_minutes, environment="curvature", network=True, priority=30),
    Analysis("speed",        ("directions", "noise_curvature"), "speed", "Mean squared step of {run}",
             condition="speed", memory=memory.of_directions, sized_by="modes", minutes=60),
    Analysis("phase_space",  ("directions", "noise_curvature"), "phase_space", "Phase space of {run}",
             condition="phase_space", memory=memory.phase_space, sized_by="modes", minutes=60),
    Analysis("epoch_memory", ("directions", "noise_curvature"), "epoch_memory", "Memory of noise and steps of {run}",
             condition="epoch_memory", memory=memory.of_directions, sized_by="modes", minutes=60),
    Analysis("toy",          (),               "{landscape}",  "Toy walk on the {landscape} landscape",
             unit="landscape", memory=memory.toy, minutes=60),
    Analysis("toy_phases",   (),               "phases",       "Toy walks by Hurst exponent and step size",
             unit="toy", memory=memory.toy, minutes=120),
    Analysis("toy_noiseless", (),              "noiseless",    "Toy walks without noise by Hurst exponent",
             unit="toy", memory=memory.toy_noiseless, minutes=120),
    Analysis("regression",   (),               "{sampler}",    "Linear regression with {sampler} batches",
             unit="sampler", memory=memory.regression, minutes=60, environment="train"),
    Analysis("ensemble",     ("msd",),         "{group}",      "Ensemble {group}",
             unit="group", memory=memory.ensemble, minutes=30),
    Analysis("limiting_ensemble", ("displacement",), "limiting/{group}", "Limiting dynamics of {group}",
             condition="displacement", unit="group", memory=memory.ensemble, minutes=30),
)  # fmt: skip
NOT_REQUESTED = {ALWAYS, SNAPSHOTS, CHILDREN, "record.layers", "record.sketch", "record.flatness"}
REQUESTS = tuple(dict.fromkeys(a.condition for a in ANALYSES if a.condition not in NOT_REQUESTED))
OF_CHILDREN = {a.name for a in ANALYSES if {"directions", "modes"} & set(a.reads)}  # of a run with a parent only
OF_TOY = tuple(a.writes for a in ANALYSES if a.unit == "toy")
OF_GROUPS = {a.name: a for a in ANALYSES if a.unit == "group"}
# Files of all runs that a table reads, where they are made.
OF_ALL_RUNS = {
    "summary": ("training", "msd", "path", "msl", "tails"),
    "claims": (
        "training", "msd", "path", "msl", "tails", "walk_models", "fluctuations", "hessian", "dimension",
        "variance_flatness", "sensitivity", "displacement", "speed", "phase_space", "noise_curvature", "epoch_memory",
    ),
}  # fmt: skip
RECORDED = ("training", "distances", "gradients")  # files of every run, trained or imported


def files_of_runs(condition: str) -> tuple[str, ...]:
    """Files of a run, without .nc, of the analyses with this condition."""
    return tuple(analysis.writes for analysis in ANALYSES if analysis.unit == "run" and analysis.condition == condition)
