"""The recorder in loops that are not ours."""

import os
import runpy
import subprocess
import sys
import tomllib

import numpy as np
import pytest
import torch
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from runs import settings
from scipy.spatial.distance import pdist
from sgdwalk.data.digits import load
from sgdwalk.models.mlp import mlp
from sgdwalk.recorder.window_recorder import Recorder
from sgdwalk.storage import netcdf
from sgdwalk.study.registry import DATASETS, MODELS
from sgdwalk.training import job
from sgdwalk.training.batches import Batches
from sgdwalk.training.trainer import network
from test_trainer import ROOT
from torch import nn

FILES = ("training", "distances", "layers", "sketch", "gradients", "directions")


@pytest.mark.slow
def test_the_example_writes_the_files_of_a_run(tmp_path, monkeypatch):
    script = ROOT / "examples" / "own_loop.py"
    assert len(script.read_text().splitlines()) < 40
    monkeypatch.setattr(sys, "argv", [str(script), str(tmp_path)])
    runpy.run_path(str(script))
    data = {name: netcdf.read(tmp_path / f"{name}.nc") for name in FILES}
    assert data["distances"].sizes["window"] == 4  # three whole ones of 171 steps, and the rest
    assert np.isfinite(data["training"].loss).all()
    assert data["training"].train_error[-1] < data["training"].train_error[0]


@pytest.mark.slow
def test_the_example_without_a_folder_says_how_it_is_called():
    script = ROOT / "examples" / "own_loop.py"
    path = {"PYTHONPATH": str(ROOT / "workflow" / "src")}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=os.environ | path)
    assert done.returncode == 1
    assert done.stderr == "usage: python examples/own_loop.py FOLDER\n"


def test_what_make_installs_holds_the_package_at_versions_that_it_allows():
    lines = (ROOT / "envs" / "requirements.txt").read_text().split()
    pinned = {canonicalize_name(n): v for n, _, v in (line.partition("==") for line in lines)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "-e" in lines
    assert "." in lines
    for needed in map(Requirement, project["dependencies"]):
        version = pinned[canonicalize_name(needed.name)]
        assert needed.specifier.contains(version, prereleases=True), (needed, version)


def test_a_loop_of_ones_own_yields_what_rule_train_writes(tmp_path):
    specs = {
        kind: {"factory": known[name][0], "arguments": known[name][1]}
        for kind, known, name in (("model_spec", MODELS, "mlp3"), ("dataset_spec", DATASETS, "digits"))
    }
    record = {"noise": True, "layers": True, "sketch": 16, "anchors": [10], "samples": 100}
    run = settings(steps=70, window=30, seed=4, **specs, record=record)
    outputs = {name: str(tmp_path / f"{name}.nc") for name in FILES}
    job.train(run, outputs | {"checkpoints": str(tmp_path / "checkpoints")}, "code")

    images = load()
    model = network(run, lambda *shape: mlp(*shape, depth=3), images)
    batches = Batches(images, 32, sampler="shuffled-epochs", augment=True, seed=4, device="cpu", dtype=torch.float32)
    asked = {key: value for key, value in run["record"].items() if key != "flatness_images"}
    recorder = Recorder(model, 30, epoch_steps=batches.steps, seed=4, **asked)
    for step, (inputs, labels) in zip(range(70), (b for e in range(9) for b in batches.epoch(e)), strict=False):
        loss = nn.functional.cross_entropy(model(inputs), labels)
        model.zero_grad()
        loss.backward()
        recorder.record(loss, learning_rate=0.1)
        with torch.no_grad():
            for p in model.parameters():
                p.add_(p.grad, alpha=-0.1)
        if (step + 1) % batches.steps == 0 or step == 69:
            recorder.end_epoch()
    recorder.close()
    recorder.save(tmp_path / "own")
    for name in FILES:
        theirs, own = netcdf.read(outputs[name]), netcdf.read(tmp_path / "own" / f"{name}.nc")
        for variable in own.data_vars:
            if not variable.startswith(("train_", "test_")):  # a loop need not measure these
                np.testing.assert_array_equal(own[variable], theirs[variable], err_msg=f"{name} {variable}")


class Translator(nn.Module):
    """A transformer that predicts each next character of a text."""

    def __init__(self, letters: int, width: int = 16):
        super().__init__()
        self.letters = nn.Embedding(letters, width)
        self.places = nn.Parameter(torch.zeros(24, width))
        layer = nn.TransformerEncoderLayer(width, 2, 32, dropout=0.1, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(width, letters)

    def forward(self, text):
        mask = nn.Transformer.generate_square_subsequent_mask(text.shape[1])
        return self.out(self.layers(self.letters(text) + self.places[: text.shape[1]], mask=mask, is_causal=True))


def watched_loop(model, losses_of, steps, window, optimiser, scaler=None, parts=1, **options):
    """Train with the recorder beside, and keep all weights and losses: the obvious way."""
    recorder = Recorder(model, window, samples=100, **options)
    weights, losses = [], []
    for step in range(steps):
        optimiser.zero_grad()
        total = 0.0
        for part in range(parts):  # gradient accumulation
            loss = losses_of(step, part) / parts
            (scaler.scale(loss) if scaler else loss).backward()
            total += loss.detach()
        if scaler:
            scaler.unscale_(optimiser)
        recorder.record(total)
        weights.append(torch.cat([p.detach().reshape(-1) for p in model.parameters()]).double().numpy().copy())
        losses.append(float(total))
        if scaler:
            scaler.step(optimiser)
            scaler.update()
        else:
            optimiser.step()
    recorder.close()
    return recorder, np.array(weights), losses


def check(recorder, weights, losses, window):
    data = recorder.datasets()
    np.testing.assert_allclose(data["training"].loss, losses, rtol=1e-12)
    np.testing.assert_allclose(
        data["training"].step_length[:-1], np.linalg.norm(np.diff(weights, axis=0), axis=1), rtol=1e-6
    )
    for k in range(len(weights) // window):
        expected = pdist(weights[k * window : (k + 1) * window], "sqeuclidean")
        np.testing.assert_allclose(data["distances"].distance2[k], expected, rtol=1e-9, atol=1e-18)


def test_a_small_transformer_on_text_with_adam():
    text = "the walker walks down the slope and never comes back the way it went " * 8
    letters = sorted(set(text))
    codes = torch.tensor([letters.index(c) for c in text])
    torch.manual_seed(0)
    model = Translator(len(letters))

    def loss_of(step, part):
        starts = torch.randint(len(codes) - 24, (8,), generator=torch.Generator().manual_seed(step))
        lines = codes[starts[:, None] + torch.arange(25)] if len(codes) > 25 else codes
        return nn.functional.cross_entropy(model(lines[:, :-1]).flatten(0, 1), lines[:, 1:].flatten())

    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    found = watched_loop(model, loss_of, 45, 20, optimiser, layers=True)
    check(*found, 20)
    assert found[0].datasets()["layers"].layer.values.tolist() == ["places", "letters", "layers", "out"]
    assert found[2][-1] < 0.9 * found[2][0]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_accumulated_gradients_and_mixed_precision(dtype):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 3))

    def loss_of(step, part):
        random = torch.Generator().manual_seed(2 * step + part)
        inputs = torch.randn(16, 10, generator=random)
        with torch.autocast("cpu", dtype):
            return nn.functional.cross_entropy(model(inputs), inputs[:, :3].argmax(1))

    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**8, enabled=dtype == torch.float16)
    optimiser = torch.optim.SGD(model.parameters(), 0.5, momentum=0.5)
    found = watched_loop(model, loss_of, 45, 20, optimiser, scaler=scaler, parts=2)
    check(*found, 20)
    norms = found[0].datasets()["training"].gradient_norm
    assert float(norms.max()) < 10  # of gradients, not of scaled ones
