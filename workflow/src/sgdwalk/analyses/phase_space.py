"""A child's modes in phase space: stiffness, oscillation, stationary variance and mean, against the Hessian."""

import numpy as np
import xarray as xr

from sgdwalk.limiting.child import Child, settled
from sgdwalk.limiting.expected_modes import expected
from sgdwalk.limiting.felt_curvature import regress
from sgdwalk.limiting.fitted_modes import fitted
from sgdwalk.limiting.loss_minima import minima
from sgdwalk.limiting.stiffness_tests import deviations, holm, p_values
from sgdwalk.storage.contracts import LOSS, Contract, variable, with_interval

FEWEST = 20  # steps after the burn-in
LEVEL = 0.05
KINDS = ("oscillating", "confined", "diffusive")


CONTRACT = Contract(
    "phase_space",
    {
        "mode": variable("mode", "1", "mode"),
        "kind": variable("kind", "1", "class of modes"),
        "first_step": variable("", "step", "first step after the burn-in"),
        "curvature": variable("mode", LOSS, "curvature along the mode, mean over checkpoints after the burn-in"),
        "critical_stiffness": variable("", "1", "stiffness (1 - sqrt beta)^2 above which a mode oscillates"),
        **with_interval("stiffness", "mode", "1", "stiffness eta (rho + lambda) fitted to the walk"),
        "stiffness_error": variable("mode", "1", "standard error of the fitted stiffness"),
        "stiffness_hessian": variable("mode", "1", "stiffness from the curvature"),
        "oscillation_bound": variable("mode", "1", "lower 95 % bound of the stiffness for the test of oscillation"),
        "oscillation_p": variable("mode", "1", "p of a stiffness as large at the critical mode (NaN: not tested)"),
        "oscillation_p_adjusted": variable("mode", "1", "the same, corrected for the number of modes (Holm)"),
        "oscillates": variable("mode", "1", "1 where the corrected p is at most 0.05, else 0 (NaN: not tested)"),
        "confinement_p": variable("mode", "1", "p of a stiffness as large in a free mode (NaN: not tested)"),
        "confinement_p_adjusted": variable("mode", "1", "the same, corrected for the number of modes (Holm)"),
        **with_interval("frequency", "mode", "1/step", "frequency of the fitted stiffness"),
        "frequency_hessian": variable("mode", "1/step", "frequency from the curvature"),
        "damping_hessian": variable("mode", "1/step", "decay rate of the mode's mean from the curvature"),
        **with_interval("position_variance", "mode", "1", "variance of the position over these steps"),
        "position_variance_chain": variable("mode", "1", "the same expected of the exact chain"),
        **with_interval("velocity_variance", "mode", "1", "variance of the velocity over these steps"),
        "velocity_variance_chain": variable("mode", "1", "the same expected of the exact chain"),
        "position_mean": variable("mode", "1", "mean position over these steps"),
        "position_mean_error": variable("mode", "1", "standard error of the mean position, of the exact chain"),
        **with_interval("minimum_training", "mode", "1", "position of the minimum of the training loss"),
        **with_interval("minimum_modified", "mode", "1", "position of the minimum of the modified loss"),
        "kind_of_mode": variable("mode", "1", "class of the mode by the tests ('not tested')"),
        "kind_of_chain": variable("mode", "1", "class of the mode of the chain with the measured curvature"),
        "free_share_chain": variable("mode", "1", "displacement of the chain over the run, over that of a free mode"),
        "share": variable("mode", "1", "share of the mode in the squared displacement"),
        "kind_share": variable("kind", "1", "share of the class in the squared displacement"),
        "outside_share": variable("", "1", "share of all other directions in the squared displacement"),
    },
)


def compute(
    directions: xr.Dataset,
    noise_curvature: xr.Dataset,
    *,
    burn_in: int = 1000,
    copies: int = 2000,
    interval_copies: int = 400,
    seed: int = 0,
) -> xr.Dataset:
    """Stiffness eta (rho + lambda) of each mode, whether it oscillates, and its moments, against Hessian and chain.

    directions, noise_curvature: files of the run. burn_in: steps, at most a fifth of the run. copies: simulated modes
    behind p values. interval_copies: behind each interval. seed: of both.

    Stiffness: felt_curvature. Tests, one-sided, for independent batches only, whose noise is known to be white:
    against the critical mode (it oscillates) and against a free one (it is confined), p from simulated modes of the
    same length, corrected by Holm. Chain: theory with curvature and noise of the checkpoints after the burn-in, without
    a fitted constant; its variances are those expected over as many steps about their own mean, finite in free modes
    too. Minima: loss_minima. Kinds: by the tests where batches are independent; of the chain: oscillating, or confined
    where the chain moves less than half as far as a free mode over the run. Shares of mean |Delta|^2 after the burn-in
    are by the tests, or by the chain where there are none.

    Returns the data set of CONTRACT; NaN for a run that diverged or has fewer than 20 steps.
    """
    child, rng = Child.of(directions), np.random.default_rng(seed)
    steps, examples = directions.sizes["step"], int(noise_curvature.examples)
    first = settled(burn_in, steps)
    later = noise_curvature.isel(snapshot=noise_curvature.step.values >= first)
    rho, variance = (later[name].mean("snapshot").values for name in ("curvature", "variance"))
    chain = expected(child, rho, variance, examples, steps - first)
    found = of_the_chain(child, rho, chain) | minima(directions, later, child)
    found |= {"kind_of_mode": np.full(len(rho), "not tested", object)}
    series = directions[["position", "velocity", "gradient"]].to_array().values
    if steps - first >= FEWEST and np.isfinite(series).all() and child.noisy(examples):
        epoch = None if child.independent else child.batches(examples)
        felt = regress(*series[[0, 2]], first, child.batch_size, epoch)
        found["position_mean"] = series[0, first:].mean(axis=0)
        found |= fitted(felt, *series[:2, first:], child, examples, interval_copies, rng)
        found |= tested(found, child, steps - first, copies, examples, rng) if child.independent else {}
    kinds = found["kind_of_mode" if child.independent else "kind_of_chain"]
    return data_set(
        found | shares(directions, first, kinds) | {"first_step": first, "critical_stiffness": child.critical},
        len(rho),
    )


def tested(found: dict, child: Child, steps: int, copies: int, examples: int, rng) -> dict[str, np.ndarray]:
    """Tests of oscillation and of confinement, and the kinds that follow, by name [mode]."""
    columns = {}
    for name, edge in (("oscillation", child.critical), ("confinement", 0.0)):
        null = deviations(child, edge, steps, copies, examples, rng)
        columns[f"{name}_p"] = p_values((found["stiffness"] - edge) / found["stiffness_error"], null)
        if edge:
            columns["oscillation_bound"] = found["stiffness"] - np.quantile(null, 1 - LEVEL) * found["stiffness_error"]
    if not child.momentum:  # without momentum no mode oscillates
        columns["oscillation_p"] = np.full(len(found["stiffness"]), np.nan)
    columns |= {f"{name}_adjusted": holm(p) for name, p in columns.items() if name.endswith("_p")}
    above = found["stiffness"] >= (1 + np.sqrt(child.momentum)) ** 2
    columns["oscillates"] = ((columns["oscillation_p_adjusted"] <= LEVEL) & ~above).astype(float)
    confined = columns["confinement_p_adjusted"] <= LEVEL
    columns["kind_of_mode"] = kinds(columns["oscillates"] == 1, confined)
    return columns


def of_the_chain(child: Child, rho: np.ndarray, chain: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Curvature, and what the chain expects with it, by the names of the contract [mode]."""
    named = {
        "curvature": rho,
        "stiffness_hessian": child.stiffness(rho),
        "position_variance_chain": chain["position_variance"],
        "velocity_variance_chain": chain["velocity_variance"],
        "position_mean_error": chain["mean_error"],
        "frequency_hessian": chain["frequency"],
        "damping_hessian": chain["damping"],
        "free_share_chain": chain["free_share"],
    }
    kind = kinds(chain["frequency"] % 0.5 > 0, chain["free_share"] < 0.5)  # frequency .5: a mode that alternates
    return named | {"kind_of_chain": np.where(np.isfinite(chain["free_share"]), kind, "unknown")}


def kinds(oscillates: np.ndarray, confined: np.ndarray) -> np.ndarray:
    """The class of each mode as text."""
    return np.where(oscillates, "oscillating", np.where(confined, "confined", "diffusive")).astype(object)


def shares(directions: xr.Dataset, first: int, kinds: np.ndarray) -> dict[str, np.ndarray]:
    """Shares of modes, of kinds and of all other directions in the mean squared displacement after the burn-in."""
    late = directions.isel(step=slice(first, None))
    share = ((late.position**2).mean("step") / late.squared_displacement.mean()).values
    return {
        "share": share,
        "kind_share": np.array([share[kinds == kind].sum() for kind in KINDS]),
        "outside_share": 1 - share.sum(),
    }


def data_set(found: dict, modes: int) -> xr.Dataset:
    """The data set of CONTRACT, NaN where nothing was found."""
    sizes = {"mode": modes, "kind": len(KINDS)}
    columns = {
        name: (known.dims, found.get(name, np.full([sizes[dim] for dim in known.dims], np.nan)))
        for name, known in CONTRACT.variables.items()
        if name not in sizes
    }
    return xr.Dataset(columns, {"mode": np.arange(modes), "kind": list(KINDS)})
