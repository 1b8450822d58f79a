"""How often 95 % intervals hold the truth, for every estimator: writes docs/coverage.md.

`python benchmarks/coverage.py [--walks N] [--fast] [TABLE ...]`. Without names of tables it makes all of them; with
--fast a few kinds of walks of each, in about three minutes of CPU, which are printed and not written. One process.
"""

import argparse
import importlib
import os
import sys
import time
from pathlib import Path
from types import ModuleType

if __name__ == "__main__":  # before numpy
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
ROOT = Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(ROOT / "workflow" / "src"), str(ROOT / "benchmarks")]

import numpy as np  # noqa: E402
from performance import replace_table  # noqa: E402

PAGE = ROOT / "docs" / "coverage.md"
TABLES = (
    "msd", "walk_models", "path", "msl", "stable_laws", "scale_drift", "power_laws", "ergodicity", "hessian_trace",
    "dimension",
)  # fmt: skip
WALKS, FAST_WALKS = 200, 100
HEAD = ("kind", "quantity", "walks", "bias", "holds the truth, %", "width over ideal", "supported, %")


def measure(table: ModuleType, kind: str, walks: int) -> dict[str, np.ndarray]:
    """{quantity: [walk, (estimate, low, high, supported)]} of so many walks or samples of a kind."""
    found = [table.one(kind, seed) for seed in range(walks)]
    return {name: np.array([row[name] for row in found], float) for name in found[0]}


def summary(values: np.ndarray, truth: float) -> tuple[float, ...]:
    """(number, bias, share that holds the truth, mean width over the ideal) of estimates [walk, 4], NaN where unknown.

    Of those supported, where there are ten or more, otherwise of all that have an estimate; the ideal width is 2 x 1.96
    standard deviations of the estimate.
    """
    supported = values[:, 3] > 0
    used = values[supported if supported.sum() >= 10 else slice(None), :3]
    used = used[np.isfinite(used[:, 0])]
    if len(used) < 2 or not np.isfinite(truth):
        return len(used), np.nan, np.nan, np.nan
    estimate, low, high = used.T
    if not np.isfinite(high).any():
        return len(used), estimate.mean() - truth, np.nan, np.nan
    held = np.mean((low <= truth) & (truth <= high))  # an interval that is missing does not hold it
    width = np.nanmean(high - low) / (2 * 1.96 * estimate.std(ddof=1))
    return len(used), estimate.mean() - truth, held, width


def row(kind: str, quantity: str, values: np.ndarray, truth: float) -> str:
    """A row of the table; cells are empty where there is nothing to say."""
    number, bias, held, width = summary(values, truth)
    flagged = values[:, 3].mean() if np.isfinite(values[:, 3]).all() else np.nan
    numbers = ((bias, "+.3f", 1), (held, ".1f", 100), (width, ".2f", 1), (flagged, ".0f", 100))
    cells = (
        kind,
        quantity,
        str(number),
        *(f"{v * unit:{form}}" if np.isfinite(v) else "" for v, form, unit in numbers),
    )
    return f"| {' | '.join(cells)} |"


def text(table: ModuleType, walks: int, fast: bool) -> str:
    """The table of an estimator in markdown, with what it cost."""
    began = time.process_time()
    number = max(2, walks // table.SHARE)
    rows = []
    for kind in table.FAST if fast else table.KINDS:
        truths = table.truths(kind)
        rows += [row(kind, name, values, truths[name]) for name, values in measure(table, kind, number).items()]
        print(rows[-1], file=sys.stderr, flush=True)
    error = 100 * np.sqrt(0.05 * 0.95 / number)
    cost = f"{number} of each kind (a share of 95 % of so many has a standard error of {error:.1f} %); "
    cost += f"{(time.process_time() - began) / 60:.1f} CPU minutes."
    head = [f"| {' | '.join(HEAD)} |", "| --- " * len(HEAD) + "|"]
    return "\n".join([table.NOTE, "", cost, "", *head, *rows])


def main() -> None:
    """Read the command line, make the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--walks", type=int)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {', '.join(TABLES)}")
    given = parser.parse_args()
    if unknown := set(given.tables) - set(TABLES):
        parser.error(f"table {', '.join(sorted(unknown))}: must be of {', '.join(TABLES)}")
    os.nice(max(0, 10 - os.nice(0)))
    walks = given.walks or (FAST_WALKS if given.fast else WALKS)
    for name in given.tables or TABLES:
        table = importlib.import_module(f"intervals.{name}")
        found = text(table, walks, given.fast)
        print(f"{table.TITLE}\n\n{found}\n", flush=True)
        if not given.fast:
            replace_table(PAGE, name, found)


if __name__ == "__main__":
    main()
