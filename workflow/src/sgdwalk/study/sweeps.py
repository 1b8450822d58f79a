"""The factors of a run as an experiment: repetitions of the same experiment, and runs that differ in some factors."""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

# Settings that are not factors: names, what is measured, and where it is computed. The network and the data set count
# by what they are built from, not by their names.
ASIDE = {
    "run", "analyses", "record", "snapshots", "threads", "device", "download", "windows_of", "mem_mb", "runtime",
    "scratch", "model", "model_spec", "dataset_spec",
}  # fmt: skip
# Settings that the Hessian at the start of a run with a parent does not depend on: of its steps, of what is measured.
OF_STEPS = {
    "run", "seed", "lr", "steps", "epochs", "optimiser", "momentum", "nesterov", "weight_decay", "keep_velocity",
    "schedule", "schedule_epochs", "schedule_factor", "augment", "sampler", "init", "window", "record", "snapshots",
    "analyses", "threads", "cuda_graphs", "deterministic", "tf32", "mem_mb", "runtime", "scratch",
}  # fmt: skip
Run = Mapping[str, Any]


def design(run: Run) -> dict[str, Any]:
    """Factors of a run by name: its settings, and the family and arguments (depth, shortcut, ...) of its network.

    Two runs with equal factors are the same experiment; two that differ in `seed` alone are repetitions. The folder of
    a data set that its name identifies is not a factor.
    """
    model = run.get("model_spec") or {"factory": None, "arguments": {}}
    factors = {key: value for key, value in run.items() if key not in ASIDE}
    if "download" in (run.get("dataset_spec") or {"arguments": ()})["arguments"]:  # the name identifies the images
        factors.pop("path", None)
    return factors | {"family": model["factory"]} | model["arguments"]


def repetitions(runs: Iterable[Run]) -> list[list[str]]:
    """Groups of names of runs that differ only in their seed; of several runs with one seed the first counts."""
    alike: dict[str, dict[int, str]] = {}
    for run in runs:
        factors = {key: repr(value) for key, value in design(run).items() if key != "seed"}
        alike.setdefault(repr(sorted(factors.items())), {}).setdefault(run["seed"], run["run"])
    return [list(seeds.values()) for seeds in alike.values() if len(seeds) > 1]


def sweep(runs: Iterable[Run], base: Run, *free: str) -> list[Run]:
    """The runs that differ from the base at most in the `free` factors ('depth', 'lr', 'seed', ...)."""
    wanted = design(base)

    def alike(run: Run) -> bool:
        found = design(run)
        return all(found.get(k) == wanted.get(k) for k in {*found, *wanted} - set(free))

    return [run for run in runs if alike(run)]


def same_start(name: str, runs: Mapping[str, Run]) -> str | None:
    """The first run above this one whose start has the same Hessian: the same parent, images and size of batches."""

    def at_start(run: Run) -> dict[str, Any]:
        return {key: value for key, value in run.items() if key not in OF_STEPS}

    above = itertools.takewhile(lambda other: other != name, runs)
    return next((other for other in above if at_start(runs[other]) == at_start(runs[name])), None)


def common_name(names: list[str]) -> str:
    """The common prefix of the names without a trailing '-', '_' or '.'; the first name if there is none."""
    shared = names[0]
    for name in names[1:]:
        while not name.startswith(shared):
            shared = shared[:-1]
    return shared.rstrip("-_.") or names[0]
