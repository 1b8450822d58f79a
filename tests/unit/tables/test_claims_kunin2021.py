"""The claims on the limiting dynamics: the children that they are about, trends over them, and their verdicts."""

import json

import numpy as np
import pytest
import xarray as xr
from claim_data import results, row_of, run
from scipy.stats import ttest_1samp
from sgdwalk.tables import runs_kunin2021
from sgdwalk.tables.verdicts import Estimate

NAN = float("nan")
HYPERPARAMETERS = {"lr": 0.02, "batch_size": 32, "momentum": 0.9, "weight_decay": 0.001, "sampler": "independent"}


def child(name, **more):
    """training.nc of a child."""
    return run(name, **HYPERPARAMETERS | {"parent": "p"} | more)


def of_run(name, dims=(), **values):
    """A file of a run: values with the interval -+ 0.05 along the dimensions."""
    ends = {"": 0.0, "_low": -0.05, "_high": 0.05}
    variables = {
        f"{what}{end}": (dims, np.array(v) + shift) for what, v in values.items() for end, shift in ends.items()
    }
    return xr.Dataset(variables, attrs={"run": name})


def displaced(name, c, share=0.2, away=1.0, null=1.0):
    """displacement.nc with the exponents of its fits, and with the same null for all."""
    return xr.Dataset(
        {
            "exponent": ("fit", c),
            "exponent_null": ("fit", [null] * 3),
            "drift_share": ("lag", [0, share]),
            "squared_displacement": ("time", [0, away]),
        },
        {"fit": ["start", "average", "without_drift"]},
        {"run": name},
    )


PARENT = run("p", parent=None)


def test_the_reference_is_the_base_if_it_is_a_child_and_else_the_first():
    runs = [PARENT, child("a"), child("b", seed=1), child("c", lr=0.1), child("d", seed=2, lr=0.1)]
    assert runs_kunin2021.reference(results(runs, base="p")).names == ["a"]
    assert runs_kunin2021.reference(results(runs, base="c")).names == ["c"]
    assert runs_kunin2021.reference(results([PARENT], base="p")).names == []
    assert runs_kunin2021.seeds(results(runs, base="p")).names == ["a", "b"]
    assert runs_kunin2021.seeds(results(runs, base="c")).names == ["c", "d"]


def test_a_trend_needs_three_values_of_one_hyperparameter():
    runs = [PARENT, child("a"), child("fast", lr=0.05), child("slow", lr=0.01), child("other", lr=0.01, momentum=0)]
    assert runs_kunin2021.along("lr")(results(runs, base="p")).names == ["slow", "a", "fast"]
    assert runs_kunin2021.along("lr")(results(runs[:3], base="p")).names == []
    assert runs_kunin2021.along("momentum")(results(runs, base="p")).names == []


@pytest.mark.parametrize(("power", "verdict"), [(2, "agrees"), (1, "differs")])
def test_the_speed_follows_the_learning_rate_squared(power, verdict):
    rates = (0.005, 0.01, 0.02, 0.05)
    runs = [PARENT, *(child(f"r{lr}", lr=lr) for lr in rates)]
    speeds = [of_run(f"r{lr}", speed=lr**power) for lr in rates]
    row = row_of("squared step grows as the squared learning rate", results(runs, base="p", speed=speeds))
    assert row["estimate"] == pytest.approx(power)
    assert row["verdict"] == verdict


def test_exponents_are_judged_between_seeds():
    values = [1.3, 1.4, 1.35]
    runs = [PARENT, *(child(name, seed=k) for k, name in enumerate("abc"))]
    files = [displaced(name, [c, 0.8, 0.8]) for name, c in zip("abc", values, strict=True)]
    found = results(runs, base="p", displacement=files)
    row = row_of("displacement from the start grows as t^c with c > 1", found)
    interval = ttest_1samp(values, 0).confidence_interval()
    assert (row["estimate"], row["low"], row["high"]) == pytest.approx((np.mean(values), *interval))
    assert row["verdict"] == "agrees"
    assert row_of("c > 1 without a mean drift", found)["verdict"] == "differs"
    free = [displaced(name, [c, 0.8, 0.8], null=1.3) for name, c in zip("abc", values, strict=True)]
    row = row_of("displacement from the start grows as t^c with c > 1", results(runs, base="p", displacement=free))
    assert (row["verdict"], row["reason"]) == ("undecided", "null agrees too")
    alone = results(runs[:2], base="p", displacement=files[:1])
    assert row_of("displacement from the start grows as t^c with c > 1", alone)["verdict"] == "undecided"


@pytest.mark.parametrize(("growth", "verdict"), [(1, "agrees"), (3, "differs")])
def test_a_constant_speed_is_that_of_the_beginning_after_the_burn_in(growth, verdict):
    width = np.linspace(1, growth, 6000)
    width[:1200] = 50  # the burn-in
    squares = width * np.random.default_rng(0).gamma(20, 1 / 20, 6000)
    data = child("a").assign(step_length=("step_of_child", np.sqrt(squares)))
    speed = xr.Dataset({"first_step": 1200}, attrs={"run": "a"})
    found = results([PARENT, data], base="p", speed=[speed])
    assert row_of("constant speed after convergence", found)["verdict"] == verdict
    assert row_of("constant speed after convergence", results([PARENT, data], base="p"))["verdict"] == "not run"


def test_a_loss_that_does_not_change_speaks_against_no_claim_on_children():
    still = 1 + 0.1 * np.random.default_rng(0).standard_normal(400)
    for parent, reason in (("p", ""), (None, "did not learn")):
        data = run("a", loss=still, **HYPERPARAMETERS | {"parent": parent})
        found = results([PARENT, data], base="a").qualified(Estimate(1, 1, 1), ["a"])
        assert found.reason == reason


def test_weight_decay_is_compared_between_its_ends():
    runs = [PARENT, child("a"), child("none", weight_decay=0), child("much", weight_decay=0.1)]
    speeds = [of_run(name, speed=v) for name, v in (("a", 5.0), ("none", 10.0), ("much", 10.2))]
    row = row_of("squared step independent of weight decay", results(runs, base="p", speed=speeds))
    assert (row["runs"], row["verdict"]) == ("much against none", "agrees")
    assert row["estimate"] == pytest.approx(1.02)
    assert row["high"] - row["estimate"] == pytest.approx(1.02 * np.hypot(0.05 / 10, 0.05 / 10.2), rel=0.02)


def phases(name, tested=True):
    """phase_space.nc of three modes with isotropic positions."""
    rho = np.array([1.0, 0.5, 0.25, 0.12])
    known = of_run(name, ("mode",), stiffness=0.2 * rho, frequency=rho)
    return known.assign(
        critical_stiffness=0.1,
        curvature=("mode", rho),
        frequency_hessian=("mode", 1.02 * rho),
        oscillation_p=("mode", np.where(tested, [0.0, 0, 1, 1], NAN)),
        position_variance=("mode", [1.0, 1.01, 0.99, 1]),
        velocity_variance=("mode", 3 * rho),
        position_mean_error=("mode", np.zeros(4)),
        position_variance_chain=("mode", np.ones(4)),
    )


def test_the_leading_mode_of_independent_batches_is_tested_for_oscillation():
    runs = [PARENT, child("shuffled", sampler="shuffled-epochs"), child("a")]
    found = results(runs, base="p", phase_space=[phases("shuffled", tested=False), phases("a")])
    row = row_of("the leading mode oscillates", found)
    assert (row["runs"], row["estimate"], row["verdict"]) == ("a", pytest.approx(2), "agrees")
    untested = results(runs, base="p", phase_space=[phases("shuffled"), phases("a", tested=False)])
    assert row_of("the leading mode oscillates", untested)["verdict"] == "undecided"
    row = row_of("oscillation at the frequency of the Hessian", found)
    assert (row["estimate"], row["verdict"]) == (pytest.approx(1 / 1.02), "agrees")
    overdamped = phases("a").assign(frequency_hessian=("mode", np.zeros(4)))
    row = row_of("oscillation at the frequency of the Hessian", results(runs, base="p", phase_space=[overdamped]))
    assert row["verdict"] == "undecided"


def test_variances_of_the_modes_are_compared_with_their_curvature():
    found = results([PARENT, child("a")], base="p", phase_space=[phases("a")])
    assert row_of("stationary positions isotropic, not those of the loss", found)["verdict"] == "agrees"
    row = row_of("stationary velocities as wide as the curvature", found)
    assert (row["estimate"], row["verdict"]) == (pytest.approx(1), "agrees")


def test_modes_that_have_not_relaxed_are_left_out_of_stationary_variances():
    slow = phases("a").assign(position_variance=("mode", [1.0, 1.01, 0.99, 0.1]))
    claim = "stationary positions isotropic, not those of the loss"
    assert row_of(claim, results([PARENT, child("a")], base="p", phase_space=[slow]))["verdict"] != "agrees"
    known = slow.assign(position_mean_error=("mode", [0, 0, 0, 0.4]))
    assert row_of(claim, results([PARENT, child("a")], base="p", phase_space=[known]))["verdict"] == "agrees"


def test_a_child_that_diverged_leaves_the_sweep_undecided():
    rates = (0.005, 0.01, 0.02, 0.05)
    runs = [PARENT, *(child(f"r{lr}", lr=lr, diverged=300 if lr == 0.05 else -1) for lr in rates)]
    speeds = [of_run(f"r{lr}", speed=NAN if lr == 0.05 else lr**2) for lr in rates]
    row = row_of("squared step grows as the squared learning rate", results(runs, base="p", speed=speeds))
    assert (row["verdict"], row["reason"]) == ("undecided", "diverged")


def test_batches_of_an_epoch_are_compared_with_sampling_without_replacement():
    runs = [PARENT, child("a"), child("b", sampler="shuffled-epochs")]
    memory = of_run("b", within_epoch=-0.3).assign(within_epoch_predicted=-0.25)
    row = row_of("batches of an epoch are anticorrelated", results(runs, base="p", epoch_memory=[memory]))
    assert (row["runs"], row["expected"], row["verdict"]) == ("b", "-0.25 +- 0.125", "agrees")
    row = row_of("batches of an epoch are anticorrelated", results(runs[:2], base="p"))
    assert row["verdict"] == "not run"


def test_samplers_are_compared_between_seeds():
    names = ["i0", "i1", "s0", "s1"]
    runs = [PARENT] + [
        child(name, seed=int(name[1]), sampler="independent" if name[0] == "i" else "shuffled-epochs") for name in names
    ]
    files = [displaced(n, [1, 1, 1], away=v) for n, v in zip(names, [1.0, 1.01, 0.5, 0.51], strict=True)]
    row = row_of("shuffled epochs reach less far than independent batches", results(runs, base="p", displacement=files))
    assert row["runs"] == "s0, s1 against i0, i1"
    assert row["estimate"] == pytest.approx(np.sqrt(0.5 * 0.51 / 1.01))
    assert row["verdict"] == "agrees"
    alone = results(runs[:4], base="p", displacement=files[:3])
    assert (
        row_of("shuffled epochs reach less far than independent batches", alone)["verdict"] == "undecided"
    )  # one shuffled run has no scatter


def test_the_least_share_of_a_regression_decides():
    def regression(shares):
        dims = ("noise", "momentum", "coordinate")
        ends = {"": 0.0, "_low": -0.005, "_high": 0.005}
        known = {f"all_inside{end}": (dims, np.array([shares, shares]) + shift) for end, shift in ends.items()}
        coordinates = {"momentum": [0.9, 0.99], "coordinate": ["position", "velocity"]}
        return xr.Dataset(known, coordinates, {"run": "", "settings": json.dumps({"sampler": "independent"})})

    for low, verdict in ((0.94, "agrees"), (0.9, "differs")):
        found = results([PARENT], base="p", regression=[regression([[0.95, 0.951], [low, 0.95]])])
        row = row_of("linear regression follows the theory", found)
        assert (row["estimate"], row["verdict"]) == (low, verdict)
