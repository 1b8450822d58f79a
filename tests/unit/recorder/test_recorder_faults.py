"""What other people's loops do to a recorder: what is not recorded is said, and what is no number is refused."""

import copy
import warnings

import numpy as np
import pytest
import torch
from sgdwalk.recorder.window_recorder import Recorder
from sgdwalk.storage import netcdf
from torch import nn

STEPS, WINDOW = 20, 5


def walked(change=lambda model, step: None, *, trained=None, backward=True, frozen=False, steps=STEPS):
    """The status of a recorded training in which `change` is called before every step, and its warnings."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    model[0].requires_grad_(not frozen)
    used = copy.deepcopy(model) if trained == "another" else model
    recorder = Recorder(model, WINDOW, samples=10)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for step in range(steps):
            change(model, step)
            used.zero_grad()
            loss = used(torch.randn(4, 3)).square().mean()
            if backward:
                loss.backward()
            recorder.record(loss)
            with torch.no_grad():
                for p in filter(lambda p: p.requires_grad, used.parameters()):
                    p -= 0.1 * (torch.randn_like(p) if p.grad is None else p.grad)
        recorder.close()
    return recorder.datasets()["training"].attrs["status"], [str(w.message) for w in caught]


def at(when, what):
    return lambda model, step: what(model) if step == when else None


def unfreeze(model):
    model[0].requires_grad_(True)


def freeze(model):
    model[0].requires_grad_(False)


def append(model):
    model.append(nn.Linear(1, 1))


def replace(model):
    model[1] = nn.Linear(2, 1)


def assign(model):
    model.load_state_dict({k: v.clone() for k, v in model.state_dict().items()}, assign=True)


@pytest.mark.parametrize("when", [0, 7, 17])
@pytest.mark.parametrize(
    ("what", "frozen", "names"),
    [
        (unfreeze, True, "0.weight, 0.bias"),
        (append, False, "2.weight, 2.bias"),
        (replace, False, "1.weight, 1.bias"),
        (assign, False, "0.weight, 0.bias, 1.weight, 1.bias"),
    ],
)
def test_parameters_that_are_not_recorded_are_said_once(what, frozen, names, when):
    status, said = walked(at(when, what), frozen=frozen)
    noticed = -(-when // WINDOW) * WINDOW
    expected = f"parameters that are not recorded, new or replaced before step {noticed}: {names}"
    assert status.split("; ")[0] == expected
    assert [message for message in said if "new or replaced" in message] == [f"Recorder: {expected}"]


def test_in_a_last_window_that_is_short_they_are_said_too():
    assert "new or replaced before step 18: 1.weight" in walked(at(17, replace), steps=18)[0]


def test_a_plain_loop_and_layers_that_are_frozen_midway_are_no_fault():
    assert walked() == ("recorded", [])
    assert walked(at(7, freeze)) == ("recorded", [])


def test_a_model_that_is_not_the_one_that_is_trained_is_said():
    status, said = walked(trained="another")
    steps = "weights do not move in steps 0 to 4: is this the model that is trained?"
    gradients = "all gradients are zero or None in steps 0 to 4: record() belongs after backward()"
    assert status == f"{steps}; {gradients}"
    assert said == [f"Recorder: {steps}", f"Recorder: {gradients}"]


def test_a_walk_that_has_converged_is_no_fault():
    weight = nn.Parameter(torch.ones(3))
    recorder = Recorder(nn.ParameterList([weight]), WINDOW, samples=10)
    for step in range(4 * WINDOW):
        weight.grad = 0.5 * weight.detach() if step < WINDOW else torch.full((3,), 1e-12 * (step < 3 * WINDOW))
        recorder.record(0.0)
        weight.data -= weight.grad
    recorder.close()
    assert recorder.faults.status == "recorded"


def test_a_model_that_is_left_midway_is_said():
    model = nn.Linear(2, 1)
    recorder = Recorder(model, WINDOW, samples=10)
    for step in range(2 * WINDOW):
        model.zero_grad()
        if step < WINDOW:
            model(torch.ones(1, 2)).sum().backward()
            recorder.record(0.0)
            with torch.no_grad():
                model.weight -= 0.1 * model.weight.grad
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                recorder.record(0.0)
    assert recorder.faults.status.startswith("weights do not move in steps 5 to 9")


def test_gradients_that_are_none_are_said():
    status, said = walked(backward=False)
    assert status.startswith("all gradients are zero or None in steps 0 to 4")
    assert len(said) == 1


def test_the_status_is_resumed_and_saved(tmp_path):
    model = nn.Linear(2, 1)
    one, two = (Recorder(model, 4, samples=10, folder=tmp_path / "windows") for _ in range(2))
    for _ in range(3):
        one.record(1.0)
    with pytest.warns(RuntimeWarning, match="do not move|zero or None"):
        one.record(1.0)
    two.restore(one.state())
    two.close()
    two.save(tmp_path / "out")
    assert "weights do not move in steps 0 to 3" in netcdf.read(tmp_path / "out" / "training.nc").attrs["status"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 0}, r"^window = 0: must be a whole number from 2 on$"),
        ({"window": 1}, r"^window = 1: must"),
        ({"window": 2.5}, r"^window = 2.5: must"),
        ({"window": "20"}, r"^window = '20': must"),
        ({"window": True}, r"^window = True: must"),
        ({"samples": -1}, r"^samples = -1: must be a whole number from 1 on$"),
        ({"sketch": -1}, r"^sketch = -1: must be a whole number from 0 on$"),
        ({"epoch_steps": 0}, r"^epoch_steps = 0: must be a whole number from 1 on$"),
    ],
)
def test_numbers_that_no_recorder_can_have_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Recorder(nn.Linear(2, 1), **{"window": 20} | options)


def resting(calls, move):
    """The status of a walk of 24 recorded steps that moves by `move` after every so many of them."""
    weight = nn.Parameter(torch.ones(3))
    recorder = Recorder(nn.ParameterList([weight]), 12, samples=12)
    for step in range(24):
        weight.grad = torch.ones(3)
        recorder.record(0.0)
        weight.data[0] += move * (step % calls == calls - 1)
    return recorder.faults.status


@pytest.mark.parametrize(("calls", "rests"), [(2, 5), (4, 6), (9, 8)])
def test_gradients_that_are_accumulated_over_several_calls_are_said(calls, rests):
    with pytest.warns(RuntimeWarning, match="rest") as caught:
        status = resting(calls, 0.1)
    assert len(caught) == 1
    assert status == f"weights rest at {rests} steps in steps 0 to 11: record() belongs once before each update"


@pytest.mark.filterwarnings("error")
def test_moves_within_rounding_between_rests_are_those_of_a_walk_that_has_converged():
    assert resting(4, 2**-23) == "recorded"
    assert resting(1, 0.1) == "recorded"


def test_weights_of_another_precision_are_said():
    model = nn.Linear(2, 1)
    recorder = Recorder(model, 3, samples=10)
    recorder.record(0.5)
    model.double()
    recorder.record(0.5)
    with pytest.warns(RuntimeWarning, match="weights of another precision before step 2: weight, bias"):
        recorder.close()


NO_NUMBERS = {
    "too large": 10**400,
    "text": "0.5",
    "two numbers": torch.ones(2),
    "complex": torch.tensor(1j),
    "a list": [1.0, 2.0],
}


@pytest.mark.parametrize("case", NO_NUMBERS)
def test_what_is_no_number_is_refused_before_anything_is_recorded(case):
    recorder = Recorder(nn.Linear(2, 1), 4, samples=10)
    for name, call in (
        ("loss", lambda value: recorder.record(value)),
        ("learning_rate", lambda value: recorder.record(0.5, learning_rate=value)),
        ("train_loss", lambda value: recorder.end_epoch(train_loss=value)),
    ):
        with pytest.raises(ValueError, match=rf"^{name} .*must be one real number$") as caught:
            call(NO_NUMBERS[case])
        assert "\n" not in str(caught.value)
    assert recorder.step == 0
    assert not recorder.epochs["train_loss"]


@pytest.mark.parametrize("loss", [0.5, 1, np.float32(0.5), np.array(0.5), torch.tensor([0.5]), None])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_numbers_of_every_kind_are_losses(loss):
    recorder = Recorder(nn.Linear(2, 1), 4, samples=10)
    recorder.record(loss, learning_rate=torch.tensor(0.1))
    recorder.close()
    training = recorder.datasets()["training"]
    assert np.isnan(training.loss[0]) if loss is None else float(training.loss[0]) == float(loss)
    assert float(training.learning_rate[0]) == pytest.approx(0.1)


def of_rank(rank, ranks, folder):
    """Train for ten steps on this rank's part of each batch; rank 0 records, with the loss averaged over ranks."""
    if ranks > 1:
        torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=ranks)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    inputs = torch.randn(10, 8, 3, dtype=torch.float64)
    if ranks > 1:
        model = nn.parallel.DistributedDataParallel(model)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = None
    if rank:
        with pytest.raises(ValueError, match=r"^Recorder on rank 1: must be made on rank 0 alone"):
            Recorder(model, 5, samples=10)
    else:
        recorder = Recorder(model, 5, samples=10, layers=True)
    for batch in inputs:
        loss = model(batch[rank::ranks]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        mean = loss.detach().clone()
        if ranks > 1:
            torch.distributed.all_reduce(mean)
        if recorder:
            recorder.record(mean / ranks, learning_rate=0.1)
        optimiser.step()
    if recorder:
        recorder.close()
        recorder.save(f"{folder}/{ranks}")
    if ranks > 1:
        torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_are_recorded_as_one(tmp_path):
    of_rank(0, 1, tmp_path)
    torch.multiprocessing.spawn(of_rank, (2, tmp_path), 2)
    for name in ("training", "distances", "layers", "gradients"):
        one, two = (netcdf.read(tmp_path / f"{ranks}" / f"{name}.nc") for ranks in (1, 2))
        assert one.sizes == two.sizes
        assert float(one.displacement[-1] if name == "training" else 1) > 0.01
        for key in set(one.data_vars) - {"tracked_layer"}:
            np.testing.assert_allclose(two[key], one[key], rtol=1e-6, atol=1e-12, err_msg=f"{name}.{key}")
    for key in ("layer", "tracked_layer"):
        assert two[key].values.tolist() == one[key].values.tolist()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_layer_that_is_replaced_after_the_last_window_is_said():
    model = nn.Sequential(nn.Linear(2, 1))
    recorder = Recorder(model, 2, samples=10)
    recorder.record(1.0)
    recorder.record(1.0)
    model[0] = nn.Linear(2, 1)
    recorder.close()
    assert "new or replaced before step 2: 0.weight, 0.bias" in recorder.faults.status
