"""The files that a training run writes: their contracts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import xarray as xr

from sgdwalk.storage.contracts import LOSS, Contract, variable

RECORDED = "recorded"  # status of a training whose recorder saw nothing wrong

STEP = variable("step", "step", "step")
WINDOW = variable("window", "1", "window")
WINDOW_START = variable("window", "step", "first step of the window")
WINDOW_STEPS = variable("window", "step", "weights in the window; fewer than T in a short last one")
STEP_SPACING = variable("", "step", "steps between two recorded weights, 1 if missing", optional=True)
LAYER = variable("layer", "1", "group of layers")
WINDOW_LOSS = variable("window step_in_window", LOSS, "minibatch loss at each weight of the window")

# Along a direction through the mean weights of a window.
ALONG = {
    "slow_share": "share of the variance in means of sixteenths of the window",
    "variance": "variance of the weights of the window",
    "width_minus": "distance at which the loss is e times that of the mean weights, backwards",
    "width_plus": "distance at which the loss is e times that of the mean weights, forwards",
}

TRAINING = Contract(
    "training",
    {
        "step": STEP,
        "step_spacing": STEP_SPACING,
        "loss": variable("step", LOSS, "minibatch loss at the weights before the step"),
        "gradient_norm": variable("step", "1", "norm of the minibatch gradient"),
        "noise_norm": variable(
            "step",
            "1",
            "norm of the minibatch gradient minus its mean over the epoch (NaN where not recorded)",
        ),
        "step_length": variable("step", "1", "length of the step from these weights to the next"),
        "displacement": variable("step", "1", "distance from the initial weights"),
        "weight_norm": variable("step", "1", "norm of the weights before the step", optional=True),
        "learning_rate": variable("step", "1", "learning rate of the step (NaN where not recorded)"),
        "anchor": variable("anchor", "step", "step whose weights are an anchor", optional=True),
        "anchor_displacement": variable(
            "anchor step", "1", "distance from the anchor's weights (NaN before it)", optional=True
        ),
        "epoch": variable("epoch", "epoch", "epochs done"),
        "epoch_step": variable("epoch", "step", "steps done"),
        "train_loss": variable("epoch", LOSS, "mean minibatch loss over the epoch, in training mode"),
        "train_error": variable("epoch", "1", "share of training images misclassified, in training mode"),
        "test_loss": variable("epoch", LOSS, "mean loss of the test images"),
        "test_error": variable("epoch", "1", "share of test images misclassified"),
        "mean_gradient_norm": variable("epoch", "1", "norm of the epoch's mean gradient (NaN where not recorded)"),
        "window": replace(WINDOW, optional=True),
        "window_start": replace(WINDOW_START, optional=True),
        "centre_loss": variable("window", LOSS, "training loss at the mean weights of the window", optional=True),
        **{
            f"{kind}_{name}": variable("window direction", "1", f"{text}, {kind} direction", optional=True)
            for kind in ("principal", "random")
            for name, text in ALONG.items()
        },
        "diverged_step": variable("", "step", "first step with a loss or weight that is not finite, else -1"),
    },
    version=2,
)

DISTANCES = Contract(
    "distances",
    {
        "window": WINDOW,
        "window_start": WINDOW_START,
        "window_steps": WINDOW_STEPS,
        "step_spacing": STEP_SPACING,
        "distance2": variable(
            "window pair", "1", "squared distance |w_i - w_j|^2, pairs i < j row after row (NaN beyond window_steps)"
        ),
        "loss": WINDOW_LOSS,
    },
    version=2,
)

LAYERS = Contract(
    "layers",
    {
        "window": WINDOW,
        "window_start": WINDOW_START,
        "window_steps": WINDOW_STEPS,
        "step_spacing": STEP_SPACING,
        "layer": LAYER,
        "layer_size": variable("layer", "1", "parameters in the group"),
        "distance2": variable("layer window pair", "1", "squared distance of the group's weights, as in distances.nc"),
        "loss": WINDOW_LOSS,
    },
    version=2,
)

SKETCH = Contract(
    "sketch",
    {
        "step": STEP,
        "step_spacing": STEP_SPACING,
        "projection": variable("step component", "1", "seeded random projection of the weights minus the first ones"),
        "relative_error": variable("", "1", "largest relative standard error of a projected squared distance"),
    },
)

GRADIENTS = Contract(
    "gradients",
    {
        "window": WINDOW,
        "window_start": WINDOW_START,
        "window_steps": WINDOW_STEPS,
        "step_spacing": STEP_SPACING,
        "gradient": variable("window sample", "1", "minibatch gradient at a random parameter and step"),
        "step": variable("window sample", "step", "step at which the sample was taken"),
        "layer": LAYER,
        "layer_gradient": variable(
            "window layer layer_sample", "1", "minibatch gradient at a random parameter of the group and step"
        ),
        "layer_step": variable("window layer_sample", "step", "step at which the group's sample was taken"),
        "tracked_gradient": variable("window step_in_window tracked", "1", "minibatch gradient at fixed parameters"),
        "tracked_parameter": variable("tracked", "1", "index of the fixed parameter among all"),
        "tracked_layer": variable("tracked", "1", "group of layers of the fixed parameter"),
        "epoch_step": variable("epoch", "step", "steps done at the epoch's end", optional=True),
        "mean_gradient": variable("epoch mean_sample", "1", "mean gradient of the epoch, sampled", optional=True),
        "noise": variable(
            "epoch mean_sample", "1", "minibatch gradient minus its mean over the epoch, same parameters", optional=True
        ),
    },
)

DIRECTIONS = Contract(
    "directions",
    {
        "step": STEP,
        "position": variable("step mode", "1", "weights before the step minus the initial ones, along the mode"),
        "velocity": variable("step mode", "1", "velocity before the step, along the mode"),
        "gradient": variable("step mode", "1", "minibatch gradient without weight decay, along the mode"),
        "start": variable("mode", "1", "initial weights along the mode"),
        "squared_step": variable("step", "1", "squared length of the step from these weights to the next"),
        "squared_displacement": variable("step", "1", "squared distance from the initial weights"),
        "loss": variable("step", LOSS, "minibatch loss at the weights before the step"),
    },
)

WALK = Contract(
    "walk",
    {
        "weight": variable("step parameter", "1", "weight before the step"),
        "loss": variable("step", LOSS, "minibatch loss at these weights", optional=True),
        "gradient": variable("step parameter", "1", "minibatch gradient at these weights", optional=True),
    },
)

ALL = (TRAINING, DISTANCES, LAYERS, SKETCH, GRADIENTS, DIRECTIONS, WALK)
CONTRACTS = {contract.name: contract for contract in ALL}


def status(training: xr.Dataset) -> str:
    """What the recorder found wrong with the recording (see recorder.faults), RECORDED where that is nothing."""
    return training.attrs.get("status", RECORDED)


def loss_unit(settings: Mapping[str, Any]) -> str:
    """Unit of a run's loss: '1' for a mean squared error, which is dimensionless, else 'nat'."""
    return "1" if settings["loss"] == "mse" else "nat"
