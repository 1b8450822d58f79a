"""Derivatives of batch norm, against differences and against torch's own."""

import pytest
import torch
from sgdwalk.landscapes import curvature
from sgdwalk.landscapes.batch_norm import batch_norm
from torch import nn
from torch.autograd import gradcheck, gradgradcheck
from torch.nn import functional

EPS = 1e-2


def values(*shape):
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("shape", [(6, 3), (5, 2, 3), (4, 3, 2, 2)])
def test_first_and_second_derivatives_against_differences(shape):
    torch.manual_seed(0)
    given = values(*shape), values(shape[1]), values(shape[1])
    assert gradcheck(lambda *arguments: batch_norm(*arguments, EPS), given)
    assert gradgradcheck(lambda *arguments: batch_norm(*arguments, EPS), given)


def test_values_are_those_of_torch():
    torch.manual_seed(1)
    x, weight = values(7, 3, 2), values(3)
    expected = functional.batch_norm(x, None, None, weight, training=True, eps=EPS)
    torch.testing.assert_close(batch_norm(x, weight, None, EPS), expected)


@pytest.mark.parametrize("batch_norm", ["batch", "stored"])
def test_a_product_with_the_hessian_is_that_of_torchs_batch_norm(batch_norm):
    """In float64; a layer without weight and bias, and one whose weights are zero, as some begin."""
    torch.manual_seed(2)
    layers = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.BatchNorm1d(12, affine=False)
    model = nn.Sequential(*layers, nn.Linear(12, 4), nn.BatchNorm1d(4)).double()
    nn.init.zeros_(model[1].weight.data[:1])
    before = {key: buffer.clone() for key, buffer in model.named_buffers()}
    batch = torch.randn(9, 1, 4, 4, dtype=torch.float64), torch.arange(9) % 4
    operator = curvature.hessian(model, model.state_dict(), [batch], functional.cross_entropy, batch_norm)
    v = torch.randn(operator.size, dtype=torch.float64)
    parameters = list(model.parameters())
    slope = torch.autograd.grad(functional.cross_entropy(model(batch[0]), batch[1]), parameters, create_graph=True)
    along = sum((part * piece.view_as(part)).sum() for part, piece in zip(slope, v.split(operator.sizes), strict=True))
    expected = torch.cat([part.reshape(-1) for part in torch.autograd.grad(along, parameters)])
    torch.testing.assert_close(operator.matvec(v), expected)
    for key, buffer in model.named_buffers():
        if "running" in key:
            torch.testing.assert_close(buffer, before[key])
