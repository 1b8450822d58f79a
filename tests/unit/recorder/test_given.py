"""What a user's loop gives to the recorder: taken in every form that has a meaning, else refused in one line."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sgdwalk.recorder.window_recorder import Recorder
from sgdwalk.storage import netcdf
from torch import nn

NO_STEPS = {
    "text": ["a"],
    "a word": "12",
    "a fraction": [1.5],
    "no number": [np.nan],
    "one": 5,
    "None": None,
    "true": [True],
}


@pytest.mark.parametrize("case", NO_STEPS)
def test_anchors_that_are_no_steps_are_refused(case):
    with pytest.raises(ValueError, match=r"^anchors = .*: must be steps, 0 or above$"):
        Recorder(nn.Linear(2, 1), 20, anchors=NO_STEPS[case])


def test_whole_numbers_of_numpy_are_those_of_python():
    chosen = [
        Recorder(nn.Linear(2, 1), kind(4), samples=kind(10), seed=kind(3), anchors=[kind(1)])
        for kind in (int, np.int64)
    ]
    assert torch.equal(chosen[0].samples.draw(0), chosen[1].samples.draw(0))
    assert chosen[0].anchors == chosen[1].anchors


@pytest.mark.parametrize("name", ["layers", "noise", "walk"])
def test_text_is_no_flag(name):
    with pytest.raises(ValueError, match=rf"^{name} = 'no': must be True or False$"):
        Recorder(nn.Linear(2, 1), 20, **{name: "no"})


NO_MODELS = {
    "its parameters": (lambda: nn.Linear(2, 1).parameters(), "the network itself, an nn.Module, not generator"),
    "a list of them": (lambda: list(nn.Linear(2, 1).parameters()), "the network itself, an nn.Module, not list"),
    "its class": (lambda: nn.Linear, "the network itself, an nn.Module, not the class Linear"),
    "nothing": (lambda: None, "the network itself, an nn.Module, not NoneType"),
    "lazy layers": (lambda: nn.LazyLinear(3), "its weights before it is recorded, weight has none yet"),
}


@pytest.mark.parametrize("case", NO_MODELS)
def test_what_is_no_network_with_weights_is_refused(case):
    make, message = NO_MODELS[case]
    with pytest.raises(ValueError, match=f"^model: must (be|have) {message}$"):
        Recorder(make(), 20)


def test_an_error_in_percent_is_refused_before_anything_of_the_epoch_is_kept():
    recorder = Recorder(nn.Linear(2, 1), 4, samples=10)
    for value in (45.0, -0.1, np.inf):
        with pytest.raises(ValueError, match=r"^test_error = .*: must be a share of the images, from 0 to 1$"):
            recorder.end_epoch(train_loss=1.0, test_error=value)
    assert not any(recorder.epochs.values())
    recorder.end_epoch(train_error=0.45, test_error=np.nan)
    assert recorder.epochs["train_error"] == [0.45]


class Noted:
    def __init__(self):
        self.lr = 0.5


GIVEN = {
    "numbers of NumPy and torch": (
        {"lr": np.float32(0.5), "a": torch.tensor(2), "b": np.arange(2)},
        {"lr": 0.5, "a": 2, "b": [0, 1]},
    ),
    "what JSON has no form for": (
        {"a": Path("x"), "b": torch.device("cpu"), "c": {1}},
        {"a": "x", "b": "cpu", "c": [1]},
    ),
    "names that are no text": ({1: 2, "a": {None: 3}}, {"1": 2, "a": {"None": 3}}),
    "an object": (Noted(), {"lr": 0.5}),
    "nothing": (None, {}),
}


@pytest.mark.parametrize("case", GIVEN)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_settings_of_every_kind_are_saved(case, tmp_path):
    given, expected = GIVEN[case]
    recorder = Recorder(nn.Linear(2, 1), 4, samples=10)
    recorder.record(0.5)
    recorder.close()
    recorder.save(tmp_path, given, run=3)
    saved = netcdf.read(tmp_path / "training.nc").attrs
    assert (json.loads(saved["settings"]), saved["run"]) == (expected, "3")
    with pytest.raises(ValueError, match=r"^settings = 'lr=0.5': must be values by name, as a dict$"):
        recorder.save(tmp_path, "lr=0.5")
    for steps in (0, -3, "7"):
        with pytest.raises(ValueError, match=r"^steps = .*: must be a whole number from 1 on$"):
            recorder.datasets(steps)


NO_DIRECTIONS = {
    "text": ("a", r"^directions: must be an array \[mode, 3\], not str$"),
    "no number": (np.full((1, 3), np.nan), "^directions: must be finite$"),
    "another length": (np.ones((1, 4)), r"^directions of shape \(1, 4\): must be \[mode, 3\]"),
}


@pytest.mark.parametrize("case", NO_DIRECTIONS)
def test_directions_that_are_none_are_refused(case):
    directions, message = NO_DIRECTIONS[case]
    with pytest.raises(ValueError, match=message):
        Recorder(nn.Linear(2, 1), 20, directions=directions)


def test_an_optimiser_that_does_not_move_the_weights_is_refused():
    """Its velocity of these weights would be 0, without a word."""
    model, other = nn.Linear(2, 1), torch.optim.SGD(nn.Linear(2, 1).parameters(), momentum=0.9)
    with pytest.raises(ValueError, match=r"^optimiser: must be the one that moves the model's weights, but holds none"):
        Recorder(model, 20, directions=np.ones((1, 3)), optimiser=other)
    with pytest.raises(ValueError, match=r"^optimiser: must be a torch.optim.Optimizer, not list$"):
        Recorder(model, 20, directions=np.ones((1, 3)), optimiser=[other])
    Recorder(model, 20, directions=np.ones((1, 3)), optimiser=torch.optim.SGD([model.weight], momentum=0.9))
