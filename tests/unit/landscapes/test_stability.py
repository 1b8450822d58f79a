import numpy as np
import pytest
import torch
from runs import settings
from sgdwalk.landscapes.curvature import hessian
from sgdwalk.landscapes.stability import batch_sharpness, threshold
from sgdwalk.limiting.minibatch_noise import Deviations
from torch import nn


def regression(weights, batches):
    """Operator of a linear model without bias under the loss |output - label|^2 / 2, mean over images."""
    model = nn.Linear(len(weights), 1, bias=False).double()
    state = {"weight": torch.tensor([weights], dtype=torch.float64)}
    return hessian(model, state, batches, lambda outputs, labels: ((outputs[:, 0] - labels) ** 2).mean() / 2, "batch")


def drawn(number, images=6, weights=3, seed=0):
    random = torch.Generator().manual_seed(seed)
    shape = {"generator": random, "dtype": torch.float64}
    return [(torch.randn(images, weights, **shape), torch.randn(images, **shape)) for _ in range(number)]


def test_sharpness_and_noise_are_those_of_each_batch():
    batches, weights = drawn(5), [1.0, -2.0, 0.5]
    sharpness, squares = batch_sharpness(regression(weights, batches[:1]), batches)
    gradients = []
    for k, (inputs, labels) in enumerate(batches):
        x, y = inputs.numpy(), labels.numpy()
        gradients.append(x.T @ (x @ weights - y) / len(y))
        g = gradients[-1]
        assert sharpness[k] == pytest.approx(g @ (x.T @ x / len(y)) @ g / (g @ g))
    assert squares.mean() == pytest.approx(np.trace(np.cov(np.transpose(gradients))))


def test_equal_batches_have_no_noise():
    batches = 3 * drawn(1)
    sharpness, squares = batch_sharpness(regression([1.0, 2.0, 3.0], batches), batches)
    np.testing.assert_allclose(sharpness, sharpness[0])
    np.testing.assert_allclose(squares, 0, atol=1e-25)


def test_a_gradient_along_an_eigenvector_has_its_eigenvalue():
    inputs = torch.diag(torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64))  # H = diag(1, 4, 9) / 3
    batch = inputs, torch.zeros(3, dtype=torch.float64)
    for k in range(3):
        sharpness, _ = batch_sharpness(regression(np.eye(3)[k].tolist(), [batch]), [batch])
        assert sharpness[0] == pytest.approx((k + 1) ** 2 / 3)


def test_without_batches_there_is_neither():
    assert [len(found) for found in batch_sharpness(regression([1.0], drawn(1, weights=1)), [])] == [0, 0]


def test_deviations_are_as_good_as_those_from_the_common_mean():
    gradients = torch.randn(7, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = Deviations()
    for gradient in gradients:
        found.add(gradient)
    squares = ((gradients - gradients.mean(0)) ** 2).sum()
    assert float(sum(found.squares)) == pytest.approx(float(squares))
    torch.testing.assert_close(found.mean, gradients.mean(0))


@pytest.mark.parametrize(
    "given",
    [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"momentum": 0.5, "weight_decay": 0.1}],
)
@pytest.mark.parametrize(("factor", "grows"), [(0.98, False), (1.02, True)])
def test_steps_grow_above_the_threshold_and_not_below(given, factor, grows):
    run = settings(lr=0.3, steps=10, **given)
    curvature = factor * threshold(run, 5, 100)
    weight = nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimiser = torch.optim.SGD(
        [weight], 0.3, momentum=run["momentum"], nesterov=run["nesterov"], weight_decay=run["weight_decay"]
    )
    for _ in range(2000):
        weight.grad = curvature * weight.detach()
        optimiser.step()
    assert (abs(weight.item()) > 1) == grows


def test_the_threshold_is_at_the_learning_rate_of_the_last_step():
    run = settings(lr=0.1, steps=300, batch_size=10, schedule="step", schedule_epochs=2, schedule_factor=0.5)
    assert [threshold(run, step, 100) for step in (0, 20, 21)] == pytest.approx([20, 20, 40])
    assert np.isnan(threshold(settings(optimiser="adam"), 5, 100))
