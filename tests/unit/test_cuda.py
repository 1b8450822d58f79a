"""What only a GPU can show: graphs, waiting, memory, and bits that come out the same twice."""

import copy
import functools
import gc
import os
from contextlib import contextmanager

import numpy as np
import pytest
import test_trainer
import torch
from runs import settings
from sgdwalk.analyses import hessian, landscape, path_planes
from sgdwalk.landscapes import curvature, trained_networks
from sgdwalk.recorder import squared_distances as module
from sgdwalk.recorder.squared_distances import squared_distances
from sgdwalk.recorder.window_recorder import Recorder
from sgdwalk.storage import provenance
from sgdwalk.study import factories, registry
from sgdwalk.training import problem
from sgdwalk.training.cuda_graphs import Replayed
from sgdwalk.training.parents import Parent
from sgdwalk.training.trainer import Run
from test_trainer import RESNET, SETTINGS, assert_equal, images, results
from torch import nn

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # torch asks for it once, at cuBLAS's first product
RECORD = SETTINGS["record"] | {"layers": True, "sketch": 8, "anchors": [2]}
OPTIMISERS = [{}, {"momentum": 0.9, "nesterov": True, "weight_decay": 1e-3}, {"optimiser": "adam", "lr": 1e-3}]


def dropping(*shape):
    """A network with batch norm and dropout."""
    return nn.Sequential(RESNET(*shape), nn.Dropout(0.3))


def made(work, build=dropping, *, size=8, parent=None, **given):
    """A run on the GPU, five steps an epoch, the last of two images."""
    return Run(SETTINGS | {"device": "cuda", "record": RECORD} | given, build, images(size), work, "c", parent=parent)


def trained(*arguments, **given):
    one = made(*arguments, **given)
    one.train()
    return one


@pytest.fixture(autouse=True)
def _as_before():
    yield
    torch.use_deterministic_algorithms(False)
    gc.collect()  # graphs and windows of this test


@contextmanager
def no_waiting():
    """Whatever makes the host wait for the GPU is an error."""
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_capturing_a_graph_moves_nothing():
    model = dropping(3, 8, 4).cuda()
    before, random = {name: value.clone() for name, value in model.state_dict().items()}, torch.cuda.get_rng_state()
    Replayed(model, nn.functional.cross_entropy, torch.randn(12, 3, 8, 8).cuda(), torch.arange(12).cuda() % 4)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(random, torch.cuda.get_rng_state())


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_run_through_a_graph_is_the_run_without(tmp_path, optimiser):
    options = {"dtype": "float64", "steps": 50, "schedule": "cosine", **optimiser}
    graph, plain = (trained(tmp_path / str(kind), cuda_graphs=kind, **options) for kind in (True, False))
    assert graph.graph is not None
    assert plain.graph is None
    for mine, theirs in zip(graph.model.state_dict().values(), plain.model.state_dict().values(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-10, atol=1e-10)
    for name, series in graph.datasets()["training"].items():
        np.testing.assert_allclose(series, plain.datasets()["training"][name], rtol=1e-10, err_msg=name)


def test_a_run_is_that_of_a_cpu_and_its_checkpoints_are_read_on_one(tmp_path):
    options = {"build": RESNET, "dtype": "float64", "steps": 50}
    ours, cpu = (trained(tmp_path / device, device=device, **options) for device in ("cuda", "cpu"))
    for name in ("training", "sketch"):
        for key, values in cpu.datasets()[name].items():
            np.testing.assert_allclose(ours.datasets()[name][key], values, rtol=1e-6, atol=1e-10, err_msg=key)
    mine, theirs = (trained_networks.snapshots(one.checkpoints.folder)[-1]["model"] for one in (ours, cpu))
    for name, value in mine.items():
        torch.testing.assert_close(value, theirs[name], rtol=1e-6, atol=1e-10)
    assert torch.cuda.get_device_name() in provenance.hardware()


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_no_step_waits_but_at_the_end_of_a_window_or_an_epoch(tmp_path, optimiser):
    one = made(tmp_path, **optimiser)
    for inputs, labels in one.batches.epoch(0):  # the graph, cuDNN's choices, the window's samples
        one._step(inputs, labels)
    one._end_epoch()
    batches = one.batches.epoch(1)
    first = next(batches)
    with no_waiting():
        one._step(*first)
        for inputs, labels in batches:
            one._step(inputs, labels)
        for loss in (None, 0.5, torch.tensor(0.5)):
            one.recorder.noise.rows = 0
            one.recorder.record(loss)
    with pytest.raises(RuntimeError, match="synchroniz"), no_waiting():
        one.recorder.loss[0].item()


def child(work, **options):
    """A run on the GPU that starts from a network and is projected on three directions."""
    model = dropping(3, 8, 4)
    vectors = np.random.default_rng(0).standard_normal((3, sum(p.numel() for p in model.parameters())))
    return made(work, parent=Parent({"model": model.state_dict()}, vectors, ("a", "b")), **options)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_no_step_of_a_child_waits_and_its_projections_are_those_of_a_cpu(tmp_path, momentum):
    torch.manual_seed(0)
    gpu = child(tmp_path, steps=25, momentum=momentum)
    for inputs, labels in gpu.batches.epoch(0):  # the graph, cuDNN's choices, the window's samples
        gpu._step(inputs, labels)
    with no_waiting():
        for inputs, labels in list(gpu.batches.epoch(1))[:4]:
            gpu._step(inputs, labels)
    q = torch.randn(3, gpu.recorder.size, dtype=torch.float64).numpy()
    model = dropping(3, 8, 4).double().eval()
    ours, cpu = (projected(copy.deepcopy(model).to(place), q, momentum) for place in ("cuda", "cpu"))
    for name, values in cpu.items():
        np.testing.assert_allclose(ours[name], values, rtol=1e-9, atol=1e-10, err_msg=name)


def projected(model, q, momentum):
    """directions.nc of a loop over random images that are the same on every device."""
    optimiser = torch.optim.SGD(model.parameters(), 0.05, momentum=momentum)
    recorder = Recorder(model, 20, directions=q, optimiser=optimiser)
    place = next(model.parameters()).device
    for step in range(30):
        inputs = torch.randn(6, 3, 8, 8, generator=torch.Generator().manual_seed(step), dtype=torch.float64)
        loss = nn.functional.cross_entropy(model(inputs.to(place)), torch.arange(6, device=place) % 4)
        optimiser.zero_grad()
        loss.backward()
        recorder.record(loss)
        optimiser.step()
    recorder.close()
    return recorder.datasets()["directions"]


@pytest.mark.parametrize("name", ["resnet14", "vit", "alexnet", "lenet", "vgg9", "densenet121"])
@pytest.mark.parametrize("loss", ["cross-entropy", "mse"])
def test_deterministic_runs_are_bitwise_the_same(tmp_path, name, loss):
    spec = registry.resolve("model", name, registry.MODELS)
    build = functools.partial(factories.factory(spec), **spec["arguments"])
    options = {"size": 32, "steps": 30, "loss": loss, "init": "pytorch", "deterministic": True}
    a, b = (trained(tmp_path / folder, build, **options) for folder in "ab")
    assert_equal(results(a), results(b))
    assert a.datasets()["sketch"].identical(b.datasets()["sketch"])
    assert np.isfinite(a.datasets()["training"].noise_norm).all()


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_run_that_was_cut_off_goes_on_to_bitwise_the_same_end(tmp_path, monkeypatch, optimiser):
    options = {"build": dropping, "device": "cuda", "deterministic": True, "record": RECORD, **optimiser}
    tried = test_trainer.test_a_run_that_was_cut_off_goes_on_to_bitwise_the_same_end
    tried(tmp_path, monkeypatch, None, 43, options)


def peak(recorded, *, more=False, steps=1100, window=1000):
    """Most memory in bytes that a loop over 100,000 parameters in 20 layers takes on the GPU."""
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    model = nn.Sequential(*(nn.Linear(100, 50, bias=False) for _ in range(20))).cuda()
    options = {"layers": more, "noise": more, "epoch_steps": 50, "sketch": 64}
    recorder = Recorder(model, window, **options) if recorded else None
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    for step in range(steps):
        torch._foreach_add_([p.data for p in model.parameters()], 1e-3)
        if recorder:
            recorder.record(torch.zeros((), device="cuda"))
            if step % 50 == 49:
                recorder.end_epoch()
    if recorder:
        recorder.close()
    return torch.cuda.max_memory_allocated() - before


@pytest.mark.parametrize("more", [False, True])
def test_memory_is_that_of_a_window_and_200_megabytes(more):
    window, epoch = 1000 * 100_000 * 4, 50 * 100_000 * 4 * more
    extra = peak(True, more=more) - peak(False)
    assert 0.9 * window < extra < window + epoch + 200e6


def test_curvature_and_loss_surface_are_those_of_a_cpu(tmp_path):
    torch.manual_seed(0)
    specs = {
        kind: registry.resolve(kind, name, known)
        for kind, name, known in (("model", "resnet14", registry.MODELS), ("dataset", "digits", registry.DATASETS))
    }
    run = settings(dtype="float64") | {f"{kind}_spec": spec for kind, spec in specs.items()}
    model = problem.build(run, problem.load_images(run))
    weights = [p.data for p in model.parameters()]
    for step in (0, 1, 2):
        torch.save({"step": step, "epoch": step, "model": model.state_dict()}, tmp_path / f"step-{step:09d}.pt")
        torch._foreach_mul_(weights[step::2], 1.1)
    few = {"images": 40, "batch_size": 20}
    on_request = {"density_probes": 2, "density_products": 8, "sharpness_batches": 2}
    for analysis, options in (
        (hessian, {"eigenvalues": 3, "smallest": 2, "tolerance": 1e-6, **few, **on_request}),
        (landscape, {"points": 11, "zoom_points": 9, "test_images": 20, **few}),
        (path_planes, {"points": 5, "line_points": 5, "test_images": 20, **few}),
    ):
        cpu, gpu = (analysis.compute(str(tmp_path), run=run | {"device": d}, **options) for d in ("cpu", "cuda"))
        for name, values in cpu.items():
            if name not in ("residual", "smallest_residual", "status"):
                np.testing.assert_allclose(gpu[name], values, rtol=1e-5, atol=1e-9, err_msg=name)


def test_distances_are_those_of_a_cpu(monkeypatch):
    weights = torch.randn(60, 5000, generator=torch.Generator().manual_seed(0)).cumsum(0)
    monkeypatch.setattr(module, "ELSEWHERE", 8 * 60 * 700)
    monkeypatch.setattr(module, "ROWS", 25)
    torch.testing.assert_close(squared_distances(weights.cuda()).cpu(), squared_distances(weights), rtol=1e-12, atol=0)


@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_layers_have_the_second_derivatives_of_a_cpu(layer):
    """CuDNN has none of them."""

    class Rows(nn.Module):
        def __init__(self):
            super().__init__()
            self.inward, self.head = layer(4, 5, batch_first=True), nn.Linear(5, 3)

        def forward(self, x):
            return self.head(self.inward(x[:, 0])[0][:, -1])

    torch.manual_seed(0)
    model, inputs, labels = Rows().double(), torch.randn(6, 1, 4, 4).double(), torch.arange(6) % 3
    loss, products = nn.functional.cross_entropy, []
    for device in ("cpu", "cuda"):
        batch = (inputs.to(device), labels.to(device))
        operator = curvature.hessian(model.to(device), model.state_dict(), [batch], loss, "batch")
        ones = torch.ones(operator.size, dtype=torch.float64, device=device)
        products.append(operator.matvec(ones).detach().cpu())
    torch.testing.assert_close(products[1], products[0], rtol=1e-9, atol=1e-12)
