"""How far a child goes: exponents of walks whose law is known, drift, and the limits of short windows."""

import children
import numpy as np
import pytest
import xarray as xr
from scipy.stats import t as student
from sgdwalk.analyses import displacement, limiting_ensemble
from sgdwalk.storage import contracts
from sgdwalk.trajectory.between_seeds import between_seeds
from sgdwalk.trajectory.distance_geometry import local_exponent
from walks import ballistic, fbm, slow_msd

RUN = children.settings()


def measured(position, window=None, sketch=None, **settings):
    """displacement.nc of a walk [step, direction], recorded in windows of this many steps (all in one), or sketched."""
    still, run = np.zeros_like(position), RUN
    found = displacement.compute(
        children.directions(run, (position, still, still), min(2, position.shape[1])),
        children.distances(run, position, window or len(position)),
        children.sketch(run, position, 0) if sketch is None else sketch,
        **settings,
    )
    contracts.check(found, displacement.CONTRACT)
    return found


def test_every_curve_and_fit_against_a_slow_loop():
    walk = fbm(0.6, 400, 5, np.random.default_rng(0))
    found = measured(walk, burn_in=50)
    late, times = walk[50:], np.arange(133, 400)
    assert (int(found.first_step), int(found.lag[-1]), int(found.time[-1])) == (50, 70, 399)
    np.testing.assert_allclose(found.msd, [slow_msd(late, lag) for lag in found.lag.values], rtol=1e-10)
    away = ((walk - walk[0]) ** 2).sum(axis=1)
    np.testing.assert_allclose(found.squared_displacement, away[found.time.values], rtol=1e-12)
    slope = np.linalg.lstsq(np.stack([np.log(times), np.ones(267)], 1), np.log(away[times]), rcond=None)[0][0]
    assert float(found.exponent.sel(fit="start")) == pytest.approx(slope)
    assert found.first_lag.values.tolist()[:2] == [133, 1]
    assert found.last_lag.values.tolist() == [399, 70, found.lag.values[found.lag <= 35][-1], found.last_lag[2]]
    steps = np.diff(late, axis=0)
    far = [steps[i] @ steps[j] for i in range(349) for j in range(i + 350 // 4, 349)]
    assert float(found.squared_drift) == pytest.approx(np.mean(far))
    np.testing.assert_allclose(found.drift_share, np.mean(far) * found.lag**2 / found.msd, rtol=1e-9)
    np.testing.assert_allclose(found.local_exponent, local_exponent(found.lag.values, found.msd.values))


@pytest.mark.parametrize("H", [0.3, 0.5, 0.75])
def test_all_exponents_of_self_similar_walks(H):
    """Means over 12 walks within four standard errors and the small bias of logarithms."""
    found = [measured(fbm(H, 500, 200, np.random.default_rng(seed)), burn_in=100) for seed in range(12)]
    values = np.array([part.exponent.values for part in found])
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    assert (np.abs(values[:, :3].mean(axis=0) - 2 * H) < 4 * error[:3] + 0.01).all()
    by_length = np.array([part.exponent_of_length.values for part in found])
    assert np.abs(by_length.mean(axis=0) - 2 * H).max() < 4 * by_length.std(axis=0, ddof=1).max() / np.sqrt(12) + 0.02
    np.testing.assert_allclose(by_length[:, -1], values[:, 0])


def test_a_straight_line_is_all_drift():
    found = measured(ballistic(300, 4, np.random.default_rng(0)))
    np.testing.assert_allclose(found.exponent[:3], 2)
    np.testing.assert_allclose(found.drift_share, 1, rtol=1e-9)
    np.testing.assert_allclose(found.msd_without_drift / found.msd, 0, atol=1e-9)


@pytest.mark.slow
def test_drift_is_found_and_removed_and_a_driftless_walk_has_none():
    rng, alarms, drifting = np.random.default_rng(0), [], []
    for _ in range(200):
        walk = np.cumsum(rng.standard_normal((300, 10)), axis=0)
        found = measured(walk, burn_in=0)
        alarms.append(float(found.drift_share[-1] > found.drift_share_null[-1]))
        moved = measured(walk + 0.3 * np.arange(300)[:, None], burn_in=0)
        drifting.append((float(moved.squared_drift), *moved.exponent.values[2:]))
    assert np.mean(alarms) < 0.025 + 3 * np.sqrt(0.025 * 0.975 / 200)
    squared, raw, without = np.mean(drifting, axis=0)
    error = np.std([row[0] for row in drifting], ddof=1) / np.sqrt(200)
    assert squared == pytest.approx(10 * 0.3**2, abs=4 * error)
    assert raw > 1.3
    assert without == pytest.approx(1, abs=0.03)


def test_windows_that_are_cut_from_a_run_have_the_same_msd_up_to_their_length():
    walk = fbm(0.5, 410, 20, np.random.default_rng(1))
    cut, whole = measured(walk, 100, burn_in=80), measured(walk, burn_in=80)
    parts = [walk[80:100], *(walk[k : k + 100] for k in (100, 200, 300)), walk[400:]]
    for lag in (1, 5, 30, 65):
        pairs = [((part[lag:] - part[:-lag]) ** 2).sum(axis=1) for part in parts if len(part) > lag]
        if lag in cut.lag:
            assert float(cut.msd.sel(lag=lag)) == pytest.approx(np.concatenate(pairs).mean())
    assert cut.lag[-1] <= 66 == int((410 - 80) * 0.2)
    assert int(measured(walk, 41, burn_in=80).lag[-1]) == 40  # the longest window
    assert float(cut.exponent.sel(fit="start")) == float(whole.exponent.sel(fit="start"))


@pytest.mark.slow
def test_a_sketch_gives_all_lags_beyond_the_windows():
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.standard_normal((300, 8)) + 0.1, axis=0)
    exact = measured(walk, burn_in=60)
    same = measured(walk, 50, children.sketch(RUN, walk, 8), burn_in=60)
    for name in ("msd", "squared_drift", "drift_share", "exponent"):
        np.testing.assert_allclose(same[name], exact[name], rtol=1e-5, err_msg=name)
    assert same.lag[-1] == exact.lag[-1] == 48
    np.testing.assert_allclose(same.drift_share_null, exact.drift_share_null, rtol=0.1)
    projected = measured(walk, 50, children.sketch(RUN, walk, 200, rng), burn_in=60)
    np.testing.assert_allclose(projected.msd, exact.msd, rtol=4 * float(projected.sketch_error))
    assert float(projected.sketch_error) == pytest.approx(0.1)
    alarms = []
    for _ in range(200):
        walk = np.cumsum(rng.standard_normal((300, 10)), axis=0)
        found = measured(walk, 50, children.sketch(RUN, walk, 30, rng), burn_in=0)
        alarms.append(float(found.drift_share[-1] > found.drift_share_null[-1]))
    assert np.mean(alarms) < 0.025 + 3 * np.sqrt(0.025 * 0.975 / 200)


def test_a_run_that_diverged_has_no_exponents_and_one_too_short_neither():
    walk = fbm(0.5, 200, 5, np.random.default_rng(0))
    walk[150:] = np.nan
    found = measured(walk)
    assert found.exponent.isnull().all()
    assert found.msd.isnull().all()
    assert np.isfinite(found.squared_displacement[found.time < 150]).all()
    assert measured(fbm(0.5, 4, 3, np.random.default_rng(0))).exponent[1:].isnull().all()
    assert measured(np.zeros((100, 3))).exponent.isnull().all()


def group(count, steps=300):
    walks = (fbm(0.5, steps, 10, np.random.default_rng(seed)) for seed in range(count))
    return [measured(walk).assign_attrs(run=f"s{k}") for k, walk in enumerate(walks)]


def test_intervals_between_seeds_are_those_of_student():
    parts = group(4)
    found = limiting_ensemble.compute(parts)
    contracts.check(found, limiting_ensemble.CONTRACT)
    for name in ("exponent", "exponent_of_length", "drift_share", "local_exponent", "start_exponent"):
        values = np.array([part[name].values for part in parts])
        half = student.ppf(0.975, 3) * values.std(axis=0, ddof=1) / 2
        np.testing.assert_allclose(found[name], values.mean(axis=0))
        np.testing.assert_allclose(found[f"{name}_low"], values.mean(axis=0) - half)
        np.testing.assert_allclose(found[f"{name}_high"], values.mean(axis=0) + half)
    logs = np.log([part.msd.values for part in parts])
    width = np.exp(2 * student.ppf(0.975, 3) * logs.std(axis=0, ddof=1) / 2)
    np.testing.assert_allclose(found.msd_high / found.msd_low, width)
    np.testing.assert_array_equal(found.run_exponent, [part.exponent.values for part in parts])


def test_one_run_has_no_interval():
    found = limiting_ensemble.compute(group(1))
    assert np.isfinite(found.exponent).all()
    for name in found.data_vars:
        if name.endswith(("_low", "_high")):
            assert found[name].isnull().all(), name


def test_the_interval_between_seeds_covers_the_mean():
    values = xr.DataArray(1 + 0.1 * np.random.default_rng(0).standard_normal((3, 2000)), dims=("run", "case"))
    _, low, high, _ = between_seeds(values)
    assert float(((low <= 1) & (high >= 1)).mean()) == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 2000))
