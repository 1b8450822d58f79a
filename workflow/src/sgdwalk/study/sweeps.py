"""When two runs are the same experiment, and which runs differ from another in some factors only."""

from collections.abc import Iterable, Mapping
from typing import Any

# Settings that make no other experiment: names, what is measured and where it is computed. What the network and the
# data set are built from stands in for their names.
ASIDE = {
    "run", "analyses", "record", "snapshots", "threads", "device", "download", "windows_of", "mem_mb", "runtime",
    "model", "model_spec", "dataset_spec",
}  # fmt: skip
Run = Mapping[str, Any]


def design(run: Run) -> dict[str, Any]:
    """The factors of the experiment that a run is, by name: its settings, and what its network is built from.

    Two runs of equal factors are the same experiment; that differ in `seed` alone, two repetitions of it. The
    network counts as its family and the arguments that it is built with (depth, shortcut, ...), whatever it is called;
    the folder of a data set that has a name does not count.
    """
    model = run.get("model_spec") or {"factory": None, "arguments": {}}
    factors = {key: value for key, value in run.items() if key not in ASIDE}
    if "download" in (run.get("dataset_spec") or {"arguments": ()})["arguments"]:  # the name alone tells the images
        factors.pop("path", None)
    return factors | {"family": model["factory"]} | model["arguments"]


def repetitions(runs: Iterable[Run]) -> list[list[str]]:
    """Names of the runs that differ in nothing but their seed, group by group; of equal seeds the first counts."""
    alike: dict[str, dict[int, str]] = {}
    for run in runs:
        factors = {key: repr(value) for key, value in design(run).items() if key != "seed"}
        alike.setdefault(repr(sorted(factors.items())), {}).setdefault(run["seed"], run["run"])
    return [list(seeds.values()) for seeds in alike.values() if len(seeds) > 1]


def sweep(runs: Iterable[Run], base: Run, *free: str) -> list[Run]:
    """The runs that differ from the base in nothing but the `free` factors ('depth', 'lr', 'seed', ...)."""
    wanted = design(base)

    def alike(run: Run) -> bool:
        found = design(run)
        return all(found.get(k) == wanted.get(k) for k in {*found, *wanted} - set(free))

    return [run for run in runs if alike(run)]
