"""Sizes in bytes, in memory, of what the jobs of a study hold: images, activations, weights and files of results.

Estimates from the settings of the study, without torch.
"""

from collections.abc import Mapping
from typing import Any

from sgdwalk.study.resources import PASSES, Run, gradient_operations, images, parameters, shape, windows

Settings = Mapping[str, Any]

COPIES = 3  # of a data set while it is read
MAPS = 10  # copies of the largest layer in a pass without gradients
STRIDE, LARGE = 4, 128  # networks for images of LARGE pixels a side first make them smaller
PER_SNAPSHOT = 10  # numbers a weight: as read, with the optimiser's state, and in float64 for scalar products
SERIES = 15  # numbers a step in training.nc and directions.nc
ALONG = 3  # numbers a step and mode in directions.nc
LAYERS = 10  # a guess of the groups of layers that are recorded separately
TRACKED = 64  # entries of the gradient that are followed
NUMBERS = {"training": 12, "msd": 14, "tails": 8, "fluctuations": 5, "path": 4}  # a step, in a file of a run
CLASSES = 10  # a guess of those of a regression
MOMENTS = 2 * 9  # numbers a step, mode and momentum in the file of a regression


def number(run: Run) -> int:
    """Of a weight."""
    return 8 if run["dtype"] == "float64" else 4


def data(run: Run) -> float:
    """Of the images while they are read."""
    channels, side = shape(run)
    return COPIES * images(run) * channels * side**2


def activations(run: Run, images: int) -> float:
    """Of what a forward pass over so many images keeps: three numbers per 144 multiplications.

    As in a convolution of 16 channels, its batch norm and its nonlinearity; fewer in wider networks.
    """
    return number(run) * 3 / 144 * gradient_operations(run, images) / PASSES


def largest_layer(run: Run, images: int) -> float:
    """Of a forward pass over so many images that keeps nothing: a few copies of its largest layer.

    As in a ResNet of three stages, of width w, 2 w and 4 w and with at least 500 w^2 weights.
    """
    side = shape(run)[1] / (STRIDE if shape(run)[1] >= LARGE else 1)
    width = max(16, (parameters(run) / 500) ** 0.5)
    return min(MAPS * number(run) * width * side**2 * images, activations(run, images))


def snapshots(run: Run) -> float:
    """Of all checkpoints of the run while they are compared."""
    return PER_SNAPSHOT * number(run) * run["snapshots"] * parameters(run)


def vectors(run: Run, modes: Settings) -> float:
    """Of the eigenvectors of a run with a parent, in float32."""
    return 4 * modes["count"] * parameters(run)


def steps(run: Run) -> int:
    """Number of steps in whole windows; a guess for an externally recorded trajectory."""
    return windows(run) * run["window"]


def distances(run: Run) -> float:
    """Of the run's squared distances."""
    return windows(run) * run["window"] ** 2 / 2 * 8


def samples(run: Run) -> float:
    """Of the run's samples of gradients."""
    return 4 * windows(run) * ((2 + LAYERS / 2) * run["record"]["samples"] + TRACKED * run["window"])


def sketch(run: Run) -> float:
    """Of the sketch of the run's walk."""
    return 4.0 * steps(run) * run["record"]["sketch"]


def directions(run: Run, modes: Settings) -> float:
    """Of the series along the eigenvectors of a run with a parent."""
    return 8.0 * steps(run) * (SERIES + ALONG * modes["count"])


def surface(levels: int) -> float:
    """Of the heights of a surface in float64."""
    return 8.0 * (2**levels + 1) ** 2


def toy(settings: Settings) -> float:
    """Of the file of a toy landscape: its surface in float32, positions, gradients and losses."""
    return surface(settings["levels"]) / 2 + 8 * 5 * settings["walkers"] * settings["steps"]


def regression(settings: Settings) -> float:
    """Of the file of a regression."""
    modes = len(settings["ranks"]) * CLASSES
    return 8.0 * MOMENTS * len(settings["momentum"]) * settings["steps"] * modes


def landscape(settings: Settings) -> float:
    """Of the surfaces of one loss."""
    return 8.0 * settings["planes"] * settings["points"] ** 2


def of_run(kind: str, run: Run, settings: Settings) -> float:
    """Of a file of a run; 0 of kinds that are small. settings: all of the study."""
    large = {"distances": distances, "sketch": sketch, "gradients": samples, "snapshots": snapshots}
    if kind in large:
        return large[kind](run)
    if kind == "directions":
        return directions(run, settings["modes"] if run["parent"] else {"count": 0})
    return 2 * landscape(settings["landscape"]) if kind == "landscape" else 8.0 * NUMBERS.get(kind, 0) * steps(run)
