"""claims.csv: what the paper says, what this study measured, and whether the two agree."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from sgdwalk.storage.provenance import stored_settings
from sgdwalk.study.sweeps import design, sweep

GEOMETRY = ("depth", "batch_size", "shortcut", "seed")
LONG_RUN = 5000
HEAVY = 1.9


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float

    def __sub__(self, other: "Estimate") -> "Estimate":
        """Difference of independent estimates; the distances to the ends add in quadrature."""
        value = self.value - other.value
        low = value - np.hypot(self.value - self.low, other.high - other.value)
        return Estimate(value, low, value + np.hypot(self.high - self.value, other.value - other.low))


Verdict = tuple[str, Callable[[Estimate], str]]


def above(bound: float) -> Verdict:
    """Claim: the value lies above a bound."""
    return f"> {bound:g}", lambda e: _decide(e, e.low > bound, e.high < bound)


def below(bound: float) -> Verdict:
    """Claim: the value lies below a bound."""
    return f"< {bound:g}", lambda e: _decide(e, e.high < bound, e.low > bound)


def about(value: float, margin: float) -> Verdict:
    """Claim: the value is this one, give or take a margin that we set."""
    low, high = value - margin, value + margin
    return (
        f"{value:g} +- {margin:g}",
        lambda e: _decide(e, low <= e.low and e.high <= high, e.high < low or e.low > high),
    )


def _decide(estimate: Estimate, agrees: bool, differs: bool) -> str:
    if not np.isfinite([estimate.value, estimate.low, estimate.high]).all():
        return "undecided"
    return "agrees" if agrees else "differs" if differs else "undecided"


def compute(
    training: list[xr.Dataset],
    msd: list[xr.Dataset],
    path: list[xr.Dataset],
    msl: list[xr.Dataset],
    tails: list[xr.Dataset],
    hessian: list[xr.Dataset],
    dimension: list[xr.Dataset],
    toy: list[xr.Dataset],
    *,
    base: str,
) -> pd.DataFrame:
    """A row per claim: claim, source in Chen et al., runs, quantity, expected, estimate, low, high, verdict.

    agrees / differs: the whole 95 % interval lies on the claim's side / on the other; undecided: it
    straddles, or there is no interval; not run: the study has no run for it.
    """
    study = Results(base, training, msd=msd, path=path, msl=msl, tails=tails, hessian=hessian, dimension=dimension)
    rows = [*walk_claims(study), *sweep_claims(study), *surface_claims(study), *toy_claims(toy)]
    columns = ["claim", "source", "runs", "quantity", "expected", "estimate", "low", "high", "verdict"]
    return pd.DataFrame([row(*claim) for claim in rows], columns=columns)


def row(claim: str, source: str, runs: str, quantity: str, expected: Verdict, estimate: Estimate | None) -> tuple:
    """One row of the table."""
    words, judge = expected
    if estimate is None:
        return claim, source, runs, quantity, words, np.nan, np.nan, np.nan, "not run"
    return claim, source, runs, quantity, words, estimate.value, estimate.low, estimate.high, judge(estimate)


class Results:
    """The study's files by analysis and run, and how its runs relate to the base run."""

    def __init__(self, base: str, training: list[xr.Dataset], **files: list[xr.Dataset]):
        self.runs = {data.attrs["run"]: stored_settings(data) for data in training}
        self.files = {kind: {data.attrs["run"]: data for data in group} for kind, group in files.items()}
        self.base = base

    def estimate(self, kind: str, run: str, variable: str = "exponent", **where) -> Estimate | None:
        """A variable with its interval at one window and fit; None if the run has no such file."""
        data = self.files[kind].get(run)
        if data is None:
            return None
        fit = {"fit": where.pop("fit")} if "fit" in where else {}
        data = data.sel(fit).isel(where)
        return Estimate(*(float(data[f"{variable}{end}"]) for end in ("", "_low", "_high")))

    def varied(self, *free: str) -> list[str]:
        """Runs that differ from the base in at least one of these factors and in nothing else."""
        base, found = design(self.runs[self.base]), sweep(self.runs.values(), self.runs[self.base], *free)
        return [run["run"] for run in found if any(design(run).get(factor) != base.get(factor) for factor in free)]

    def first(self, run: str) -> Estimate:
        """MSD exponent of the first window by the paper's protocol."""
        return self.estimate("msd", run, window=0, fit="paper")

    def last(self, run: str) -> Estimate:
        """MSD exponent of the last window by the paper's protocol."""
        return self.estimate("msd", run, window=-1, fit="paper")


def walk_claims(study: Results) -> Iterator[tuple]:
    """Claims on the base run alone."""
    b = study.base
    first, last = study.first(b), study.last(b)
    short = study.estimate("msd", b, window=0, fit="short")
    yield "superdiffusive at first, beyond tau_0", "Fig. 2a", b, "MSD exponent, first window", above(1), first
    yield (
        "subdiffusive at first, below tau_0",
        "Fig. 2a",
        b,
        "short MSD exponent, first window",
        below(1),
        short,
    )
    yield "subdiffusive in the end", "Fig. 2a", b, "MSD exponent, last window", below(1), last
    yield (
        "superdiffusion attenuates",
        "Fig. 2b",
        b,
        "MSD exponent, first - last window",
        above(0),
        first - last,
    )
    contour = study.estimate("path", b, window=-1, fit="long")
    yield (
        "contour exponent 0.75 in the end",
        "Fig. 6b",
        b,
        "contour exponent, last window",
        about(0.75, 0.15),
        contour,
    )
    early, late = (study.estimate("msl", b, window=w, fit=f) for w, f in ((0, "long"), (-1, "whole")))
    yield (
        "MSL grows as distance^1.8 at first",
        "Fig. 6c",
        b,
        "long MSL exponent, first window",
        about(1.8, 0.3),
        early,
    )
    yield "MSL flat in the end", "Fig. 6c", b, "MSL exponent, last window", about(0, 0.3), late
    heavy, light = (study.estimate("tails", b, "alpha", window=w) for w in (0, -1))
    yield "heavy-tailed gradients", "Fig. 5b", b, "alpha, first window", below(HEAVY), heavy
    yield "tails grow lighter", "Fig. 5d", b, "alpha, last - first window", above(0), light - heavy
    long = [run for run in study.varied("epochs", "steps") if study.runs[run]["epochs"] >= LONG_RUN]
    end = study.last(long[0]) if long else None
    yield (
        "subdiffusive after 5,000 epochs",
        "Fig. 2e",
        ", ".join(long),
        "MSD exponent, last window",
        below(1),
        end,
    )


def sweep_claims(study: Results) -> Iterator[tuple]:
    """Claims on runs that differ from the base in one factor."""
    b = study.base
    others = study.varied(*GEOMETRY)
    lasts = [study.last(run) for run in others]
    worst = max(lasts, key=lambda e: np.nan_to_num(e.high, nan=np.inf), default=None)  # an unknown one is the worst
    text = "largest MSD exponent of the last windows"
    yield (
        "subdiffusive in the end for every depth, batch and shortcut",
        "Fig. 3b, e",
        ", ".join(others),
        text,
        below(1),
        worst,
    )
    without = next(iter(study.varied("shortcut")), None)
    sizes = study.varied("batch_size")
    far = max(sizes, key=lambda r: abs(np.log(study.runs[r]["batch_size"] / study.runs[b]["batch_size"])), default=None)
    for run, word in ((without, "shortcuts"), (far, "batch size")):
        change = study.first(run) - study.first(b) if run else None
        text = "change of the first MSD exponent"
        yield f"exponent independent of {word}", "Fig. 3a", _pair(b, run), text, about(0, 0.2), change
    depth = {run: design(study.runs[run]).get("depth") for run in (b, *study.varied("depth"))}
    shallow, deep = min(depth, key=depth.get), max(depth, key=depth.get)  # the base may be either, or have no depth
    start, later = (study.estimate("msd", run, "crossover_lag", window=0, fit="paper") for run in (shallow, deep))
    delay = later - start if deep != shallow else None
    pair = _pair(shallow, deep if deep != shallow else None)
    yield "tau_0 grows with depth", "Fig. 3f", pair, "change of tau_0 (steps)", above(0), delay
    slow = min((r for r in study.varied("lr")), key=lambda r: study.runs[r]["lr"], default=None)
    slow = slow if slow and study.runs[slow]["lr"] <= 0.1 * study.runs[b]["lr"] else None
    late = study.last(slow) if slow else None
    yield (
        "a small learning rate stays superdiffusive",
        "Fig. 4c",
        slow or "",
        "MSD exponent, last window",
        above(1),
        late,
    )


def surface_claims(study: Results) -> Iterator[tuple]:
    """Claims on curvature and surface."""
    hessian = study.files["hessian"].get(study.base)
    ratio = None
    if hessian is not None:
        (first, *_, last), (before, *_, after) = hessian.eigenvalue[:, 0].values, hessian.residual[:, 0].values
        ratio = Estimate(last / first, (last - after) / (first + before), (last + after) / (first - before))
    text = "largest eigenvalue, last / first snapshot (interval: solver only)"
    yield "curvature falls during training", "Fig. 7", study.base, text, below(1), ratio
    found = study.files["dimension"].get(study.base)
    reading = study.estimate("dimension", study.base, "dimension") if found is not None else None
    bowl = float(found.control_variogram[0]) if found is not None else 2.0
    yield (
        "loss surface rougher than a smooth bowl",
        "Fig. 1",
        study.base,
        "variogram dimension",
        above(round(bowl, 3)),
        reading,
    )


def toy_claims(toy: list[xr.Dataset]) -> Iterator[tuple]:
    """Claims on the toy model."""
    by_name = {stored_settings(data)["landscape"]: data for data in toy}

    def exponent(name: str, stage: str) -> Estimate:
        data = by_name[name].sel(stage=stage)
        return Estimate(*(float(data[f"exponent{end}"]) for end in ("", "_low", "_high")))

    alpha = Estimate(*(float(by_name["fractal"][f"alpha{end}"]) for end in ("", "_low", "_high")))
    text = "MSD exponent"
    yield (
        "fractal: superdiffusive before the last minimum",
        "Fig. 8b",
        "toy fractal",
        text,
        above(1),
        exponent("fractal", "descent"),
    )
    yield (
        "fractal: subdiffusive in the last minimum",
        "Fig. 8b",
        "toy fractal",
        text,
        below(1),
        exponent("fractal", "basin"),
    )
    yield "fractal: heavy-tailed gradients", "Fig. 8c", "toy fractal", "alpha", below(HEAVY), alpha
    yield "random: subdiffusive", "Fig. 8f", "toy random", text, below(1), exponent("random", "whole")
    yield (
        "convex: nearly ballistic while rolling",
        "Fig. 8f",
        "toy convex",
        text,
        about(2, 0.3),
        exponent("convex", "descent"),
    )


def _pair(base: str, run: str | None) -> str:
    return f"{run} against {base}" if run else ""
