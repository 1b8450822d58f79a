"""Initial weights: of networks under parametrisations, and of the study that users copy."""

from pathlib import Path

import numpy as np
import pytest
import torch
from runs import settings
from sgdwalk.analyses import msd
from sgdwalk.seeds import generator
from sgdwalk.storage import netcdf
from sgdwalk.study.load import load_study
from sgdwalk.training import job
from sgdwalk.training.initialisation import kaiming
from sgdwalk.training.trainer import network
from test_choices import images
from torch import nn
from torch.nn.utils import parametrizations, prune

ROOT = Path(__file__).resolve().parents[3]


def layers():
    return nn.Sequential(nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6, affine=False), nn.Flatten(), nn.Linear(24, 5))


def drawn(wrap=lambda module: module, seed=0):
    model = layers()
    model[0], model[3] = wrap(model[0]), wrap(model[3])
    assert kaiming(model, generator(seed, "init")) == ["0", "3"]
    return [model[0].weight, model[3].weight], [model[0].bias, model[3].bias]


def test_a_weight_under_weight_norm_is_the_one_that_a_plain_layer_gets():
    (weights, biases), (plain, _) = drawn(parametrizations.weight_norm), drawn()
    for a, b in zip(weights, plain, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=0)
    assert not any(b.any() for b in biases)
    assert weights[1].std().item() == pytest.approx(1e-3, rel=0.3)


def test_a_weight_under_spectral_norm_has_the_direction_of_the_one_that_a_plain_layer_gets():
    (weights, _), (plain, _) = drawn(parametrizations.spectral_norm), drawn()
    for a, b in zip(weights, plain, strict=True):
        assert float(torch.cosine_similarity(a.flatten(), b.flatten(), 0)) == pytest.approx(1, abs=1e-6)


def test_a_weight_that_a_hook_computes_is_refused_in_one_line():
    message = r"^init = 'kaiming': cannot set 0.weight: use init = pytorch \(computed by a hook\)$"
    with pytest.raises(ValueError, match=message):
        drawn(lambda module: prune.random_unstructured(module, "weight", 0.5))


def test_the_log_says_which_layers_are_drawn_anew(capsys):
    def build(channels, size, classes):
        return nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, classes))

    network(settings(model="mine:net", init="pytorch"), build, images())
    assert not capsys.readouterr().err
    network(settings(model="mine:net", init="kaiming"), build, images())
    assert capsys.readouterr().err == "init = 'kaiming': new weights in 2 layers of mine:net, 0, 2\n"


@pytest.mark.parametrize(
    ("row", "init"),
    [
        ("resnet14\t\t", "kaiming"),
        ("mlp3\tpytorch\t", "pytorch"),
        ("torchvision:resnet18\t\t", "pytorch"),
        ("torchvision:resnet18:DEFAULT\tauto\t", "pytorch"),
        ("torchvision:resnet18\tkaiming\t", "kaiming"),
        ("test_choices:net\t\t", "pytorch"),
        ("\t\tr", "pytorch"),
    ],
)
def test_auto_is_resolved_when_the_study_is_read(row, init, tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "config.yaml").write_text("training: {steps: 1000}\n")
    first = "r\ttorchvision:resnet18\t\t\n"
    (tmp_path / "s" / "runs.tsv").write_text(f"run\tmodel\tinit\tparent\n{first}x\t{row}\n")
    (tmp_path / "s" / "figures.yaml").write_text("{}\n")
    assert load_study("s", tmp_path).runs["x"]["init"] == init


@pytest.mark.parametrize("study", ["paper", "digits", "cifar10"])
def test_shipped_networks_keep_the_initialisation_of_the_paper(study):
    kept = {run["init"] for run in load_study(study, ROOT / "config").runs.values() if run["init"]}
    assert "kaiming" in kept
    assert "auto" not in kept


@pytest.mark.slow
def test_the_template_learns_and_its_exponents_are_numbers(tmp_path):
    run = load_study("template", ROOT / "config").runs["first"]
    names = ("training", "distances", "layers", "sketch", "gradients", "directions")
    outputs = {name: str(tmp_path / f"{name}.nc") for name in names}
    job.train(run, outputs | {"checkpoints": str(tmp_path / "checkpoints")}, "code")
    training = netcdf.read(outputs["training"])
    assert training.train_loss[-1] < 0.3  # of ln 10 for a network that knows nothing
    assert training.test_error[-1] < 0.1
    found = msd.compute(netcdf.read(outputs["distances"]), copies=20)
    assert np.isfinite(found.exponent).all()
