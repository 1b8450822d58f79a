"""The mean loss of images, also where memory ends."""

import numpy as np
import pytest
import torch
from sgdwalk.landscapes.mean_loss import MeanLoss, memory_ended
from torch import nn

torch.set_num_threads(1)
CROSS = nn.functional.cross_entropy


class Small(nn.Module):
    """A linear network that takes at most `most` images at a time; `sizes`: of the batches that it was given."""

    def __init__(self, most, norm=False, error=torch.OutOfMemoryError):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.BatchNorm1d(5) if norm else nn.Identity(), nn.Linear(5, 3)).double()
        self.most, self.error, self.sizes = most, error, []

    def forward(self, x):
        self.sizes.append(len(x))
        if len(x) > self.most:
            raise self.error("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        return self.layers(x)


@pytest.fixture
def batches():
    random = torch.Generator().manual_seed(1)
    return [
        (torch.randn(25, 5, generator=random, dtype=torch.float64), torch.randint(3, (25,), generator=random))
        for _ in range(2)
    ]


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, RuntimeError, MemoryError])
def test_batches_halve_when_memory_ends_and_the_mean_stays(batches, error):
    network = Small(4, error=error)
    loss = MeanLoss(CROSS, batches, "stored")
    plain = np.mean([CROSS(network.layers(x), y).item() for x, y in batches])
    assert loss(network) == pytest.approx(plain, rel=1e-13)
    assert loss.most == 4  # 25, 13, 7, 4
    network.sizes.clear()
    assert loss(network) == pytest.approx(plain, rel=1e-13)
    assert network.sizes == [4, 4, 4, 4, 4, 4, 1] * 2  # from then on no batch is tried that cannot fit


def test_without_need_no_batch_is_divided(batches):
    network = Small(25)
    MeanLoss(CROSS, batches, "stored")(network)
    assert network.sizes == [25, 25]


def test_batch_norm_allows_parts_with_stored_statistics_only(batches):
    network = Small(10, norm=True)
    network.layers[0].running_mean.fill_(0.3)
    plain = np.mean([CROSS(network.layers.eval()(x), y).item() for x, y in batches])
    assert MeanLoss(CROSS, batches, "stored")(network) == pytest.approx(plain, rel=1e-13)
    with pytest.raises(ValueError, match="out of memory: batch_size = 25 must be smaller, or batch_norm stored"):
        MeanLoss(CROSS, batches, "batch")(network)


def test_an_image_that_does_not_fit_is_an_error(batches):
    with pytest.raises(ValueError, match="out of memory: one image does not fit"):
        MeanLoss(CROSS, batches, "stored")(Small(0))


def test_other_errors_are_not_taken_for_the_end_of_memory(batches):
    class Wrong(nn.Module):
        def forward(self, x):
            raise RuntimeError("shapes cannot be multiplied")

    assert not memory_ended(RuntimeError("shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="shapes"):
        MeanLoss(CROSS, batches, "stored")(Wrong())
