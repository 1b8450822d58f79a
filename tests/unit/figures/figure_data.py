"""Small data sets for every figure, and helpers that draw a figure and read its text."""

import functools
import importlib
import io
import json

import numpy as np
import xarray as xr
from sgdwalk.figures import page
from sgdwalk.storage import contracts, netcdf

SIZES = {
    "window": 4, "lag": 30, "fit": 4, "bin": 16, "tail_bin": 16, "rival": 3, "fragment": 12, "group": 6, "step": 60, "epoch": 3,
    "rank": 5, "plane": 2, "scale": 10, "octave": 3, "box": 3, "leader_scale": 2, "order": 11, "control": 4, "x": 12, "y": 12, "zoom_x": 12, "zoom_y": 12, "walker": 6,
    "axis": 2, "stage": 5, "start": 2, "replicate": 3, "tested": 2, "quantity": 3, "gradient_bin": 15, "run": 2, "avalanche": 2, "anchor": 2, "layer": 3, "tracked": 5, "probability": 9, "law": 4, "momentum": 3, "class": 2,
    "direction": 6, "coordinate": 2, "other": 2, "noise": 2,
    "row": 12, "column": 12, "component": 4, "corner": 3, "position": 15,
    "low_rank": 2, "probe": 2, "node": 6, "point": 20, "time": 30, "length": 8, "snapshot": 5, "mode": 6, "kind": 3,
}  # fmt: skip
LAG = np.arange(1, 31)
QUANTILES = np.array([-40.0, -9.0, -3.0, -1.0, 0.0, 1.0, 3.0, 9.0, 40.0])
SPREAD = {"": 1.0, "_low": 0.9, "_high": 1.1}
STARTS = {"window_start": np.arange(4) * 30}


def build(contract, attributes=None, **values):
    """A small data set of a contract; variables that are not given are noise around 1."""
    rng = np.random.default_rng(0)
    data = xr.Dataset(attrs=settings("walk-a") | {"contract": contract} | (attributes or {}))
    found = netcdf.find(contract)
    for name, spec in found.variables.items():
        shape = tuple(len(values[dim]) if np.ndim(values.get(dim)) == 1 else SIZES[dim] for dim in spec.dims)
        default = np.arange(shape[0]) if spec.dims == (name,) else rng.uniform(0.5, 1.5, shape)
        value = np.asarray(values.get(name, default))
        value = np.broadcast_to(value, shape) if value.shape != shape else value
        data[name] = (spec.dims, value.copy())
    data = data.set_coords([n for n in ("window_start", "epoch_step") if n in data])
    contracts.check(data, found)
    return contracts.named(data, found)


def with_interval(name, value):
    return {name + end: np.asarray(value) * factor for end, factor in SPREAD.items()}


def settings(run, depth=14, batch_size=32, shortcut=True, lr=0.1, dataset="digits"):
    """Attributes with the settings of a run."""
    built = {name: value for name, value in {"depth": depth, "shortcut": shortcut}.items() if value is not None}
    model = {"factory": "resnet", "arguments": built}
    of_run = {"run": run, "dataset": dataset, "lr": lr, "batch_size": batch_size, "model_spec": model, "seed": 0}
    of_run |= {"model": f"resnet{depth}", "window": 31}
    return {"run": run, "run_settings": json.dumps(of_run)}


def msd(run="walk-a", exponent=1.2, diverged=(), factors=None, **more):
    """msd.nc of a run of these factors (see settings) whose `diverged` windows are NaN."""
    curve = LAG**exponent * np.arange(4, 0, -1)[:, None]
    data = build(
        "msd", settings(run, **(factors or {})), **STARTS, lag=LAG, fit=["paper", "short", "long", "whole"], msd=curve,
        independent_displacements=100 / LAG, supported=LAG <= 10, first_lag=4, last_lag=24, **with_interval("exponent", exponent),
        **with_interval("crossover_lag", 4.0), **more,
    )  # fmt: skip
    for name in (n for n in data.data_vars if data[n].dims[:1] == ("window",)):
        data[name][list(diverged)] = np.nan
    return data


def training(run, diverged=-1, **factors):
    """training.nc of a run of these factors (see settings)."""
    return build("training", settings(run, **factors), diverged_step=diverged)


def landscape(loss=None):
    x, zoom = np.linspace(-1, 1, 12), np.linspace(-0.1, 0.1, 12)
    bowl = np.exp(4 * (x[:, None] ** 2 + x**2)) if loss is None else loss
    run = {"path_x": [[0.4, 0.2, 0]] * 2, "path_y": [[0.4, 0.1, 0]] * 2, "path_share": [[0.1, 0.2, np.nan]] * 2}
    return build("landscape", x=x, y=x, zoom_x=zoom, zoom_y=zoom, loss=bowl, **run)


def walk_models(nan=False, **more):
    """walk_models.nc; the last window has fits that only describe."""
    names = {"walk": ["steps", "unit steps"], "drift": ["kept", "projected out"]}
    models = ["Brownian", "fractional", "fractional + white noise", "Ornstein-Uhlenbeck"]
    lag, component, factor = np.geomspace(1, 24, 12).round(1), np.arange(1, 12), np.nan if nan else 1.0
    status = np.full((4, 2), "not finite" if nan else "ok", dtype="<U14")
    status[-1] = status[-1] if nan else "not separable"
    return build(
        "walk_models", **STARTS, **names, model=models, lag=lag, component=component, status=status, msd=lag * factor,
        delta_aic=np.array([20, 0, 2, 12.0]) * factor, **with_interval("exponent", [np.nan, 0.9, factor, np.nan]),
        **with_interval("noise_share", [np.nan, np.nan, 0.2 * factor, np.nan]), misfit=lag**0.02 * factor, misfit_low=lag**-0.1 * factor,
        misfit_high=lag**0.1 * factor, misfit_p=0.3, **{"change": 60.0, "change_low": 30.0, "change_high": 90.0, "change_p": 0.01, "momentum": 0.9} | more,
        explained=0.8 / component**2 * factor, explained_orthogonal=0.7 / component**2 * factor,
        explained_random_walk=0.6 / component**2,
    )  # fmt: skip


def path_planes(nan=False, test=True):
    factor, side = np.nan if nan else 1.0, np.linspace(-2, 12, 12)
    apart = np.abs(np.arange(5)[:, None] - np.arange(5))
    data = build(
        "path_planes", cosine=factor * 0.8**apart, other=[0.0, 3.0, 6.0, 9.0, 12.0], epoch=[0.0, 3.0, 6.0, 9.0, 12.0], plane=["principal components", "three snapshots"],
        status="weights are not finite" if nan else "ok", x=side, y=side[:, None].T / 3,
        loss=np.exp((side[:, None] ** 2 + side**2) / 80) * factor, origin=12.0, through=[0.0, 6.0, 12.0],
        path_x=np.array([10.0, 7, 4, 2, 0]), path_y=np.array([0.0, 2.5, 3, 2, 0]), path_share=[1.0, 0.9, 0.95, 0.9, np.nan],
        explained=np.array([0.8, 0.15, 0.03, 0.02]) * factor, explained_orthogonal=[0.64, 0.2, 0.1, 0.06],
        explained_random_walk=0.6 / np.arange(1, 5) ** 2, component=np.arange(1, 5),
        position=np.linspace(-0.25, 1.25, 15), line_loss=np.geomspace(3, 0.01, 15) * factor,
        line_test_loss=np.geomspace(3, 0.1, 15) * factor, snapshot_loss=np.array([2.3, 1, 0.5, 0.1, 0.02]) * factor,
    )  # fmt: skip
    return data if test else data.drop_vars(["test_loss", "line_test_loss", "snapshot_test_loss"])


def dimension(status="ok", planes=2, leaders=True):
    """dimension.nc; leaders: whether it has a multifractal spectrum."""
    value = 2.3 if status == "ok" else np.nan
    scale, order = np.arange(1.0, 11), np.arange(-5, 6)
    data = build(
        "dimension", scale=scale, variogram=scale**1.4 * value, quadratic_variogram=scale**1.9, status=status, first_scale=1,
        last_scale=10, octave=[1, 2, 4], octave_dimension=[value, value + 0.02, value - 0.03], dimension_of_plane=value,
        quadratic_octave_dimension=[2.01, 2.02, 2.05], control=["bowl", "fractional 2.2", "fractional 2.5", "fractional 2.8"],
        control_dimension=[2, 2.2, 2.5, 2.8], control_variogram=[2.08, 2.2, 2.5, 2.8], control_variogram_spread=0.06,
        control_extrapolated=[2, 2.2, 2.5, 2.8], control_extrapolated_spread=0.05, control_box=[2.01, 2.1, 2.2, 2.3],
        control_box_spread=0.03, box_dimension=2.1, leader_status="ok" if leaders else "fewer than 257 points a side",
        order=order, plane=np.arange(planes), **with_interval("c1", 0.5), **with_ends("c2", -0.05), **with_ends("dimension", value),
        **with_ends("extrapolated_dimension", value), **with_ends("holder", 0.5 - 0.05 * order), **with_ends("spectrum", 2 - 0.025 * order**2),
    )  # fmt: skip
    return (
        data
        if leaders
        else data.drop_dims(["leader_scale", "order"]).drop_vars([f"c{k}{end}" for k in (1, 2) for end in SPREAD])
    )


def with_ends(name, value):
    """An estimate with the interval -+ 0.1."""
    return {name + end: np.asarray(value) + shift for end, shift in {"": 0, "_low": -0.1, "_high": 0.1}.items()}


def tails(nan=False, **more):
    alternatives = ["gaussian", "laplace", "student-t", "mixture"]
    bins = {"bin": np.linspace(-12, 12, 16), "tail_bin": np.geomspace(1e-2, 1e4, 16)}
    alpha = with_interval("alpha", np.full(4, np.nan) if nan else np.array([np.nan, 1.2, 1.3, 1.4]))
    views = {"density": np.exp(-np.abs(bins["bin"])) / 2, "tail_density": 1 / (1 + bins["tail_bin"] ** 2.3)} | more
    views |= {
        "gradient_quantile": QUANTILES,
        "law_quantile": np.array([[k * QUANTILES] for k in (1, 0.5, 0.9, 0.8)])[:, 0],
    }
    for name in ("time_alpha", "layer_alpha", "mean_alpha", "noise_alpha") if nan else ():
        views |= with_interval(name, np.nan)
    if nan:
        views["log_likelihood_ratio"] = np.nan
    return build(
        "tails", **STARTS, status="ok", rival=alternatives, law=["stable", *alternatives[:3]], **bins, **alpha, **views
    )


def path(nan=False, **more):
    length = np.geomspace(0.1, 10, 16)
    factor = np.nan if nan else 1.0
    return build(
        "path", **STARTS, fit=["short", "long"], contour_length=length * factor, crossover_length=1.0,
        first_length=[0.2, 1.0], last_length=[1.0, 8.0],
        end_to_end2=length**1.5 * factor, pairs=np.arange(16) * 8.0, end_to_end2_null=length * factor, exponent_null=1.0, **with_interval("exponent", 1.5), exponent_fitted=1.5,
        transverse2=np.geomspace(0.1, 1, 12) * factor, **more,
    )  # fmt: skip


def msl(nan=False):
    distance = np.geomspace(0.1, 10, 16)
    factor = np.nan if nan else 1.0
    return build(
        "msl", **STARTS, fit=["short", "long", "whole"], distance=distance, msl=distance * factor,
        count=np.arange(16) * 8.0, crossover_distance=1.0, first_distance=[0.2, 1, 0.2], last_distance=[1, 6, 6], **with_interval("exponent", -1.0),
    )  # fmt: skip


def toy(exponent=1.5, side=12):
    rng = np.random.default_rng(1)
    side = np.linspace(-1, 1, side)
    return build(
        "toy", x=side, y=side, axis=["x", "y"], start=["random", "high"],
        stage=["descent", "approach", "basin", "whole", "start"], lag=LAG, msd=LAG**1.5,
        **with_interval("exponent", [exponent, exponent, np.nan, 1.0, 1.0]), first_lag=1, last_lag=20, status="ok",
        position=rng.uniform(-1, 1, (6, 60, 2)), entry=[0, 10, 30, 60, 60, 40], gradient_bin=np.linspace(-3, 3, 15),
    )  # fmt: skip


def toy_phases(nan=False, hurst=(0.5, 1.0, 1.5), step_sizes=(0.01, 0.02)):
    shape = (3, len(hurst), len(step_sizes))
    middle = np.full(shape, np.nan) if nan else np.random.default_rng(0).uniform(0.7, 1.3, shape)
    return build(
        "toy_phases", quantity=["descent", "basin", "alpha"], hurst=list(hurst), step_size=list(step_sizes),
        **with_interval("value", middle), **with_interval("null", 1.2 * middle), **with_interval("contrast", middle - 1),
        expected_low=[1, -np.inf, -np.inf], expected_high=[np.inf, 1, 1.9],
    )  # fmt: skip


def toy_noiseless(nan=False, rates=(500, 1000)):
    rising = np.full((2, 1), np.nan) if nan else np.array([[1.0], [0.4]])
    return build(
        "toy_noiseless", hurst=[0.5, 0.8], learning_rate=list(rates), lag=LAG, msd=LAG**0.8,
        **with_interval("exponent", np.tile(rising, len(rates))), **with_interval("resting", 0.1 * rising + 0.1),
    )  # fmt: skip


def regression(nan=False, momentum=(0.9, 0.99, 0.999)):
    factor = np.nan if nan else 1.0
    spread = np.array([[0.04, 0.02], [0.02, 0.08]]) * factor
    turn = np.exp(1j * np.arange(60) / 5)
    spiral = np.stack([turn.real, turn.imag], axis=1)[:, None, None] * factor
    return build(
        "regression", momentum=list(momentum), coordinate=["position", "velocity"], other=["position", "velocity"],
        noise=["as at the minimum", "along the path"], rank=np.arange(1, 6), mean=spiral, path=spiral, mean_theory=spiral,
        covariance=spread, covariance_theory=spread, gradient_variance=factor, displacement=factor,
        displacement_theory=factor, **with_interval("all_inside", 0.9 * factor),
    )  # fmt: skip


def ensemble(nan=False):
    factor = np.nan if nan else 1.0
    return build(
        "ensemble", **STARTS, lag=LAG, fit=["paper", "short", "long", "whole"], run=["walk-a", "walk-b"],
        **with_interval("ergodicity_breaking", 0.01 * LAG * factor), mean_time_averaged=LAG * factor,
        **with_interval("exponent", 1.2 * factor),
    )  # fmt: skip


CHILDREN = ("child-a", "child-b")
WALK = {"fit": ["start", "average", "average_short", "without_drift"], "time": LAG * 10, "length": np.arange(1, 9) * 37}


def child(run, nan=False, **factors):
    """Attributes of a child of these factors; diverged children have NaN."""
    own = json.loads(settings(run, **{"batch_size": 32, "lr": 0.02})["run_settings"])
    own |= {"parent": "walk-a", "momentum": 0.9, "weight_decay": 0.001, "sampler": "independent"} | factors
    return {"run": run, "run_settings": json.dumps(own)}


def displacement(run, nan=False, **factors):
    factor = np.nan if nan else 1.0
    return build(
        "displacement", child(run, **factors), **WALK, lag=LAG, squared_displacement=10 * LAG * factor, msd=LAG * factor,
        msd_without_drift=LAG**0.95 * factor, drift_share=0.01 * LAG * factor, drift_share_null=0.02 * LAG * factor,
        start_exponent=factor, local_exponent=factor, exponent=np.array([1.1, 1.0, 1.0, 0.95]) * factor,
    )  # fmt: skip


def limiting_ensemble(nan=False, runs=CHILDREN):
    factor = np.nan if nan else 1.0
    curves = {
        "squared_displacement": 10 * LAG,
        "msd": LAG,
        "start_exponent": 1.2 - LAG / 90,
        "local_exponent": 1 + LAG / 90,
        "drift_share": 0.01 * LAG,
    }
    curves |= {"exponent": [1.1, 1.0, 1.0, 0.95], "exponent_of_length": np.linspace(1, 1.3, 8)}
    spread = {
        key: value
        for name, curve in curves.items()
        for key, value in with_interval(name, np.array(curve) * factor).items()
    }
    return build("limiting_ensemble", **WALK, lag=LAG, run=list(runs), **spread)


def speed(run, nan=False, value=1.0, **factors):
    factor = value * (np.nan if nan else 1.0)
    spread = {key: v for name in ("speed", "predicted") for key, v in with_interval(name, factor).items()}
    return build(
        "speed",
        child(run, **factors),
        step=[10, 20, 30, 40, 59],
        first_step=10,
        **spread,
        **with_interval("ratio", factor / value),
    )


def directions(run, nan=False, **factors):
    turn = np.exp(1j * np.arange(60) / 5)[:, None] * np.linspace(2, 1, 6) * (np.nan if nan else 1.0)
    steps = np.full(60, np.nan if nan else 1.0) * np.linspace(0.9, 1.1, 60)
    return build("directions", child(run, **factors), position=turn.real, velocity=turn.imag, squared_step=steps)


def phase_space(run="child-a", nan=False, **factors):
    factor = np.nan if nan else 1.0
    rho = np.linspace(2, 1, 6) * factor
    spread = {}
    for name in (
        "stiffness",
        "frequency",
        "position_variance",
        "velocity_variance",
        "minimum_training",
        "minimum_modified",
    ):
        spread |= with_interval(name, rho)
    text = "unknown" if nan else np.array(["oscillating"] * 3 + ["confined"] * 2 + ["diffusive"], object)
    return build(
        "phase_space", child(run, **factors), kind=["oscillating", "confined", "diffusive"], kind_of_mode=text, kind_of_chain=text, curvature=rho,
        first_step=10, critical_stiffness=1.2, stiffness_hessian=rho, frequency_hessian=rho, share=rho / 20, outside_share=0.5 * factor, position_variance_chain=rho,
        velocity_variance_chain=rho, position_mean=rho, position_mean_error=0.1, **spread,
    )  # fmt: skip


def noise_curvature(nan=False):
    factor = np.nan if nan else 1.0
    rho = np.linspace(4, 1, 6)
    errors = {"variance_error": 0.02 * rho, "curvature_error": 0.02 * rho}
    return build(
        "noise_curvature",
        child("child-a"),
        step=np.arange(5) * 15,
        curvature=rho * factor,
        variance=rho**1.3 * factor,
        trace=factor,
        converged=1,
        **errors,
        **with_interval("exponent", 1.3 * factor),
    )


def epoch_memory(run="child-a", nan=False, **factors):
    factor = np.nan if nan else 1.0
    curves = with_interval("noise_correlation", -0.1 * factor) | with_interval("step_correlation", 0.9**LAG * factor)
    return build(
        "epoch_memory",
        child(run, **factors),
        lag=LAG,
        epoch_batches=15,
        noise_correlation_predicted=-0.1,
        step_correlation_predicted=0.9**LAG,
        **curves,
    )


SWEPT = [
    {}, {"seed": 1}, {"lr": 0.005}, {"lr": 0.05}, {"batch_size": 64}, {"batch_size": 128}, {"momentum": 0.0},
    {"momentum": 0.98}, {"weight_decay": 0.0}, {"weight_decay": 0.01},
]  # fmt: skip


def sweeps(nan=False, varied=SWEPT):
    """Files of children that each vary one hyperparameter."""
    made = {"speed": speed, "displacement": displacement}
    return {
        name: [make(f"child-{k}", nan=nan, **factors) for k, factors in enumerate(varied)]
        for name, make in made.items()
    }


def spectrum(ranks, converged=1):
    """hessian.nc with this many eigenvalues at each of three epochs."""
    return build("hessian", step=[0, 40, 80], rank=np.arange(ranks), converged=np.broadcast_to(converged, (3, ranks)))


def whole_spectrum(nan=False):
    """hessian.nc of a run with its spectral density and its smallest eigenvalues."""
    at = np.linspace(-1, 5, 20)
    peak = np.exp(-4 * np.abs(at)) + 0.01 * np.exp(-((at - 3) ** 2)) + (np.nan if nan else 0)
    low = np.array([[-0.9, -0.5], [-0.4, -0.2], [-0.3, -0.1]]) * (np.nan if nan else 1)
    return build(
        "hessian", probe=np.arange(2), curvature=at, density=peak * np.array([[1], [0.9], [0.8]]), density_error=0.02 * peak,
        smallest=low, low_rank=[1, 2], smallest_converged=[[1, 1], [1, 0], [1, 1]],
    )  # fmt: skip


def norms(nan=False):
    """The files of a run whose weights grow."""
    factor = np.nan if nan else 1.0
    recorded = build(
        "training", weight_norm=np.linspace(20, 30, 60) * factor, learning_rate=np.repeat([0.1, 0.01], 30) * factor
    )
    return {"training": recorded, "planes": path_planes(nan)}


def flatness(nan=False):
    """The files of a run whose sharpness, exponent and noise change during its training."""
    factor = np.nan if nan else 1.0
    fall = np.array([8.0, 4.0, 5.0, 2.0]) * factor
    noise = np.repeat(fall, 30) ** 0.5
    hessian = build(
        "hessian", epoch=np.arange(4), step=[0, 40, 80, 120], eigenvalue=fall[:, None] * np.linspace(1, 0.2, 5),
        threshold=20.0, **with_interval("batch_sharpness", 2 * fall), **with_interval("noise", fall + 1),
    )  # fmt: skip
    walked = msd(exponent=1.2 * factor)
    for name, value in with_interval("exponent", np.array([1.5, 1.1, 0.9, 0.8])[:, None] * factor).items():
        walked[name] = walked[name] * 0 + value
    recorded = build("training", step=np.arange(120), noise_norm=noise)
    return {"hessian": hessian, "msd": walked, "tails": tails(nan), "training": recorded}


def principal_directions(nan=False):
    """variance_flatness.nc of a run whose variance falls with F along principal directions alone."""
    rng, factor = np.random.default_rng(0), np.nan if nan else 1.0
    flat = np.exp(rng.normal(size=(2, 4, 6))) * factor
    scatter = np.exp(0.3 * rng.normal(size=flat.shape))
    slope = np.array([[-3.0], [0.0]]) * np.ones(4) * factor
    return build(
        "variance_flatness", **STARTS, along=["principal", "random"], direction=np.arange(1, 7), flatness=flat,
        variance=np.array([1.0, 1e-4])[:, None, None] * flat ** slope[..., None] * scatter, late=[0, 0, 1, 1], slow_share=0.9 * factor,
        asymmetry=rng.uniform(-0.8, 0.8, flat.shape) * factor, **with_ends("window_exponent", slope),
        **with_ends("exponent", slope[:, 0]),
    )  # fmt: skip


def sensitivity(nan=False, starts=(40, 80), offsets=(1e-4, 1e-2)):
    """sensitivity.nc of a run, from each of these starts."""
    rng, factor = np.random.default_rng(0), np.nan if nan else 1.0
    steps, rate = np.arange(30), 0.02 * np.arange(1, len(starts) + 1) * factor
    shapes = (len(starts), 30), (len(starts), len(offsets), 30)
    tangent, twins = (0.1 * rng.normal(size=shape) + 0.02 * factor for shape in shapes)
    return build(
        "sensitivity", start=np.array(starts), step=steps, offset=np.array(offsets), growth=tangent,
        twin_growth=twins, **with_interval("exponent", rate), alignment=0.8,
        **with_interval("twin_exponent", rate[:, None] * np.ones(len(offsets))),
    )  # fmt: skip


FACTORS = (
    {},
    {"depth": 20, "batch_size": 64, "shortcut": False, "lr": 0.3},
    {"depth": 20, "lr": 0.5},
)
RUNS = [
    msd("walk-a", factors=FACTORS[0]),
    msd("walk-b", 0.8, diverged=[0, 3], factors=FACTORS[1]),
    msd("walk-c", diverged=range(4), factors=FACTORS[2]),
]
TRAINING = [
    training("walk-a", **FACTORS[0]),
    training("walk-b", **FACTORS[1]),
    training("walk-c", diverged=7, **FACTORS[2]),
]
DIVERGED = RUNS[2]
BY_RATE = {"runs": RUNS, "training": TRAINING}
WHOLE = {
    "fig1": {"surface": landscape(), "dimension": dimension()},
    "fig1_checks": {"dimension": dimension()},
    "fig2": {"base": RUNS[0], "window": RUNS[1], "long": None, "whole": build("long_msd")},
    "fig2_others": {"runs": RUNS[1:]},
    "fig3": {"runs": RUNS},
    "fig4": BY_RATE,
    "fig5": {"tails": tails(), "fluctuations": build("fluctuations")},
    "fig5_checks": {"tails": tails(), "fluctuations": build("fluctuations")},
    "fig6": {"path": path(), "msl": msl()},
    "fig7": {"hessian": [build("hessian", converged=[0, 1, 1, 0, 1]), build("hessian", eigenvalue=-1.0)]},
    "flatness": flatness() | {"models": walk_models()},
    "trajectory_map": norms(),
    "variance_flatness": {"directions": principal_directions()},
    "sensitivity": {"sensitivity": sensitivity()},
    "curvature": {"hessian": whole_spectrum()},
    "fig8": {"fractal": toy(), "random": toy(np.nan), "convex": toy()},
    "toy_phases": {"phases": toy_phases()},
    "toy_noiseless": {"noiseless": toy_noiseless()},
    "loss_planes": {"surfaces": [landscape(), landscape(np.linspace(1, 30, 144).reshape(12, 12))]},
    "walk_models": {"models": walk_models(), "msd": msd()},
    "path_planes": {"planes": path_planes()},
    "ensembles": {"groups": [ensemble()]},
    "limiting_regression": {"independent": regression(), "shuffled": regression()},
    "limiting_process": {},
    "limiting_displacement": {
        "groups": [limiting_ensemble()],
        "runs": [displacement(run) for run in CHILDREN],
        "speed": [speed(run) for run in CHILDREN],
        "directions": [directions(run) for run in CHILDREN],
    },
    "limiting_sweeps": sweeps(),
    "limiting_modes": {"directions": directions("child-a"), "phase_space": phase_space()},
    "limiting_noise": {
        "noise": noise_curvature(),
        "independent": epoch_memory(),
        "shuffled": epoch_memory("child-b", sampler="shuffled-epochs"),
    },
}


@functools.cache
def without_values():
    """Each figure's data without finite values."""
    return {
        "fig1": {"surface": landscape(np.nan), "dimension": dimension("not finite", leaders=False)},
        "fig1_checks": {"dimension": dimension("not finite", leaders=False)},
        "fig2": {"base": DIVERGED, "window": DIVERGED, "whole": build("long_msd").isel(lag=slice(0))},
        "fig2_others": {"runs": [DIVERGED]},
        "fig3": {"runs": [DIVERGED]},
        "fig4": {"runs": [DIVERGED], "training": TRAINING},
        "fig5": {
            "tails": tails(nan=True),
            "fluctuations": build("fluctuations", loss_change=np.nan, moving_variance=np.nan),
        },
        "fig5_checks": {
            "tails": tails(nan=True),
            "fluctuations": build("fluctuations", avalanche_size=np.nan),
        },
        "fig6": {"path": path(nan=True), "msl": msl(nan=True)},
        "fig7": {"hessian": [build("hessian", eigenvalue=np.nan)]},
        "flatness": flatness(nan=True),
        "trajectory_map": norms(nan=True),
        "variance_flatness": {"directions": principal_directions(nan=True)},
        "sensitivity": {"sensitivity": sensitivity(nan=True)},
        "curvature": {"hessian": whole_spectrum(nan=True)},
        "fig8": {"fractal": toy(np.nan), "random": toy(np.nan), "convex": toy(np.nan)},
        "toy_phases": {"phases": toy_phases(nan=True)},
        "toy_noiseless": {"noiseless": toy_noiseless(nan=True)},
        "loss_planes": {"surfaces": [landscape(np.nan), landscape(np.nan)]},
        "walk_models": {"models": walk_models(nan=True)},
        "path_planes": {"planes": path_planes(nan=True)},
        "ensembles": {"groups": [ensemble(nan=True)]},
        "limiting_regression": {"independent": regression(nan=True), "shuffled": regression(nan=True)},
        "limiting_process": {},
        "limiting_displacement": {
            "groups": [limiting_ensemble(nan=True)],
            "runs": [displacement(run, nan=True) for run in CHILDREN],
            "speed": [speed(run, nan=True) for run in CHILDREN],
            "directions": [directions(run, nan=True) for run in CHILDREN],
        },
        "limiting_sweeps": sweeps(nan=True),
        "limiting_modes": {"directions": directions("child-a", nan=True), "phase_space": phase_space(nan=True)},
        "limiting_noise": {
            "noise": noise_curvature(nan=True),
            "independent": epoch_memory(nan=True),
            "shuffled": epoch_memory("child-b", sampler="shuffled-epochs", nan=True),
        },
    }


@functools.cache
def smallest_study():
    """Each figure's data in a study that has nothing but one run."""
    return {
        "fig1": WHOLE["fig1"] | {"dimension": dimension(planes=1, leaders=False)},
        "fig1_checks": {"dimension": dimension(planes=1, leaders=False)},
        "fig2": {"base": RUNS[0]},
        "fig2_others": {"runs": RUNS[:1]},
        "fig3": {"runs": RUNS[:1]},
        "fig4": {"runs": RUNS[:1], "training": TRAINING[:1]},
        "fig5": {"tails": tails(), "fluctuations": None},
        "fig5_checks": {"tails": None, "fluctuations": build("fluctuations", avalanche_size=np.geomspace(1, 9, 2))},
        "fig6": {"path": None, "msl": msl()},
        "fig7": {"hessian": [spectrum(2)]},
        "flatness": {"hessian": spectrum(1), "msd": msd()},
        "trajectory_map": {"training": norms()["training"]},
        "variance_flatness": {"directions": principal_directions().isel(window=[3], direction=[0, 1, 2])},
        "sensitivity": {"sensitivity": sensitivity(starts=[40], offsets=[])},
        "curvature": {"hessian": whole_spectrum().isel(epoch=[0], low_rank=[0])},
        "fig8": {"fractal": None, "random": None, "convex": toy()},
        "toy_phases": {"phases": toy_phases(hurst=[1.0], step_sizes=[0.02])},
        "toy_noiseless": {"noiseless": toy_noiseless(rates=[1000])},
        "loss_planes": {"surfaces": [landscape()]},
        "walk_models": {"models": walk_models(change=np.nan, change_low=np.nan, change_high=np.nan, momentum=0.0)},
        "path_planes": {"planes": path_planes(test=False)},
        "ensembles": {"groups": [ensemble()]},
        "limiting_regression": {"independent": regression(momentum=[0.9]), "shuffled": None},
        "limiting_process": {},
        "limiting_displacement": {"groups": [limiting_ensemble()]},
        "limiting_sweeps": sweeps(varied=[{}, {"lr": 0.1}]),
        "limiting_modes": {"directions": None, "phase_space": phase_space()},
        "limiting_noise": {"noise": None, "shuffled": epoch_memory()},
    }


def draw(figure, data, width="double"):
    """The page as a figure's module draws it, not yet laid out."""
    with page.settings(width):
        return importlib.import_module(f"sgdwalk.figures.{figure}").draw(**data)


def svg(drawn):
    """The SVG of a page."""
    file = io.BytesIO()
    drawn.savefig(file, format="svg")
    return file.getvalue()


@functools.cache
def settled(figure, width, *, smallest):
    """A page of the small study, or of one that has nothing but one run, as it is printed."""
    drawn = draw(figure, (smallest_study() if smallest else WHOLE)[figure], width)
    with page.settings(width):
        drawn.settle()
    return drawn


def entries(drawn, letter):
    """The entries of the key of a panel that is not yet laid out."""
    axes = drawn.panels[letter]
    handles = drawn.keys[axes].handles or axes.get_legend_handles_labels()[0]
    return [handle.get_label() for handle in handles]
