"""Minibatches of images that are kept on the device; order, crops and flips depend on seed and epoch alone.

No random state has to be stored: a run can continue from any step.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from sgdwalk.data.images import Images
from sgdwalk.samplers import INDEPENDENT
from sgdwalk.seeds import generator


class Batches:
    """The training images of a run, batch after batch, augmented and normalised on the device.

    sampler 'shuffled-epochs': every image once per epoch, in batches of `batch_size` and a shorter last one;
    'independent': every batch is drawn with replacement. augment: zero-pad the raw pixels, crop at random, mirror
    where the data set allows it, and then normalise. device, dtype: of the inputs.
    """

    def __init__(self, images: Images, batch_size: int, *, sampler: str, augment: bool, seed: int, device, dtype):
        self.images, self.batch_size, self.sampler, self.seed = images, batch_size, sampler, seed
        self.padding = images.padding if augment else 0
        self.flip = augment and images.flip
        edge = ((0, 0), (0, 0), (self.padding,) * 2, (self.padding,) * 2)
        self.pixels = torch.from_numpy(np.pad(images.train, edge)).to(device)
        self.labels = torch.from_numpy(images.train_labels).to(device)
        self.test_pixels, self.test_labels = (torch.from_numpy(a).to(device) for a in (images.test, images.test_labels))
        self.scale = Scale(images, device, dtype)
        self.steps = -(-len(images.train) // batch_size)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Pairs (inputs [image, channel, row, column], labels [image]) of an epoch, from its batch `start` on."""
        order, offsets, mirrored = self._draw(epoch)
        for step in range(start, self.steps):
            part = slice(step * self.batch_size, (step + 1) * self.batch_size)
            yield self._crop(order[part], offsets[:, part], mirrored[part]), self.labels[order[part]]

    def sample(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs and labels of `count` random training images, at most all, normalised but not augmented."""
        chosen = torch.randperm(len(self.labels), generator=generator(self.seed, "sample"))[:count]
        chosen, edge = chosen.to(self.pixels.device), self.padding
        pixels = self.pixels[chosen, :, edge : self.pixels.shape[2] - edge, edge : self.pixels.shape[3] - edge]
        return self.scale(pixels), self.labels[chosen]

    def tested(self, part: slice) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs and labels of a part of the test images, normalised but not augmented."""
        return self.scale(self.test_pixels[part]), self.test_labels[part]

    def _draw(self, epoch: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """For each image of the epoch, in order: its index, crop offset (row, column), and whether it is mirrored."""
        count = len(self.labels)
        if self.sampler == INDEPENDENT:
            total = self.steps * self.batch_size
            order = torch.randint(count, (total,), generator=generator(self.seed, "order", epoch))
        else:
            order = torch.randperm(count, generator=generator(self.seed, "order", epoch))
        place = generator(self.seed, "crop", epoch)
        offsets = torch.randint(2 * self.padding + 1, (2, len(order)), generator=place)
        mirrored = torch.randint(2, (len(order),), generator=place).bool() & self.flip
        return tuple(t.to(self.pixels.device) for t in (order, offsets, mirrored))

    def _crop(self, index: torch.Tensor, offset: torch.Tensor, mirrored: torch.Tensor) -> torch.Tensor:
        size = self.pixels.shape[-1] - 2 * self.padding
        along = torch.arange(size, device=index.device)
        rows = offset[0][:, None] + along
        columns = offset[1][:, None] + torch.where(mirrored[:, None], along.flip(0), along)
        crop = self.pixels[index[:, None, None], :, rows[:, :, None], columns[:, None, :]]
        return self.scale(crop.permute(0, 3, 1, 2))


def batches_of(run: Mapping[str, Any], images: Images, device) -> Batches:
    """The minibatches of a training with these settings."""
    given = {key: run[key] for key in ("batch_size", "sampler", "augment", "seed")}
    return Batches(images, **given, device=device, dtype=getattr(torch, run["dtype"]))


class Scale:
    """Raw pixels to network inputs: (pixel - mean) / std per channel, in the run's precision."""

    def __init__(self, images: Images, device, dtype):
        self.mean = torch.tensor(images.mean, device=device, dtype=dtype)[:, None, None]
        self.std = torch.tensor(images.std, device=device, dtype=dtype)[:, None, None]

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Inputs [image, channel, row, column] from pixels of the same shape."""
        return (pixels.to(self.mean.dtype) - self.mean) / self.std
