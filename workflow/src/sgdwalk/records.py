"""What a training run writes: the contracts of training.nc, distances.nc, gradients.nc and walk.nc."""

from sgdwalk.contracts import Contract, variable

STEP = variable("step", "step", "step")
WINDOW = variable("window", "1", "window")
WINDOW_START = variable("window", "step", "first step of the window")

TRAINING = Contract(
    "training",
    {
        "step": STEP,
        "loss": variable("step", "nat", "minibatch loss at the weights before the step"),
        "gradient_norm": variable("step", "1", "norm of the minibatch gradient"),
        "noise_norm": variable(
            "step",
            "1",
            "norm of the minibatch gradient less its mean over the epoch (NaN where not recorded)",
        ),
        "step_length": variable("step", "1", "length of the step from these weights to the next"),
        "displacement": variable("step", "1", "distance from the initial weights"),
        "epoch": variable("epoch", "epoch", "epochs done"),
        "epoch_step": variable("epoch", "step", "steps done"),
        "train_loss": variable("epoch", "nat", "mean minibatch loss over the epoch, in training mode"),
        "train_error": variable("epoch", "1", "share of training images misclassified, in training mode"),
        "test_loss": variable("epoch", "nat", "mean loss of the test images"),
        "test_error": variable("epoch", "1", "share of test images misclassified"),
        "diverged_step": variable("", "step", "first step with a loss or weight that is not finite, else -1"),
    },
)

DISTANCES = Contract(
    "distances",
    {
        "window": WINDOW,
        "window_start": WINDOW_START,
        "distance2": variable("window pair", "1", "squared distance |w_i - w_j|^2, pairs i < j row after row"),
        "loss": variable("window step", "nat", "minibatch loss at each of the window's weights"),
    },
)

GRADIENTS = Contract(
    "gradients",
    {
        "window": WINDOW,
        "window_start": WINDOW_START,
        "gradient": variable("window sample", "1", "minibatch gradient at a random parameter and step"),
        "step": variable("window sample", "step", "step that the sample was taken at"),
    },
)

WALK = Contract(
    "walk",
    {
        "weight": variable("step parameter", "1", "weight before the step"),
        "loss": variable("step", "nat", "minibatch loss at these weights", optional=True),
        "gradient": variable("step parameter", "1", "minibatch gradient at these weights", optional=True),
    },
)

CONTRACTS = {contract.name: contract for contract in (TRAINING, DISTANCES, GRADIENTS, WALK)}
