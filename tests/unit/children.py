"""Children whose law is known, in the form of the files of a run: chains of given modes, and free directions."""

import json

import numpy as np
import xarray as xr
from scipy.spatial.distance import pdist
from sgdwalk.storage.contracts import LOSS, Contract, variable

DIRECTIONS = Contract(
    "directions",
    {
        "step": variable("step", "step", "step"),
        "position": variable("step mode", "1", "projection of the weights before the step minus the first ones"),
        "velocity": variable("step mode", "1", "projection of the velocity before the step"),
        "gradient": variable("step mode", "1", "projection of the minibatch gradient, without weight decay"),
        "start": variable("mode", "1", "projection of the first weights"),
        "squared_step": variable("step", "1", "squared length of the step"),
        "squared_displacement": variable("step", "1", "squared distance from the first weights"),
        "loss": variable("step", LOSS, "minibatch loss at the weights before the step"),
    },
)
MODES = Contract(
    "modes",
    {
        "vector": variable("mode parameter", "1", "unit eigenvector"),
        "eigenvalue": variable("mode", LOSS, "eigenvalue"),
        "residual": variable("mode", LOSS, "|Hq - eigenvalue q|"),
        "converged": variable("mode", "1", "whether it has converged"),
    },
)
EXAMPLES = 320


def settings(**given):
    """The settings of a child that its analyses read."""
    return {
        "run": "child", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.0, "batch_size": 20, "sampler": "independent",
        "seed": 0,
    } | given  # fmt: skip


def drawn(run, steps, count, examples, rng):
    """Mean over each minibatch of Gaussian numbers of `examples` examples [step, direction], drawn one by one."""
    size, numbers = run["batch_size"], rng.standard_normal((examples, count))
    numbers -= numbers.mean(axis=0)
    numbers /= numbers.std(axis=0)
    if run["sampler"] == "independent":
        return numbers[rng.integers(examples, size=(steps, size))].mean(axis=1)
    rows = []
    while len(rows) < steps:
        order = rng.permutation(examples)
        rows += [numbers[order[k : k + size]].mean(axis=0) for k in range(0, examples, size)]
    return np.array(rows[:steps])


def walk(run, rho, variance, steps, rng, minimum=0.0, start=0.0, examples=EXAMPLES, drift=0.0):
    """(position, velocity, gradient) [step, direction] of SGD on a quadratic loss, step by step.

    rho, variance: curvature of each direction and variance of the gradient of one example in it. minimum: of the
    training loss, start: of the weights, both as projections. drift: constant added to every gradient.
    """
    eta, beta, decay = run["lr"], run["momentum"], run["weight_decay"]
    noise = np.sqrt(variance) * drawn(run, steps, len(rho), examples, rng)
    theta, v = np.broadcast_to(np.asarray(start, float), len(rho)).copy(), np.zeros(len(rho))
    position, velocity, gradient = (np.empty((steps, len(rho))) for _ in range(3))
    begin = theta.copy()
    for k in range(steps):
        g = rho * (theta - minimum) + noise[k] + drift
        position[k], velocity[k], gradient[k] = theta - begin, v, g
        v = beta * v - (g + decay * theta)
        theta = theta + eta * v
    return position, velocity, gradient


def directions(run, parts, modes, start=0.0):
    """directions.nc of a walk of which the first `modes` directions are recorded."""
    position, velocity, gradient = parts
    decayed = gradient + run["weight_decay"] * (position + start)
    steps = run["lr"] * (run["momentum"] * velocity - decayed)
    return stamped(
        xr.Dataset(
            {
                "position": (("step", "mode"), position[:, :modes]),
                "velocity": (("step", "mode"), velocity[:, :modes]),
                "gradient": (("step", "mode"), gradient[:, :modes]),
                "start": ("mode", np.broadcast_to(np.asarray(start, float), position.shape[1])[:modes]),
                "squared_step": ("step", (steps**2).sum(axis=1)),
                "squared_displacement": ("step", (position**2).sum(axis=1)),
                "loss": ("step", (gradient**2).sum(axis=1)),
            },
            {"step": np.arange(len(position))},
        ),
        run,
    )


def diverge(data, step):
    """The same directions.nc with NaN from a step on."""
    diverged = data.copy(deep=True)
    for name, values in diverged.data_vars.items():
        if values.dims[0] == "step":
            diverged[name][step:] = np.nan
    return diverged


def stamped(data, run):
    """The data set with the attributes of a run's file."""
    return data.assign_attrs(run=run["run"], run_settings=json.dumps(run))


def distances(run, position, window):
    """distances.nc of a walk [step, direction] in windows of this many steps."""
    parts = [position[k : k + window] for k in range(0, len(position), window)]
    pairs = np.full((len(parts), window * (window - 1) // 2), np.nan)
    for row, part in zip(pairs, parts, strict=True):
        d2 = np.full((window, window), np.nan)
        d2[: len(part), : len(part)] = ((part[:, None] - part) ** 2).sum(axis=2) if len(part) < window else 0
        row[:] = pdist(part, "sqeuclidean") if len(part) == window else d2[np.triu_indices(window, 1)]
    return stamped(
        xr.Dataset(
            {"distance2": (("window", "pair"), pairs), "loss": (("window", "step"), np.zeros((len(parts), window)))},
            {
                "window": np.arange(len(parts)),
                "window_start": ("window", window * np.arange(len(parts))),
                "window_steps": ("window", [len(part) for part in parts]),
            },
        ),
        run,
    )


def sketch(run, position, components, rng=None):
    """sketch.nc: a Gaussian projection of a walk [step, direction], the walk itself, or (no components) nothing."""
    points, error = position - position[0], np.nan
    if rng is not None:
        points = points @ rng.standard_normal((points.shape[1], components)) / np.sqrt(components)
        error = np.sqrt(2 / components)
    points = points[:, :components].astype(np.float32)
    data = {"projection": (("step", "component"), points), "relative_error": ((), error)}
    return stamped(xr.Dataset(data, {"step": np.arange(len(points))}), run)


def noise_curvature(run, rho, variance, modes, steps, gradient=None, examples=EXAMPLES, error=0.0, rng=None):
    """noise_curvature.nc of a walk at five checkpoints, exact or with a relative error of the noise."""
    at = np.linspace(0, steps, 5).round().astype(int)
    factor = 1 + error * (rng.standard_normal((5, len(rho))) if rng is not None else np.zeros((5, len(rho))))
    noise, shape = np.asarray(variance) * factor, (5, modes)
    columns = {
        "variance": noise[:, :modes],
        "curvature": np.broadcast_to(rho[:modes], shape),
        "gradient": np.zeros(shape) if gradient is None else gradient,
    }
    errors = {f"{name}_error": np.zeros(shape) for name in columns}
    return stamped(
        xr.Dataset(
            {name: (("snapshot", "mode"), column) for name, column in (columns | errors).items()}
            | {
                "step": ("snapshot", at),
                "examples": ((), examples),
                "eigenvalue": ("mode", rho[:modes]),
                "converged": ("mode", np.ones(modes, np.int8)),
                "trace": ("snapshot", noise.sum(axis=1)),
                "trace_error": ("snapshot", np.zeros(5)),
                "modes_used": ("snapshot", np.full(5, modes)),
                **{name: ("snapshot", np.ones(5)) for name in ("exponent", "exponent_low", "exponent_high")},
            },
            {"snapshot": np.arange(5), "mode": np.arange(modes)},
        ),
        run,
    )
