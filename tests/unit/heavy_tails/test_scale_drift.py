import numpy as np
import pytest
import xarray as xr
from scipy.signal import lfilter
from scipy.stats import f as fisher
from scipy.stats import kstest
from sgdwalk.analyses import tails
from sgdwalk.heavy_tails import gradient_views, scale_drift
from sgdwalk.heavy_tails.stable import distribution as stable

EACH = 4  # gradients per step


def drifting(memory, steps, seed, spread=0.5):
    """(gradients, step of each): Gaussians whose log-scale is an AR(1) series of this memory and spread."""
    rng = np.random.default_rng([seed, 8])
    push = np.sqrt(1 - memory**2) * rng.standard_normal(steps)
    push[0] /= np.sqrt(1 - memory**2)
    scale = np.exp(spread * lfilter([1], [1, -memory], push))
    step = np.repeat(np.arange(steps), EACH)
    return rng.standard_normal(len(step)) * scale[step], step


def test_correlation_time_of_a_known_scale():
    # AR(1): the sum of memory^lag over lags 1, 2, ... is memory / (1 - memory)
    for memory in (0.5, 0.8):
        found = [scale_drift.correlation_time(*drifting(memory, 3000, seed)) for seed in range(20)]
        assert np.mean(found) == pytest.approx(memory / (1 - memory), rel=0.12)


def test_the_correlation_time_against_a_slow_rewrite():
    x, step = drifting(0.8, 300, 1)
    x[5], x[8:12] = 0, np.nan  # step 2 has no values
    steps = [t for t in range(300) if t != 2]
    logs = {t: [np.log(abs(v)) for v, s in zip(x, step, strict=True) if s == t and v != 0 and v == v] for t in steps}
    mean = {t: np.mean(logs[t]) for t in steps}
    within = sum((v - mean[t]) ** 2 for t in steps for v in logs[t]) / sum(len(logs[t]) - 1 for t in steps)
    series = np.array([mean[t] for t in steps])
    away = series - series.mean()
    covariance = [np.mean([away[t] * away[t + k] for t in range(len(away) - k)]) for k in range(60)]
    variance = covariance[0] - within * np.mean([1 / len(logs[t]) for t in steps])
    last = next(k for k in range(1, 60) if covariance[k] <= 0)
    assert scale_drift.correlation_time(x, step) == pytest.approx(sum(covariance[1:last]) / variance, rel=1e-9)


def test_a_constant_scale_or_one_that_each_step_draws_anew_has_no_correlation_time():
    rng = np.random.default_rng(0)
    step = np.repeat(np.arange(250), EACH)
    for anew in (0, 0.5):
        found = [
            scale_drift.blocks(rng.standard_normal(1000) * np.exp(anew * rng.standard_normal(250))[step], step, 250, 10)
            for _ in range(100)
        ]
        assert np.mean([blocks.time == 0 for blocks in found]) >= 0.93  # 2.3 % pass two standard errors
        assert sum(blocks.drifts for blocks in found) <= 12  # of 100 at 5 %: three standard deviations
        assert all(blocks.length == 10 for blocks in found)


@pytest.mark.parametrize("x", [[], [0.0] * 60, [np.nan] * 60, [1.0] * 60])
def test_samples_that_show_no_scale_have_no_correlation_time(x):
    assert scale_drift.correlation_time(np.array(x), np.arange(len(x))) == 0


@pytest.mark.parametrize(
    ("time", "window", "length", "drifts"),
    [(0, 250, 10, False), (7.1, 250, 15, False), (9, 250, 16, True), (40, 250, 16, True), (3, 60, 10, True)],
)
def test_blocks_are_two_correlation_times_within_bounds(monkeypatch, time, window, length, drifts):
    monkeypatch.setattr(scale_drift, "correlation_time", lambda x, step: time)
    monkeypatch.setattr(scale_drift, "slow_change", lambda x, step, time: 0.5)
    assert scale_drift.blocks(None, None, window, 10) == (length, time, drifts)


def slow_p_value(x, step, last):
    """The F test of the slowest modes, mode by mode."""
    steps = np.unique(step)
    mean = np.array([np.mean(np.log(np.abs(x[(step == t) & (x != 0) & (x == x)]))) for t in steps])
    n = len(mean)
    power = [(np.cos(np.pi * k * (np.arange(n) + 0.5) / n) @ (mean - mean.mean())) ** 2 for k in range(1, last + 1)]
    return fisher.sf(np.mean(power[:3]) / np.mean(power[3:]), 3, last - 3)


@pytest.mark.parametrize(("time", "last"), [(0, 99), (0.5, 25), (5, 15), (80, 15)])
def test_the_p_value_of_a_slow_change_against_a_slow_rewrite(time, last):
    x, step = drifting(0.9, 100, 2)
    x[5], x[9] = 0, np.nan
    assert scale_drift.slow_change(x, step, time) == pytest.approx(slow_p_value(x, step, last), rel=1e-9)


def test_the_p_value_of_a_slow_change_is_uniform_for_a_constant_scale():
    found = [scale_drift.slow_change(*drifting(0.0, 250, seed, spread=0), 0.0) for seed in range(400)]
    assert kstest(found, "uniform").pvalue > 0.01


@pytest.mark.parametrize(
    ("memory", "steps", "least", "most"),
    [(0.5, 250, 0, 13), (0.9, 1000, 0, 16), (0.99, 250, 80, 100), (0.999, 250, 45, 80), (0.999, 1000, 80, 100)],
)
def test_windows_of_few_correlation_times_are_said_to_drift_and_others_seldom(memory, steps, least, most):
    # .999 at 250 steps: in a third of the windows the scale hardly changes
    drifts = [scale_drift.blocks(*drifting(memory, steps, seed), steps, 10).drifts for seed in range(100)]
    assert least <= sum(drifts) <= most


@pytest.mark.parametrize("size", [0, 1, 3, 15])
def test_few_values_or_equal_ones_show_no_slow_change(size):
    assert scale_drift.slow_change(np.arange(1.0, size + 1), np.arange(size), 0) == 1
    assert scale_drift.slow_change(np.ones(50), np.arange(50), 0) == 1


@pytest.mark.slow
def test_intervals_allow_for_a_scale_that_changes_over_many_steps():
    # memory .9 at 1,000 steps: blocks of ten covered 88 % of 200, blocks of two correlation times 94 %
    wide = np.random.default_rng(1).standard_normal((2, 200_000))
    truth = stable.fit(wide[0] * np.exp(0.5 * wide[1])).alpha
    hits = {"ten": 0, "times": 0}
    for seed in range(60):
        x, step = drifting(0.9, 1000, seed)
        for name, blocks in (
            ("ten", scale_drift.Blocks(10, 0.0, False)),
            ("times", scale_drift.blocks(x, step, 1000, 10)),
        ):
            found = gradient_views.fitted(x, step, blocks)
            hits[name] += found["alpha_low"] <= truth <= found["alpha_high"]
    assert hits["times"] >= 51  # three standard deviations below 95 %
    assert hits["times"] > hits["ten"]


def gradients(memory, steps, windows):
    """gradients.nc with the same drifting scale in all views."""
    samples = [drifting(memory, steps, seed) for seed in range(windows)]
    x, step = np.stack([x for x, _ in samples]), samples[0][1] + steps * np.arange(windows)[:, None]
    return xr.Dataset(
        {
            "gradient": (("window", "sample"), x),
            "step": (("window", "sample"), step),
            "window_start": ("window", steps * np.arange(windows)),
            "window_steps": ("window", np.full(windows, steps)),
            "layer_gradient": (("window", "layer", "layer_sample"), x[:, None]),
            "layer_step": (("window", "layer_sample"), step),
            "tracked_gradient": (("window", "step_in_window", "tracked"), x.reshape(windows, steps, EACH)),
            "tracked_parameter": ("tracked", np.arange(EACH)),
            "tracked_layer": ("tracked", ["all"] * EACH),
        },
        {"window": np.arange(windows), "layer": ["all"]},
    )


def test_a_window_whose_scale_drifts_says_so_in_every_view():
    result = tails.compute(gradients(0.99, 300, 2), copies=20)
    for name in ("status", "layer_status", "tracked_status", "time_status"):
        assert set(result[name].values.ravel()) == {"scale drifts"}, name
    assert (result.scale_time > 10).all()
    assert np.isfinite(result.alpha_low).all()
    assert np.isfinite(result.log_likelihood_ratio.sel(rival="laplace")).all()
    steady = tails.compute(gradients(0.0, 300, 1), copies=20)
    assert {str(v) for v in steady.status.values} == {"ok"}
    assert steady.scale_time == 0


def test_the_blocks_of_every_view_are_those_of_its_own_scale():
    data = gradients(0.9, 500, 1)
    result = tails.compute(data, copies=20)
    x, step = data.gradient.values[0], data.step.values[0]
    blocks = scale_drift.blocks(x, step, 500, 10)
    assert blocks.length > 10
    assert result.scale_time[0] == blocks.time
    fit = stable.fit(x, blocks=step // blocks.length, copies=20)
    assert (result.alpha_low[0], result.effective_number[0]) == (fit.alpha_low, fit.effective_number)
    fit = stable.fit(x, blocks=step // blocks.length)
    assert (result.layer_alpha_low[0, 0], result.layer_effective_number[0, 0]) == (fit.alpha_low, fit.effective_number)
    series = x.reshape(500, EACH)
    pool = np.stack(
        [(s - np.median(s)) / ((np.quantile(s, 0.75) - np.quantile(s, 0.25)) / 2) for s in series.T], axis=1
    )
    together = scale_drift.blocks(pool.ravel(), step, 500, 10)
    fit = stable.fit(pool.ravel(), blocks=step // together.length)
    assert result.time_alpha_low[0] == pytest.approx(fit.alpha_low, abs=1e-6)
    fit = stable.fit(series[:, 2], blocks=np.arange(500) // together.length)
    assert result.tracked_alpha_low.values[0, 2] == pytest.approx(fit.alpha_low, abs=1e-9)
