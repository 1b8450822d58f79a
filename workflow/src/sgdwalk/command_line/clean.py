"""Remove results that no table of a study names any more.

Runs that are not in runs.tsv, analyses that a run does not request, figures that are not in figures.yaml, and the logs
of all these. Lists them with their sizes and asks before it removes anything; a run that is in training is left alone.
"""

import argparse
import contextlib
import shutil
import sys
from pathlib import Path

from sgdwalk.command_line import studies
from sgdwalk.command_line.text import aligned, size
from sgdwalk.study import leftovers
from sgdwalk.study.status import LOCKS, at_work
from sgdwalk.study.validation import ConfigError


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    studies.argument(parser)
    parser.add_argument("--yes", action="store_true", help="remove without a question")


def run(given: argparse.Namespace) -> int | None:
    """List, ask, remove; exit status 1 where nothing was removed because of the answer."""
    study = studies.load(given.study)
    results = studies.results(study)
    if at_work():
        raise ConfigError(f"{LOCKS}: Snakemake is running here; wait, or `snakemake --unlock` if it was killed")
    found = leftovers.leftovers(study, results)
    for path in [path for path in found if leftovers.in_use(path)]:
        print(f"{path}: is left alone, in use by {leftovers.in_use(path)}", file=sys.stderr)
        found.remove(path)
    if not found:
        print(f"{results}: nothing to remove")
        return None
    sizes = [leftovers.size(path) for path in found]
    print(aligned([(size(bytes_), str(path)) for bytes_, path in zip(sizes, found, strict=True)]))
    if not (given.yes or agreed(f"remove these {len(found)} ({size(sum(sizes))})? [y/N] ")):
        print("nothing was removed")
        return 1
    for path in found:
        remove(path)
    print(f"removed: {len(found)} ({size(sum(sizes))})")
    return None


def agreed(question: str) -> bool:
    """Whether the answer is yes; an input that has ended means no."""
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False


def remove(path: Path) -> None:
    """Remove a file, a folder, or a link and not what it leads to; then its folder, if nothing else is in that."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        path.parent.rmdir()
