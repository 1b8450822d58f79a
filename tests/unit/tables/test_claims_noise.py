"""Does gradient noise fall as superdiffusion goes? The claims on it can come out each way."""

import numpy as np
import xarray as xr
from claim_data import results, row_of, run

WHOLE = "gradient noise falls as superdiffusion goes"
BEYOND = f"{WHOLE}, beyond their trends"
COUNT = 24


def study(exponent, noise):
    """A run of COUNT windows of ten steps with these exponents and noise strengths."""
    training = run("a").assign(noise_norm=("noise_step", np.repeat(noise, 10) ** 0.5))
    msd = xr.Dataset(
        {"exponent": (("window", "fit"), np.reshape(exponent, (-1, 1)))},
        {"fit": ["paper"], "window_start": ("window", 10 * np.arange(len(exponent))), "lag": np.arange(1, 10)},
        {"run": "a"},
    )
    return results([training], msd=[msd])


def rows(exponent, noise):
    found = study(exponent, noise)
    return row_of(WHOLE, found), row_of(BEYOND, found)


def series(seed=0):
    return np.random.default_rng(seed).uniform(0.5, 1.5, (2, COUNT))


def test_what_two_falling_curves_have_in_common_is_no_evidence():
    one, other = np.linspace(2, 1, COUNT) + 0.2 * (series() - 1)
    whole, beyond = rows(one, other)
    assert whole["estimate"] > 0.7
    assert (whole["verdict"], whole["reason"]) == ("undecided", "null agrees too")
    assert beyond["verdict"] == "undecided"


def test_noise_that_follows_the_exponent_agrees():
    one, other = series()
    whole, beyond = rows(one + other / 5, one)
    assert beyond["verdict"] == "agrees"
    assert beyond["low"] > 0
    assert whole["low"] > 0


def test_noise_that_grows_when_the_exponent_falls_differs():
    one, other = series()
    for row in rows(one + other / 5, 3 - one):
        assert row["verdict"] == "differs"


def test_a_run_without_recorded_noise_is_not_run():
    for row in rows(series()[0], np.full(COUNT, np.nan)):
        assert row["verdict"] == "not run"
