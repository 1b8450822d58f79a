"""Growth of tangent vectors and twins, against exponents that are known and against plain differences of walks."""

import numpy as np
import pytest
import torch
from sgdwalk.landscapes import tangent_growth
from sgdwalk.landscapes.curvature import MeanHessian
from sgdwalk.landscapes.tangent_growth import State, Update
from torch import nn
from torch.nn import functional

torch.set_num_threads(1)
RATE = 0.1


def growth(operator, start, steps, *rest):
    """Growth in these steps from random directions, without others in which they turn."""
    return tangent_growth.growth(operator, start, list, steps, *rest)


class Weights(nn.Module):
    """A network that is its weights."""

    def __init__(self, size):
        super().__init__()
        self.w = nn.Parameter(torch.ones(size, dtype=torch.float64))


def quadratic(size):
    """The loss w'Aw/2 + b.w of a minibatch (A, b)."""
    return MeanHessian(Weights(size), [], lambda model, batch: model.w @ batch[0] @ model.w / 2 + batch[1] @ model.w)


def exponent(curvatures, update):
    """(exponent, deviation) of the chains of the modes: log of the largest modulus of an eigenvalue, and by how much a
    logarithm of a length may deviate from growing so, that of the condition number of the eigenvectors.

    The chain of a mode is in (w, eta v), with a = h + lambda.
    """
    found, beta = [], update.momentum
    for curvature in curvatures:
        pull = RATE * (curvature + update.weight_decay)
        first = [1 - pull * (1 + beta), -(beta**2)] if update.nesterov else [1 - pull, -beta]
        value, vector = np.linalg.eig([first, [pull, beta]])
        found.append((np.log(np.abs(value).max()), np.log(np.linalg.cond(vector))))
    return max(found)


@pytest.mark.slow
@pytest.mark.parametrize("update", [
    Update(), Update(weight_decay=0.3), Update(0.9, scale=RATE), Update(0.9, 0.05, scale=RATE), Update(0.9, 0.05, True, RATE),
])  # fmt: skip
@pytest.mark.parametrize("curvatures", [(3.0, 1.0, 0.5), (3.0, 1.0, -0.2), (45.0, 1.0, 0.1)])
def test_the_exponent_of_the_linear_chain_is_that_of_its_slowest_mode(update, curvatures):
    """Negative curvature, a stiff mode beyond the edge of stability, and a stable spectrum."""
    steps = 250
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))[0]
    nothing = torch.zeros(3, dtype=torch.float64)
    batch = turn @ torch.diag(torch.tensor(curvatures, dtype=torch.float64)) @ turn.T, nothing
    found = growth(quadratic(3), State(nothing, nothing), lambda: [(batch, RATE)] * steps, update, [1e-3], 0)
    truth, deviation = exponent(curvatures, update)
    for series in (found.tangent, found.twins[0]):
        assert series[steps // 2 :].mean() == pytest.approx(truth, abs=1e-3 + deviation / (steps // 2))


@pytest.mark.slow
def test_minibatches_of_a_diagonal_hessian_give_the_mean_logarithm():
    """With independent factors 1 - eta h_t of each weight the exponent is the largest mean of log|1 - eta h_t|."""
    rng, steps, nothing = np.random.default_rng(0), 1200, torch.zeros(2, dtype=torch.float64)
    drawn = rng.normal([1.0, 2.0], [12.0, 1.0], (steps, 2))
    batches = [((torch.diag(torch.tensor(h)), nothing), RATE) for h in drawn]
    found = growth(quadratic(2), State(nothing, nothing), lambda: batches, Update(), [], 0)
    each = np.log(np.abs(1 - RATE * drawn))
    assert each.mean(0)[0] > each.mean(0)[1]
    assert found.tangent[200:].mean() == pytest.approx(each[200:, 0].mean(), abs=2e-3)


# Directions among many


def turned(curvatures, passes, turning=60, measured=40):
    """Growth over a chain with these curvatures, after the vectors turned in as many passes."""
    size, nothing = len(curvatures), torch.zeros(len(curvatures), dtype=torch.float64)
    batch = torch.diag(torch.as_tensor(curvatures, dtype=torch.float64)), nothing
    start = State(nothing, nothing)
    turning, measured = (lambda count=count: [(batch, RATE)] * count for count in (turning, measured))
    return tangent_growth.growth(quadratic(size), start, turning, measured, Update(), [1e-3], 0, passes)


def test_a_direction_among_many_is_found_in_several_passes():
    """One curvature of 400 is negative; a random direction needs ln(20) / 0.02 = 150 steps to turn to it."""
    curvatures, truth = [-0.2, *np.linspace(0, 3, 399)], np.log(1 + RATE * 0.2)
    once, often = turned(curvatures, 1), turned(curvatures, 8)
    assert once.tangent[0] < 0.5 * truth
    assert once.alignment < 0.9
    np.testing.assert_allclose(often.tangent, truth, rtol=1e-2)
    np.testing.assert_allclose(often.twins[0], truth, rtol=1e-2)
    assert often.alignment > 0.99


@pytest.mark.slow
def test_vectors_that_hardly_turn_are_not_aligned():
    """One growing direction among 2,000 without curvature: each vector keeps its own direction, for a long time."""
    found = turned([-0.05, *np.zeros(2000)], 2)
    assert found.alignment < 0.2
    assert found.tangent.mean() < 0.1 * np.log(1 + RATE * 0.05)


def test_growth_is_not_that_of_a_direction_chosen_with_hindsight():
    """Independent curvatures of every step and weight: a direction that grew in some steps does not in others."""
    rng, size, count, mean = np.random.default_rng(2), 1000, 120, 1.0
    drawn = torch.tensor(rng.normal(mean, 10.0, (2 * count, size)))
    operator = MeanHessian(Weights(size), [], lambda model, h: (h * model.w.square()).sum() / 2)
    nothing = torch.zeros(size, dtype=torch.float64)
    first, second = ([(h, RATE) for h in part] for part in drawn.split(count))
    found = tangent_growth.growth(operator, State(nothing, nothing), lambda: first, lambda: second, Update(), [], 0, 4)
    grown = np.log(np.abs(1 - RATE * drawn.numpy()))
    assert found.alignment > 0.9  # both vectors found the weight that grew most
    chosen, truth, error = grown[:count].mean(0).max(), grown.mean(), grown.std() / np.sqrt(count)
    assert chosen > truth + 2.5 * error
    assert found.tangent.mean() == pytest.approx(truth, abs=2 * error)


@pytest.mark.parametrize("passes", [1, 3])
def test_each_pass_sees_the_same_random_numbers(passes):
    model = network(nn.Softplus())
    start, batches = nn.utils.parameters_to_vector(model.parameters()).detach().clone(), drawn(4)
    torch.manual_seed(7)
    state, update = State(start, torch.zeros_like(start)), Update(0.8, 0.01)
    found = tangent_growth.growth(operator_of(model), state, lambda: batches, list, update, [], 0, passes)
    torch.testing.assert_close(found.end.w, plain_walk(model, start, batches, torch.zeros_like(start)))


def test_twins_of_a_linear_chain_do_not_depend_on_their_distance_or_on_the_noise():
    rng, size = np.random.default_rng(1), 4
    shared = torch.diag(torch.tensor([2.0, 1.0, 0.3, -0.1], dtype=torch.float64))
    batches = [((shared, torch.tensor(rng.normal(size=size))), RATE) for _ in range(200)]
    start = State(torch.ones(size, dtype=torch.float64), torch.zeros(size, dtype=torch.float64))
    found = growth(quadratic(size), start, lambda: batches, Update(0.5, scale=RATE), [1e-3, 1.0, 100.0], 0)
    np.testing.assert_allclose(found.twins, np.broadcast_to(found.tangent, (3, 200)), atol=1e-9)


# A network


def network(activation):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 8), activation, nn.Dropout(0.3), nn.Linear(8, 3)).double()


def drawn(steps):
    random = torch.Generator().manual_seed(3)
    inputs = torch.randn(steps, 6, 5, generator=random, dtype=torch.float64)
    return [((x, torch.randint(3, (6,), generator=random)), 0.5) for x in inputs]


def operator_of(model):
    return MeanHessian(model, [], lambda network, batch: functional.cross_entropy(network(batch[0]), batch[1]))


def plain_walk(model, start, batches, moved):
    """Weights after a walk with torch's own optimiser from start + moved, with the same dropout at every step."""
    optimiser = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.8, weight_decay=0.01)
    nn.utils.vector_to_parameters(start + moved, model.parameters())
    torch.manual_seed(7)
    for (inputs, labels), _ in batches:
        optimiser.zero_grad()
        functional.cross_entropy(model(inputs), labels).backward()
        optimiser.step()
    return nn.utils.parameters_to_vector(model.parameters()).detach().clone()


def test_a_tangent_vector_is_the_limit_of_twins_and_the_walk_that_of_torch():
    steps, model, size = 25, network(nn.Softplus()), 1e-7
    start, batches = nn.utils.parameters_to_vector(model.parameters()).detach().clone(), drawn(25)
    random = torch.randn(len(start), generator=torch.Generator().manual_seed(0)).double()
    direction = random / random.norm()
    ends = [plain_walk(model, start, batches, sign * size * direction) for sign in (-1, 0, 1)]
    torch.manual_seed(7)
    update = Update(0.8, 0.01, scale=0.0)
    found = growth(operator_of(model), State(start, torch.zeros_like(start)), lambda: batches, update, [1e-6, 0.3], 0)
    torch.testing.assert_close(found.end.w, ends[1])
    truth = float((ends[2] - ends[0]).norm()) / (2 * size)
    assert len(found.tangent) == steps
    assert np.exp(found.tangent.sum()) == pytest.approx(truth, rel=1e-4)
    np.testing.assert_allclose(found.twins[0], found.tangent, atol=1e-4)
    assert np.abs(found.twins[1] - found.tangent).max() > 1e-3


def test_a_tangent_vector_does_not_see_the_kinks_of_relu_and_twins_do():
    """The loss |w|: curvature 0 but at the kink, which twins on both sides of it cross in every step."""
    operator = MeanHessian(Weights(1), [], lambda model, _: model.w.abs().sum())
    start = State(torch.full((1,), -0.01, dtype=torch.float64), torch.zeros(1, dtype=torch.float64))
    found = growth(operator, start, lambda: [(None, 0.5)] * 10, Update(), [0.2], 0)
    np.testing.assert_allclose(found.tangent, 0, atol=1e-12)
    assert np.abs(found.twins).max() > 1


def test_a_checkpoint_gives_weights_and_momentum_of_the_trained_parameters():
    model = network(nn.ReLU())
    model[0].bias.requires_grad_(False)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.ones(2, 5, dtype=torch.float64)).sum().backward()
    optimiser.step()
    kept = {"model": model.state_dict(), "optimiser": optimiser.state_dict()}
    state = tangent_growth.state_of(operator_of(network(nn.ReLU()).requires_grad_()), kept)
    assert len(state.w) == len(state.v)
    again = network(nn.ReLU())
    again[0].bias.requires_grad_(False)
    state = tangent_growth.state_of(operator_of(again), kept)
    trained = [p for p in model.parameters() if p.requires_grad]
    torch.testing.assert_close(state.w, nn.utils.parameters_to_vector(trained))
    torch.testing.assert_close(state.v, torch.cat([p.grad.reshape(-1) for p in trained]))
