"""Trained networks and their images, as the analyses of curvature and surface need them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from sgdwalk.data.images import Images
from sgdwalk.training.batch_norm_mode import check_batch
from sgdwalk.training.batches import Scale
from sgdwalk.training.devices import allow_tf32, device
from sgdwalk.training.problem import build, load_images


def network_and_batches(
    run: Mapping[str, Any],
    section: str,
    images: int,
    batch_size: int,
    batch_norm: str,
    seed: int,
    data: Images | None = None,
) -> tuple[nn.Module, list[tuple[torch.Tensor, torch.Tensor]]]:
    """(a run's network, untrained; random training images in equal batches), on the run's device, never in TF32.

    run: its settings. section: of the study's settings, which a ValueError names for batches that are too small for
    their own statistics. batch_norm: 'batch' or 'stored'. data: the run's images, unless they are to be loaded.
    Batches are pairs of inputs and labels.
    """
    allow_tf32(False)
    data, place = load_images(run) if data is None else data, device(run["device"])
    model = build(run, data).to(place)
    return model, image_batches(model, run, section, images, batch_size, batch_norm, seed, data)


def image_batches(
    model: nn.Module,
    run: Mapping[str, Any],
    section: str,
    images: int,
    batch_size: int,
    batch_norm: str,
    seed: int,
    data: Images,
    split: str = "train",
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Random images of a split ('train' or 'test') for a run's network, as network_and_batches returns them."""
    inputs, labels = (part.to(device(run["device"])) for part in sample(data, run, images, seed, split))
    batches = equal_batches(inputs, labels, batch_size)
    if batch_norm == "batch":
        key = {"train": "images", "test": "test_images"}[split]
        check_batch(model, batches[0][0], f"{section}.batch_size = {batch_size}, {section}.{key} = {images}")
    return batches


def snapshots(checkpoints: str | Path) -> list[dict[str, Any]]:
    """All checkpoints of a run in the order of their steps: step, epoch, model (weights and buffers).

    FileNotFoundError where there are none.
    """
    paths = sorted(Path(checkpoints).glob("step-*.pt"))
    if not paths:
        raise FileNotFoundError(f"{checkpoints}: no checkpoints step-*.pt")
    return [torch.load(path, map_location="cpu", weights_only=True) for path in paths]


def sample(
    images: Images, run: Mapping[str, Any], count: int, seed: int, split: str = "train"
) -> tuple[torch.Tensor, torch.Tensor]:
    """`count` random images of a split ('train' or 'test'), normalised but not augmented, and their labels."""
    pixels, labels = getattr(images, split), getattr(images, f"{split}_labels")
    pick = np.random.default_rng(seed).permutation(len(pixels))[:count]
    inputs = Scale(images, "cpu", getattr(torch, run["dtype"]))(torch.from_numpy(pixels[pick]))
    return inputs, torch.from_numpy(labels[pick])


def equal_batches(inputs: torch.Tensor, labels: torch.Tensor, size: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Batches of exactly `size` (or one of all), so that their plain mean is the mean over images."""
    count = max(1, len(labels) // size)
    size = min(size, len(labels))
    return [(inputs[k * size : (k + 1) * size], labels[k * size : (k + 1) * size]) for k in range(count)]


def named_weights(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """(name, parameter) of what is trained, in the order of the trajectory's components."""
    return ((name, p) for name, p in model.named_parameters() if p.requires_grad)
