"""Linear regression on images (Kunin et al.): SGD with momentum in the Hessian's modes, measured and in theory."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import xarray as xr

from sgdwalk.regression import prediction
from sgdwalk.regression.design import Design, of_images
from sgdwalk.regression.walkers import walk
from sgdwalk.samplers import SAMPLERS
from sgdwalk.storage.contracts import Contract, variable
from sgdwalk.trajectory.student_mean import student_mean

BAND = 1.959963984540054  # standard deviations that 95 % of Gaussian values lie within
COORDINATES = ("position", "velocity")
MOMENT = "momentum step rank class coordinate"
SHARE = "share of walkers and steps inside the 95 % band of theory"
DISPLACEMENT = "squared displacement"

CONTRACT = Contract(
    "regression",
    {
        "direction": variable("direction", "1", "direction, by falling eigenvalue"),
        "class": variable("class", "1", "class"),
        "eigenvalue": variable("direction", "1", "eigenvalue of the Hessian"),
        "gradient_variance": variable("direction class", "1", "variance of one example's gradient at the minimum"),
        "squared_residual": variable("class", "1", "mean squared residual at the minimum"),
        "momentum": variable("momentum", "1", "momentum"),
        "step": variable("step", "step", "step"),
        "rank": variable("rank", "1", "rank of the eigenvalue"),
        "coordinate": variable("coordinate", "1", "position or velocity"),
        "other": variable("other", "1", "position or velocity"),
        "noise": variable("noise", "1", "gradient noise that theory assumes"),
        "mean": variable(MOMENT, "1", "mean over walkers"),
        "covariance": variable(f"{MOMENT} other", "1", "covariance over walkers"),
        "path": variable(MOMENT, "1", "first walker"),
        "displacement": variable("momentum step", "1", DISPLACEMENT),
        "displacement_low": variable("momentum step", "1", f"{DISPLACEMENT}, 2.5 %"),
        "displacement_high": variable("momentum step", "1", f"{DISPLACEMENT}, 97.5 %"),
        "mean_theory": variable(MOMENT, "1", "mean in theory"),
        "covariance_theory": variable(f"noise {MOMENT} other", "1", "covariance in theory"),
        "displacement_theory": variable("noise momentum step", "1", f"{DISPLACEMENT} in theory"),
        "inside": variable("noise momentum rank coordinate", "1", SHARE),
        "inside_low": variable("noise momentum rank coordinate", "1", f"{SHARE}, 2.5 %"),
        "inside_high": variable("noise momentum rank coordinate", "1", f"{SHARE}, 97.5 %"),
        "all_inside": variable("noise momentum coordinate", "1", f"{SHARE}, all ranks"),
        "all_inside_low": variable("noise momentum coordinate", "1", f"{SHARE}, all ranks, 2.5 %"),
        "all_inside_high": variable("noise momentum coordinate", "1", f"{SHARE}, all ranks, 97.5 %"),
    },
)


def compute(
    *,
    sampler: str,
    data: Mapping[str, Any],
    lr: float = 0.0005,
    momentum: Sequence[float] = (0.9, 0.99, 0.999),
    weight_decay: float = 0.0,
    batch_size: int = 32,
    steps: int = 400,
    walkers: int = 100,
    ranks: Sequence[int] = (1, 2, 5, 20),
    start: float = 0.02,
    seed: int = 0,
) -> xr.Dataset:
    """Walkers that start off the minimum of L(W) = 1/(2 N) sum |W x - y|^2 + (weight_decay / 2) |W|^2, and theory.

    x: the pixels of an image, y its class as a one-hot vector, N images; data: which images (the keys that
    problem.load_images reads). sampler: 'independent' or 'shuffled-epochs'. A mode is a direction, an eigenvector of
    the Hessian, in the regression of one class. All walkers begin with velocity 0, displaced by `start` from the
    minimum in every mode of the `ranks` (1: the largest eigenvalue) and in no other. Positions are counted from the
    minimum; step k is before the k-th update.

    Theory fits nothing: the exact discrete chain of the sampler (sgdwalk.theory) under the variance of single examples'
    gradients at the minimum, and under that along the path (prediction.varying_noise). Intervals are Student's
    over walkers, of which each counts as one number, as its steps and modes are correlated.

    Returns the data set of CONTRACT. ValueError, before any long work, for an lr at which the mean grows without
    limit, and for ranks and batches that these images do not have. Source: Kunin et al. 2024, doi 10.1162/neco_a_01626.
    """
    from sgdwalk.training.problem import load_images  # torch, which readers of the file do not need

    design = of_images(load_images(data), weight_decay)
    check(design, lr, momentum, batch_size, sampler, ranks)
    displaced, chosen = np.zeros_like(design.minimum), np.asarray(ranks, int) - 1
    displaced[chosen] = start
    models = [
        prediction.chain(design, sampler, learning_rate=lr, momentum=beta, batch_size=batch_size) for beta in momentum
    ]
    theory = predicted(design, models, displaced, chosen, steps)
    paths = walk(
        design, displaced, lr=lr, momenta=momentum, batch_size=batch_size, sampler=sampler, walkers=walkers, seed=seed
    )
    noise = {
        "eigenvalue": ("direction", design.eigenvalue),
        "gradient_variance": (("direction", "class"), design.gradient_variance()),
        "squared_residual": ("class", (design.residual**2).mean(axis=0)),
    }
    found = xr.Dataset(noise).merge(theory).merge(measured(islice(paths, steps), displaced, chosen, theory))
    directions, classes = design.minimum.shape
    counted = {"direction": np.arange(directions) + 1, "class": range(classes), "step": range(steps)}
    named = {"momentum": list(momentum), "rank": list(ranks), "noise": list(prediction.NOISES)}
    return found.assign_coords(counted | named | {name: list(COORDINATES) for name in ("coordinate", "other")})


def check(design: Design, lr: float, momenta, batch_size: int, sampler: str, ranks) -> None:
    """Refuse in one line what does not suit the images."""
    images, directions = design.features.shape
    if sampler not in SAMPLERS:
        raise ValueError(f"sampler = {sampler!r}: must be one of {', '.join(SAMPLERS)}")
    if max(ranks) > directions:
        raise ValueError(f"regression.ranks = {max(ranks)}: must be at most {directions}, the images' directions")
    if batch_size > images:
        raise ValueError(f"regression.batch_size = {batch_size}: must be at most {images}, the images")
    beta, steepest = min(momenta), design.eigenvalue[0] + design.weight_decay
    if not lr < 2 * (1 + beta) / steepest:
        raise ValueError(
            f"regression.lr = {lr:g}: must be below 2 (1 + momentum) / (largest eigenvalue + weight_decay) = "
            f"2 (1 + {beta:g}) / {steepest:.4g} = {2 * (1 + beta) / steepest:.4g}"
        )


def predicted(design: Design, models, displaced: np.ndarray, chosen: np.ndarray, steps: int) -> xr.Dataset:
    """Theory of the modes of the chosen directions for the model of each momentum."""
    classes = displaced.shape[1]
    modes = (chosen[:, None] * classes + np.arange(classes)).ravel()
    every = [
        [
            prediction.constant_noise(model, displaced.ravel(), steps, modes),
            prediction.varying_noise(design, model, displaced.ravel(), steps, modes),
        ]
        for model in models
    ]
    shape = (len(models), steps, len(chosen), classes, 2)
    covariance = [[moments[k].covariance for moments in every] for k in range(len(prediction.NOISES))]
    displacement = [[moments[k].displacement for moments in every] for k in range(len(prediction.NOISES))]
    return xr.Dataset(
        {
            "mean_theory": (MOMENT.split(), np.reshape([moments[0].mean for moments in every], shape)),
            "covariance_theory": (("noise", *MOMENT.split(), "other"), np.reshape(covariance, (-1, *shape, 2))),
            "displacement_theory": (("noise", "momentum", "step"), displacement),
        }
    )


def measured(paths, displaced: np.ndarray, chosen: np.ndarray, theory: xr.Dataset) -> xr.Dataset:
    """Moments over walkers before each step, and how many of their values lie in the bands of theory.

    paths: positions and velocities of each step, as walkers.walk gives them.
    """
    centre = theory.mean_theory.values
    variance = np.diagonal(theory.covariance_theory.values, axis1=-2, axis2=-1)
    width = BAND * np.sqrt(np.maximum(variance, 0))  # without noise, rounding errors
    counts, moments = 0, []
    for step, (position, velocity) in enumerate(paths):
        way = position - displaced[:, None]
        state = np.stack([position[:, chosen], velocity[:, chosen]], axis=-1).swapaxes(1, 2)
        away = np.abs(state - centre[:, step])
        counts = counts + np.stack([((away <= half) & (half > 0)).sum(axis=3) for half in width[:, :, step]])
        off = state - state.mean(axis=0)
        covariance = np.einsum("w...i,w...j->...ij", off, off) / (len(state) - 1)
        moments.append(
            (state.mean(axis=0), covariance, state[0], *between_walkers(np.einsum("wdmc,wdmc->wm", way, way)))
        )
    mean, covariance, path, displacement, low, high = (np.stack(part, axis=1) for part in zip(*moments, strict=True))
    over_time = ("momentum", "step")
    return xr.Dataset(
        {
            "mean": (MOMENT.split(), mean),
            "covariance": ((*MOMENT.split(), "other"), covariance),
            "path": (MOMENT.split(), path),
            "displacement": (over_time, displacement),
            "displacement_low": (over_time, low),
            "displacement_high": (over_time, high),
        }
    ).merge(shares(counts, (width > 0).sum(axis=(2, 4))))


def shares(inside: np.ndarray, possible: np.ndarray) -> xr.Dataset:
    """Share of values in the band [noise, momentum, rank, coordinate], of each rank and of all, from the counts of each
    walker [noise, walker, momentum, rank, coordinate]; possible: steps and classes where the band has a width.
    """
    with np.errstate(invalid="ignore"):
        each = np.moveaxis(inside, 1, 0) / possible
    dims = ("noise", "momentum", "rank", "coordinate")
    found = {
        "inside": (dims, between_walkers(each)),
        "all_inside": (("noise", "momentum", "coordinate"), between_walkers(each.mean(axis=3))),
    }
    ends = ("", "_low", "_high")
    return xr.Dataset(
        {f"{name}{end}": (d, v) for name, (d, values) in found.items() for end, v in zip(ends, values, strict=True)}
    )


def between_walkers(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(mean, low, high) over the first axis; the interval is Student's."""
    mean, _, half = student_mean(values)
    return mean, mean - half, mean + half
