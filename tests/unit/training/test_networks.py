"""Networks of one's own: what is kept of them, what they are refused for, and that they train and resume as promised."""

import functools

import numpy as np
import own_networks
import pytest
import torch
from own_networks import Attention, WithTable, plain, skipping_numpy, skipping_python
from runs import settings
from sgdwalk.analyses import extract, hessian
from sgdwalk.landscapes import curvature, trained_networks
from sgdwalk.storage import contracts
from sgdwalk.study import factories
from sgdwalk.training import networks, problem, random_states
from sgdwalk.training.losses import objective
from sgdwalk.training.trainer import Run
from test_choices import images
from torch import nn

DIGITS = {"factory": "sgdwalk.data.digits:load", "arguments": {}}
SHAPE = (1, 4, 5)


def given(name, **more):
    spec = {"factory": f"own_networks:{name}", "arguments": {}}
    options = {"steps": 60, "window": 20, "snapshots": 2, "init": "pytorch", "seed": 2, "record": {"samples": 50}}
    return settings(model=spec["factory"], model_spec=spec, dataset_spec=DIGITS, **options | more)


def trained(folder, name, data=None, **more):
    run = given(name, **more)
    done = Run(run, getattr(own_networks, name), data or problem.load_images(run), folder, "code")
    done.train()
    return run, done


def test_a_buffer_that_is_not_persistent_is_kept_with_the_weights(tmp_path):
    run, done = trained(tmp_path, "WithTable")
    torch.rand(7)  # an analysis draws from other states
    model = problem.build(run, done.images)
    for state in (shot["model"] for shot in trained_networks.snapshots(done.checkpoints.folder)):
        torch.testing.assert_close(state["table"], done.model.table, rtol=0, atol=0)
        model.load_state_dict(state)
    inputs = torch.ones(2, 1, 8, 8)
    assert torch.equal(model(inputs), done.model(inputs))
    found = extract.compute(str(done.checkpoints.folder), run=run)
    contracts.check(found, extract.CONTRACT)
    assert set(found.buffer_name.values) == {"table"}
    np.testing.assert_array_equal(found.buffer[1], done.model.table)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_complex_buffer_keeps_its_imaginary_part(dtype, tmp_path):
    run, done = trained(tmp_path, "with_complex_table", dtype=dtype)
    random_states.seed(2)
    drawn = torch.randn(64, dtype=torch.cfloat)
    assert done.model.table.dtype == getattr(torch, dtype).to_complex()
    assert torch.equal(done.model.table, drawn.to(done.model.table.dtype))
    found = extract.compute(str(done.checkpoints.folder), run=run)
    parts = [found.buffer[0, found.buffer_name.values == f"table.{part}"].values for part in ("real", "imag")]
    np.testing.assert_array_equal(parts[0] + 1j * parts[1], drawn.numpy())


@pytest.mark.parametrize("name", ["compiled", "on_all_devices"])
def test_a_network_in_a_wrapper_has_the_names_and_the_walk_and_the_hessian_of_the_network_alone(name, tmp_path):
    factories.factory({"factory": "own_networks:plain"})
    (run, done), (_, other) = (trained(tmp_path / key, key) for key in (name, "plain"))
    assert list(done.model.state_dict()) == ["1.weight", "1.bias", "3.weight", "3.bias"]
    assert done.datasets()["distances"].equals(other.datasets()["distances"])
    options = {"eigenvalues": 1, "images": 20, "trace_products": 2}
    assert np.isfinite(hessian.compute(str(done.checkpoints.folder), run=run, **options).eigenvalue).all()


def test_recurrent_layers_do_without_cudnn_where_the_hessian_is_needed():
    """Its kernels have no second derivative; a CPU can only show that it is off, and on again afterwards."""
    before = torch.backends.cudnn.enabled
    for model, expected in ((nn.Sequential(nn.LSTM(2, 2)), False), (nn.Linear(2, 2), before)):
        with curvature.plain_recurrence(model):
            assert torch.backends.cudnn.enabled == expected
        assert torch.backends.cudnn.enabled == before


def weight_normed(channels, size, classes, norm=nn.utils.parametrizations.weight_norm):
    return nn.Sequential(nn.Flatten(), norm(nn.Linear(channels * size**2, 3)), nn.Tanh(), nn.Linear(3, classes))


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm`:FutureWarning")
@pytest.mark.parametrize(
    "build",
    [
        Attention,
        weight_normed,
        functools.partial(weight_normed, norm=nn.utils.weight_norm),
        functools.partial(weight_normed, norm=functools.partial(nn.utils.parametrizations.weight_norm, dim=1)),
        functools.partial(weight_normed, norm=nn.utils.parametrizations.spectral_norm),
    ],
)
def test_the_hessian_is_the_dense_one(build):
    """Of finite differences of the gradient: torch has wrong or no second derivatives of some of its kernels."""
    torch.manual_seed(0)
    model = build(1, 4, 3).double()
    inputs, labels = torch.randn(5, 1, 4, 4).double(), torch.tensor([0, 1, 2, 0, 1])
    loss = objective(settings())
    operator = curvature.hessian(model, model.state_dict(), [(inputs, labels)], loss, "batch")
    product = torch.stack([operator.matvec(unit) for unit in torch.eye(operator.size, dtype=torch.float64)[::9]])
    step = 1e-5

    def gradient(moved):
        nn.utils.vector_to_parameters(moved, model.parameters())
        parts = torch.autograd.grad(loss(model(inputs), labels), list(model.parameters()))
        return torch.cat([part.flatten() for part in parts])

    at = nn.utils.parameters_to_vector(model.parameters()).detach()
    for row, unit in zip(product, torch.eye(operator.size, dtype=torch.float64)[::9], strict=True):
        slow = (gradient(at + step * unit) - gradient(at - step * unit)) / (2 * step)
        torch.testing.assert_close(row.detach(), slow, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("build", [skipping_python, skipping_numpy])
def test_a_network_that_draws_from_python_or_numpy_is_reproducible_and_resumed(build, tmp_path, monkeypatch):
    _, whole = trained(tmp_path / "whole", build.__name__, images())
    assert not whole.recorder.datasets(60)["training"].gradient_norm.isnull().any()
    step = Run._step

    def stopped(self, *batch):
        if self.recorder.step == 37:
            raise KeyboardInterrupt
        step(self, *batch)

    monkeypatch.setattr(Run, "_step", stopped)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "cut", build.__name__, images())
    monkeypatch.setattr(Run, "_step", step)
    random_states.seed(99)
    _, resumed = trained(tmp_path / "cut", build.__name__, images())
    assert resumed.datasets()["training"].identical(whole.datasets()["training"])
    _, other = trained(tmp_path / "other", build.__name__, images(), seed=3)
    assert not other.datasets()["training"].equals(whole.datasets()["training"])


def lazy(channels, size, classes):
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(classes))


def frozen(*shape):
    return plain(*shape).requires_grad_(False)


def with_complex_weights(channels, size, classes):
    return nn.Linear(size, classes, dtype=torch.cfloat)


def expanded(channels, size, classes):
    model = plain(channels, size, classes)
    model.scale = nn.Parameter(torch.ones(1).expand(3))
    return model


class Remembering(nn.Linear):
    def get_extra_state(self):
        return object

    def set_extra_state(self, state):
        pass


def of_one_argument(classes):
    return nn.Linear(64, classes)


def failing(channels, size, classes):
    return nn.Linear(-1, classes)


NO_NETWORK = {
    "None": (lambda *shape: None, "must return an nn.Module, not NoneType"),
    "a function": (lambda *shape: plain, "must return an nn.Module, not function"),
    "a class": (lambda *shape: nn.Linear, "must return an nn.Module, not type"),
    "lazy layers": (lazy, "must call its lazy layers once before it returns: 1.weight has no shape yet"),
    "a script": (
        lambda *shape: torch.jit.script(plain(*shape)),
        "must return the nn.Module itself, not a ScriptModule",
    ),
    "a script inside": (lambda *shape: nn.Sequential(torch.jit.script(plain(*shape))), ".*not a ScriptModule"),
    "no parameters": (lambda *shape: nn.Flatten(), "must have trainable parameters"),
    "all frozen": (frozen, "must have trainable parameters"),
    "an expanded parameter": (expanded, "must have parameters with memory of their own: scale was expanded"),
    "a state of objects": (
        lambda channels, size, classes: Remembering(size, classes),
        "must have an extra state of tensors, numbers and text: _extra_state is of type type",
    ),
    "another factory": (of_one_argument, "fails for 1 channels, 4 pixels a side, 5 classes: of_one_argument.. takes 1"),
    "a factory that fails": (failing, "fails for 1 channels, 4 pixels a side, 5 classes: Trying to create tensor with"),
    "complex weights": (with_complex_weights, "must have real parameters: split weight into its real and imaginary"),
}


@pytest.mark.parametrize("case", NO_NETWORK)
def test_what_is_no_network_is_refused_in_one_line(case):
    build, message = NO_NETWORK[case]
    with pytest.raises(ValueError, match=f"^model = 'p:f': {message}") as caught:
        networks.build(build, images(), "p:f", 0)
    assert "\n" not in str(caught.value)


class Changed(nn.Module):
    """A network whose output, or the network itself, is changed by a function of both."""

    def __init__(self, *shape, change):
        super().__init__()
        self.inner, self.change = plain(*shape), change

    def forward(self, x):
        return self.change(self, self.inner(x))


NO_LOGITS = {
    "a tuple": (lambda net, out: (out, out), r"one tensor of shape \(2, 5\) and torch.float32, not a tuple"),
    "a dictionary": (lambda net, out: {"logits": out}, "not a dict"),
    "too few classes": (lambda net, out: out[:, :4], r"not of shape \(2, 4\)"),
    "an output per pixel": (lambda net, out: out[..., None], r"not of shape \(2, 5, 1\)"),
    "half precision": (lambda net, out: out.half(), "not torch.float16"),
    "no gradient": (lambda net, out: out.detach(), "not cut off from its parameters"),
    "casts itself": (lambda net, out: (net.half(), out)[1], "must keep torch.float32, the run's dtype, but changes"),
    "an error": (lambda net, out: out @ out, "fails on images of 1x4x4: mat1 and mat2 shapes cannot be multiplied"),
}


@pytest.mark.parametrize("case", NO_LOGITS)
def test_what_gives_no_logits_is_refused_before_the_first_step(case, tmp_path):
    change, message = NO_LOGITS[case]
    with pytest.raises(ValueError, match=f"^model = 'p:f': .*{message}") as caught:
        Run(given("x") | {"model": "p:f"}, functools.partial(Changed, change=change), images(), tmp_path, "code")
    assert "\n" not in str(caught.value)
    assert not any(tmp_path.iterdir())


class Acting(nn.Module):
    """A network that does something with itself and its input before it answers, and scales its answer by the result."""

    def __init__(self, *shape, act):
        super().__init__()
        self.inner, self.act = plain(*shape), act
        self.register_buffer("cache", None)
        self.register_buffer("last", torch.zeros(1, 4))
        self.random, self.calls = np.random.default_rng(0), 0

    def forward(self, x):
        return self.act(self, x) * self.inner(x)


def given_a_buffer(net, x):
    net.cache = torch.ones(1)
    return net.cache


def given_a_parameter(net, x):
    net.scale = nn.Parameter(torch.ones(1))
    return net.scale


def given_a_longer_buffer(net, x):
    net.last = x[:, 0, 0]
    return 1


def frozen_when_called(net, x):
    net.inner[1].requires_grad_(False)
    return 1


def counted(net, x):
    net.calls += 1
    return net.calls


MOVING = {
    "a buffer made when called": (given_a_buffer, "before it returns: cache changes when it is called$"),
    "a parameter made when called": (given_a_parameter, "before it returns: scale changes when it is called$"),
    "a buffer as long as the batch": (given_a_longer_buffer, "before it returns: last changes when it is called$"),
    "layers frozen when called": (frozen_when_called, "before it returns: inner.1.bias changes when it is called$"),
    "a generator of its own": (
        lambda net, x: net.random.random(),
        "must give equal outputs for equal inputs and random",
    ),
    "a count of its calls": (
        counted,
        "must give equal outputs for equal inputs and random states: draw from the global",
    ),
    "its input changed": (lambda net, x: x.mul_(2).mean(), "must not change its input in place$"),
}


@pytest.mark.parametrize("case", MOVING)
def test_what_could_not_be_resumed_or_evaluated_again_is_refused(case):
    act, message = MOVING[case]
    torch.manual_seed(0)
    with pytest.raises(ValueError, match=f"^model = 'n': .*{message}") as caught:
        networks.check_logits(Acting(*SHAPE, act=act), torch.randn(2, 1, 4, 4), 5, "n")
    assert "\n" not in str(caught.value)


def test_outputs_that_are_not_numbers_are_equal_to_themselves():
    logits = torch.tensor([[torch.nan, 1.0], [torch.inf, 2.0]])
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    model.register_forward_hook(lambda module, inputs, output: output * 0 + logits)
    networks.check_logits(model, torch.ones(2, 1, 4, 4), 2, "n")


def with_buffers(channels, size, classes):
    model = plain(channels, size, classes)
    model.register_buffer("mask", torch.ones(1).expand(3), persistent=False)
    model.register_buffer("graph", torch.eye(2).to_sparse())
    return model


def test_expanded_and_sparse_buffers_are_kept_and_extracted(tmp_path, monkeypatch):
    monkeypatch.setattr(own_networks, "with_buffers", with_buffers, raising=False)
    run, done = trained(tmp_path, "with_buffers", steps=20)
    assert done.model.mask.is_contiguous()
    found = extract.compute(str(done.checkpoints.folder), run=run)
    assert found.buffer[1].values.tolist() == [1, 1, 1, 1, 0, 0, 1]
    assert found.buffer_name.values.tolist() == ["mask"] * 3 + ["graph"] * 4


class Square(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x**2

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context, gradient):
        return 2 * context.saved_tensors[0] * gradient


SQUARED = {
    "as torch has it": (torch.square, None),
    "differentiable once": (
        Square.apply,
        "torch's are not symmetric, so that one of its functions has none or a wrong one$",
    ),
    "not implemented": (lambda x: torch.cdist(x, x[:3]), "the derivative for '_cdist_backward' is not implemented.$"),
}


@pytest.mark.parametrize("case", SQUARED)
def test_a_loss_without_the_right_second_derivative_is_refused(case):
    """torch leaves the part of a function that is differentiable once out of the product without an error."""

    class Squared(nn.Module):
        def forward(self, x):
            return function(x)

    function, message = SQUARED[case]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 6), Squared(), nn.Linear(3 if "not" in case else 6, 3))
    batch = (torch.randn(5, 1, 4, 4), torch.tensor([0, 1, 2, 0, 1]))
    operator = curvature.hessian(model, model.state_dict(), [batch], objective(settings()), "batch")
    if message is None:
        return curvature.check_second_derivative(operator, "n", 0)
    with pytest.raises(ValueError, match=f"^model = 'n': its loss must have second derivatives: {message}"):
        curvature.check_second_derivative(operator, "n", 0)


def test_more_outputs_than_classes_are_allowed(tmp_path):
    Run(given("x"), lambda channels, size, classes: plain(channels, size, classes + 2), images(), tmp_path, "code")


def test_the_check_of_the_logits_leaves_no_trace():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(16), nn.Dropout(), nn.Linear(16, 5))
    before, random = {k: v.clone() for k, v in model.state_dict().items()}, random_states.states("cpu")
    assert networks.check_logits(model, torch.randn(2, 1, 4, 4), 5, "n")
    assert random_states.same(random, random_states.states("cpu")) is False  # the inputs were drawn
    random = random_states.states("cpu")
    inputs = torch.zeros(2, 1, 4, 4)
    assert networks.check_logits(model, inputs, 5, "n")
    assert random_states.same(random, random_states.states("cpu"))
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert not networks.check_logits(plain(*SHAPE), inputs, 5, "n")


def test_a_loader_that_returns_no_images_is_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(own_networks, "load", lambda: (1, 2), raising=False)
    run = given("plain") | {"dataset_spec": {"factory": "own_networks:load", "arguments": {}}}
    with pytest.raises(
        ValueError, match=r"^dataset = 'own_networks:load': must return Images of sgdwalk.data.images, not tuple$"
    ):
        problem.load_images(run)


def test_the_table_of_a_network_is_that_of_its_seed():
    tables = [networks.build(WithTable, images(), "n", seed).table for seed in (1, 1, 2)]
    assert torch.equal(tables[0], tables[1])
    assert not torch.equal(tables[0], tables[2])
