"""GPUs and time that the jobs of a run request from a scheduler, and the sizes of its network, images and windows.

Rough upper estimates from its settings; the column `runtime` of runs.tsv overrides that of a training. Needs no torch.
Time is in minutes, a network's size in parameters. Memory: sgdwalk.study.memory.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sgdwalk.study.registry import SIZES

Run = Mapping[str, Any]

# Millions of parameters for 3x32x32 images and 10 classes, the largest of the variants of a name (docs/models.md).
MILLIONS = {
    "resnet14": 0.18, "resnet20": 0.28, "resnet32": 0.47, "resnet44": 0.67, "resnet56": 0.86, "resnet110": 1.74,
    "wrn14-2": 0.70, "wrn14-4": 2.8, "wrn14-8": 11.1, "wrn56-2": 3.5, "wrn56-4": 13.7, "wrn56-8": 54.5,
    "wrn110-2": 7.0, "wrn110-4": 27.6, "wrn110-8": 110.3,
    "resnet18": 11.2, "resnet34": 21.3, "resnet50": 23.6, "resnet101": 42.6, "resnet152": 58.2,
    "mlp3": 0.21, "mlp20": 0.28, "mlp56": 0.43, "mlp110": 0.65,
    "vgg9": 2.8, "vgg16": 14.8, "vgg19": 20.1,
    "cnn3": 0.0011, "lenet": 0.07, "alexnet": 2.5, "resnet-mnist": 0.08, "densenet121": 7.0, "vit": 2.7,
}  # fmt: skip
OWN, ZOO = 2.0, 30.0  # a user-defined network, a network of torchvision
SHAPES = {"digits": (1, 8), "mnist": (1, 28), "fashion-mnist": (1, 28), "imagenet": (3, 224)}  # channels, side
UNKNOWN_SHAPE, UNKNOWN_SIZE = (3, 32), 60_000
IMAGENET = 1_281_167
WALK_WINDOWS = 100
BASE_MINUTES = 30  # start, data, writing
MODES = 30  # of a child
PATIENCE = 2  # requested over estimated time
PASSES = 6  # operations per weight in a forward and a backward pass
REUSE = 1 / 8  # uses of a weight per pixel, as in a CIFAR ResNet
FORWARD, PRODUCT = 1 / 3, 3  # cost of a forward pass and of a Hessian-vector product in units of a gradient
SPEED = {"cpu": 10e9, "cuda": 2e12}  # operations per second, of a thread or a GPU
OVERHEAD = {"cpu": 3e-3, "cuda": 5e-3}  # seconds a step


def gpus(run: Run) -> int:
    """GPUs that a training, its Hessian or its loss surface requests from a scheduler: none with device: cpu."""
    return 0 if run["device"] == "cpu" else 1


def local_gpus(run: Run) -> int:
    """GPUs that these jobs occupy on this machine: none if it has no GPU, so that they can run at the same time."""
    return 1 if run["device"] == "cuda" or (run["device"] == "auto" and gpu_here()) else 0


def gpu_here(devices: Path = Path("/dev")) -> bool:
    """Whether this machine has a GPU that CUDA can use."""
    return any((devices / name).exists() for name in ("nvidiactl", "nvidia0", "dxg"))


def counted(run: Run, what: str) -> int | None:
    """A number that was counted beforehand (see estimates.with_counts), None where it was not."""
    return run.get("counted", {}).get(what)


def parameters(run: Run) -> float:
    """Number of parameters of the run's network; if it was not counted, a guess for one that is not in MILLIONS."""
    if known := counted(run, "parameters"):
        return known
    name = re.sub("-(noshort|nobn)", "", run["model"])
    millions = MILLIONS.get(name, ZOO if name.startswith("torchvision:") else OWN)
    channels, side = shape(run)
    wider = 64 * max(0, channels * side**2 - 3 * 32**2) if name.startswith("mlp") else 0
    return 1e6 * millions + wider


def shape(run: Run) -> tuple[int, int]:
    """(channels, side in pixels) of the run's images."""
    channels, side = SHAPES.get(run["dataset"], UNKNOWN_SHAPE)
    return channels, run["image_size"] or side


def images(run: Run) -> int:
    """Number of training images of the run; if they were not counted, a guess for those of one's own."""
    if number := counted(run, "images"):
        return number
    known = SIZES | {"imagenet": IMAGENET}
    return run["subset"] or known.get(run["dataset"], UNKNOWN_SIZE)


def epoch_steps(run: Run) -> int:
    """Steps per epoch."""
    return -(-images(run) // run["batch_size"])


def windows(run: Run) -> int:
    """Whole windows of the run; a guess for an externally recorded trajectory whose steps were not counted."""
    if run["walk"] and not counted(run, "steps"):
        return WALK_WINDOWS
    return steps(run) // run["window"]


def steps(run: Run) -> int:
    """Steps of the run, which those of an externally recorded trajectory must have been counted for."""
    return counted(run, "steps") or run["steps"] or run["epochs"] * epoch_steps(run)


def training_minutes(run: Run) -> int:
    """Time of a training in minutes."""
    if run["runtime"]:
        return run["runtime"]
    return round(BASE_MINUTES + PATIENCE * windows(run) * run["window"] * step_seconds(run) / 60)


def step_seconds(run: Run) -> float:
    """Time of a step in seconds: forward and backward passes, and the recorder's distances."""
    work = gradient_operations(run, run["batch_size"]) + 2 * run["window"] * parameters(run)
    return OVERHEAD[place(run)] + work / SPEED[place(run)] / (1 if gpus(run) else run["threads"])


def place(run: Run) -> str:
    """Kind of device on a cluster: 'cuda' or 'cpu'."""
    return "cuda" if gpus(run) else "cpu"


def gradient_operations(run: Run, images: int) -> float:
    """Multiplications and additions of a forward and a backward pass over this number of images."""
    reuse = 1 if run["model"].startswith("mlp") else max(1, REUSE * shape(run)[1] ** 2)
    return PASSES * parameters(run) * reuse * images


def modes_gradients(run: Run, settings: Mapping[str, Any]) -> float:
    """Cost of the eigenvectors in gradients of an image, if the search takes half of most_products."""
    return settings["most_products"] / 2 * PRODUCT * settings["images"]


def hessian_gradients(run: Run, settings: Mapping[str, Any]) -> float:
    """Cost of the Hessian at all snapshots in gradients of an image.

    If a search takes half of most_products, or all of them for both ends.
    """
    search = settings["most_products"] / (1 if settings["smallest"] else 2)
    products = search + settings["trace_products"] + settings["density_probes"] * settings["density_products"]
    batches = settings["sharpness_batches"] * run["batch_size"]
    return run["snapshots"] * PRODUCT * (products * settings["images"] + batches)


def landscape_gradients(run: Run, settings: Mapping[str, Any]) -> float:
    """Cost of the loss surfaces and their enlargements in gradients of an image."""
    images = settings["points"] ** 2 * (settings["images"] + settings["test_images"])
    images += settings["zoom_points"] ** 2 * settings["images"]
    return settings["planes"] * FORWARD * images


def path_planes_gradients(run: Run, settings: Mapping[str, Any]) -> float:
    """Cost of the two planes through the snapshots and of the line in gradients of an image."""
    points = 2 * settings["points"] ** 2 + settings["line_points"] + run["snapshots"]
    return FORWARD * points * (settings["images"] + settings["test_images"])


def noise_curvature_gradients(run: Run, settings: Mapping[str, Any]) -> float:
    """Cost of gradient noise and curvature along a guess of MODES modes at all snapshots in gradients of an image."""
    batches = settings["batches"] + MODES * PRODUCT * settings["curvature_batches"]
    return run["snapshots"] * batches * run["batch_size"]


def sensitivity_gradients(run: Run, settings: Mapping[str, Any]) -> float:
    """Cost of two Hessian-vector products a step of each pass, of one and the twins after, in gradients of an image."""
    gradients = (2 * settings["passes"] + 1) * PRODUCT + len(settings["offsets"])
    return max(1, len(settings["snapshots"])) * settings["steps"] * gradients * run["batch_size"]


# By the analysis that evaluates the network so often.
GRADIENTS = {
    "modes": modes_gradients,
    "hessian": hessian_gradients,
    "landscape": landscape_gradients,
    "path_planes": path_planes_gradients,
    "noise_curvature": noise_curvature_gradients,
    "sensitivity": sensitivity_gradients,
}


def measuring_minutes(analysis: str) -> Callable[[Run, Mapping[str, Any]], int]:
    """Time of an analysis of GRADIENTS in minutes, on the run's GPU or on one thread, as a function."""

    def minutes(run: Run, settings: Mapping[str, Any]) -> int:
        operations = gradient_operations(run, 1) * GRADIENTS[analysis](run, settings)
        return round(BASE_MINUTES + PATIENCE * operations / SPEED[place(run)] / 60)

    return minutes


modes_minutes = measuring_minutes("modes")
hessian_minutes = measuring_minutes("hessian")
landscape_minutes = measuring_minutes("landscape")
path_planes_minutes = measuring_minutes("path_planes")
sensitivity_minutes = measuring_minutes("sensitivity")
noise_curvature_minutes = measuring_minutes("noise_curvature")


def walk_models_minutes(run: Run, settings: Mapping[str, Any]) -> int:
    """Time of the fits of walk models in minutes: half a minute for a window of 1,000 steps and 100 simulated walks."""
    return round(15 + PATIENCE * windows(run) * (run["window"] / 1000) ** 2 * (1 + settings["copies"] / 25) / 10)


def analysis_minutes(run: Run, settings: Mapping[str, Any]) -> int:
    """Time of an analysis of a run's windows in minutes."""
    return round(15 + windows(run) / 4)
