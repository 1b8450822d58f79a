"""Everything that can be known of a study before it runs, and what it will cost on this machine.

Settings, figures, packages, recorded walks, images (those of torchvision, files of one's own), and whether each network
can be built and takes its images. Then an estimate of time, memory and disk: some steps of each network are timed on
this machine, on random images where the data set is a built-in one; times of analyses are rougher guesses. Memory is
what a job requests of a scheduler.
"""

import argparse
import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sgdwalk.command_line import studies
from sgdwalk.command_line.text import aligned, duration, size
from sgdwalk.study import estimates, resources
from sgdwalk.study.estimates import Estimate, Speed
from sgdwalk.study.jobs import recording_rule
from sgdwalk.study.load import Study, check_packages
from sgdwalk.study.validation import ConfigError

LOOKED_UP = "sgdwalk.data.vision:load"  # the loader of torchvision's data sets
# Settings that the time of a step depends on.
OF_A_STEP = (
    *("model_spec", "dataset_spec", "dtype", "threads", "device", "optimiser", "loss"),
    *("subset", "image_size", "normalise", "label_noise", "augment", "deterministic", "cuda_graphs", "record", "tf32"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    studies.argument(parser)
    parser.add_argument("--cores", type=int, default=os.cpu_count(), metavar="N", help="as of snakemake (all)")
    parser.add_argument(
        "--no-timing", action="store_true", help="build and time no network: takes a second, the estimate is rough"
    )


def run(given: argparse.Namespace) -> int:
    """Print what is wrong and the estimate; exit status 1 if a job would fail."""
    if given.cores < 1:
        raise ConfigError(f"--cores {given.cores}: must be at least 1")
    study = studies.load(given.study)
    check_packages(study, studies.CONFIG)
    print(f"{study.name}: settings, runs and figures are as they must be", flush=True)
    faults: list[str] = []
    speeds = {name: estimates.untimed(row) for name, row in study.runs.items()}
    if not given.no_timing:
        speeds |= timed(study, faults)
        faults += missing_images(study)
    print(described(study, speeds, given.cores))
    for fault in faults:
        print(f"sgdwalk check: {fault}", file=sys.stderr)
    return int(bool(faults))


def timed(study: Study, faults: list[str]) -> dict[str, Speed]:
    """The speeds of the runs of which the network, or the walk, could be tried; what is wrong goes to `faults`."""
    found: dict[str, Speed] = {}
    known: dict[str, Speed] = {}
    for name, row in study.runs.items():
        if row["windows_of"]:
            found |= {name: found[row["windows_of"]]} if row["windows_of"] in found else {}
            continue
        shown(f"trying {name}")
        try:
            found[name] = tried(row, known)
        except Exception as error:  # of somebody else's code, too
            faults.append(f"{studies.CONFIG / study.name / 'runs.tsv'}: run '{name}': {one_line(error)}")
    shown("")
    return found


def shown(text: str) -> None:
    """What is being done, on the last line of a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def tried(row: Mapping[str, Any], known: dict[str, Speed]) -> Speed:
    """The speed of a run; what is refused is raised. known: what was found for runs with the same steps."""
    if row["walk"]:
        from sgdwalk.trajectory.import_walk import steps_and_size

        steps, parameters = steps_and_size(row["walk"], row)
        return replace(estimates.NO_TRAINING, steps=steps, parameters=parameters)
    from sgdwalk.training import trial
    from sgdwalk.training.trainer import check_lengths

    key = json.dumps([estimates.timed_batch(row), row["momentum"] > 0, *(row[setting] for setting in OF_A_STEP)])
    if key not in known:
        known[key] = trial.speed(row)
    if known[key].images:
        check_lengths(row, known[key].images, resources.steps(estimates.with_counts(row, known[key])))
    return known[key]


def missing_images(study: Study) -> Iterator[str]:
    """A line for each data set that is not there or cannot be read, and that no job will download."""
    from sgdwalk.study import factories

    rows = (*study.runs.values(), study.settings["regression"]["data"])
    specs = {json.dumps(row["dataset_spec"]): row for row in rows if row["dataset"]}
    for text, row in specs.items():
        spec = json.loads(text)
        if row["dataset"] == "imagenet" and not Path(row["path"]).is_dir():
            yield f"data set imagenet: no folder '{row['path']}' with its archives"
        if spec["factory"] != LOOKED_UP or spec["arguments"].get("download"):
            continue
        try:
            factories.factory(spec)(**spec["arguments"])
        except (OSError, ValueError) as error:
            yield f"{one_line(error)}; or `python -m sgdwalk.study.download {study.name}`"


def one_line(error: Exception) -> str:
    """An error's text, or its kind where it has none."""
    return " ".join(str(error).split()) or type(error).__name__


# The estimate


def described(study: Study, speeds: Mapping[str, Speed], cores: int) -> str:
    """The estimate as text: a line per run, and the whole study."""
    found = {name: estimates.estimate(study, name, speed) for name, speed in speeds.items()}
    head = ("run", "parameters", "steps", "a step", "training", "analyses", "memory", "disk")
    rows = [line(study, name, speeds[name], found[name]) for name in study.runs]
    return f"\n{aligned([head, *rows])}\n\n{whole(study, found, cores)}"


def line(study: Study, name: str, speed: Speed, found: Estimate) -> tuple[str, ...]:
    """The cells of a run; '-' for what it does not have."""
    run = estimates.with_counts(study.runs[name], speed)
    trained = recording_rule(study, name) == "train"
    return (
        name,
        f"{resources.parameters(run):,.0f}" if trained or speed.parameters else "-",
        f"{resources.steps(run):,}" if trained or speed.steps else "-",
        duration(estimates.step_seconds(run, speed)) if trained else "-",
        duration(found.training),
        duration(sum(found.analyses.values())),
        size(1e6 * found.memory),
        size(found.disk),
    )


def whole(study: Study, found: Mapping[str, Estimate], cores: int) -> str:
    """Time, memory and disk of the study, beside what this machine has."""
    once = sorted((e.memory for e in found.values()), reverse=True)
    needed = sum(e.disk for e in found.values()) + sum(sorted((e.states for e in found.values()), reverse=True)[:cores])
    took = duration(estimates.elapsed(study, found, cores))
    rows = [
        ("time", f"about {took} with --cores {cores}, {duration(estimates.busy(study, found))} of CPU time"),
        ("memory", f"at most {size(1e6 * sum(once[:cores]))} at once{memory_here()}"),
        ("disk", f"about {size(needed)}, {size(free(studies.RESULTS))} are free"),
    ]
    return aligned(rows)


def memory_here() -> str:
    """', this machine has ...' where its system tells."""
    with contextlib.suppress(ValueError, OSError, AttributeError):
        return f", this machine has {size(os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES'))}"
    return ""


def free(folder: Path) -> float:
    """Bytes that are free where the results will be."""
    return shutil.disk_usage(next(place for place in (folder, *folder.absolute().parents) if place.exists())).free
