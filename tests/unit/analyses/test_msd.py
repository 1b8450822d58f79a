import numpy as np
import pytest
from sgdwalk.analyses import msd, msl, path
from sgdwalk.storage import contracts
from sgdwalk.trajectory import distance_geometry, gaussian_walks, msd_exponents, scaling_fits
from walks import ballistic, distances_of, diverge, fbm, levy_flight, ornstein_uhlenbeck, slow_msd

FAST = {"copies": 40}


def walks(make, count, *arguments):
    return [make(*arguments, np.random.default_rng(seed)) for seed in range(count)]


def test_the_result_satisfies_its_contract_and_the_definitions():
    path = fbm(0.6, 60, 7, np.random.default_rng(0))
    result = msd.compute(distances_of(path, path[::-1]), **FAST)
    contracts.check(result, msd.CONTRACT)
    slow = [slow_msd(path, lag) for lag in range(1, 60)]
    np.testing.assert_allclose(result.msd[0], slow, rtol=1e-10)
    np.testing.assert_allclose(result.msd[1], slow, rtol=1e-10)  # reversed in time
    np.testing.assert_allclose(result.msd_from_start[0], ((path[1:] - path[0]) ** 2).sum(1), rtol=1e-10)
    np.testing.assert_array_equal(result.lag, np.arange(1, 60))


@pytest.mark.parametrize("H", [0.25, 0.5, 0.75])
def test_exponents_of_fractional_brownian_motion(H):
    # 400 dimensions: the spread of the exponent is some 0.01
    result = msd.compute(distances_of(*walks(fbm, 3, H, 300, 400)), **FAST)
    for fit in ("whole", "short", "paper"):
        np.testing.assert_allclose(result.exponent.sel(fit=fit), 2 * H, atol=0.06)
    np.testing.assert_allclose(result.local_exponent.sel(lag=slice(2, 40)), 2 * H, atol=0.1)
    np.testing.assert_allclose(result.effective_dimension, 400, rtol=0.25)
    assert (result.crossover_lag.sel(fit="paper") == 1).all()  # a power law from its first lag


def test_ballistic_walk_has_exponent_two_and_is_all_drift():
    result = msd.compute(distances_of(*walks(ballistic, 2, 80, 5)), **FAST)
    np.testing.assert_allclose(result.exponent.sel(fit=["whole", "paper", "short", "long"]), 2, atol=1e-6)
    np.testing.assert_allclose(result.drift_share, 1, atol=1e-6)
    found = result.exponent.notnull()
    assert (result.exponent_low <= result.exponent_high).where(found, True).all()
    assert (result.effective_dimension == 1).all()


@pytest.mark.parametrize("alpha", [1.2, 1.6])
def test_the_time_averaged_msd_of_a_levy_flight_has_exponent_one(alpha):
    result = msd.compute(distances_of(*walks(levy_flight, 12, alpha, 300, 200)), **FAST)
    assert result.exponent.sel(fit="whole").mean() == pytest.approx(1, abs=0.12)  # spread of one: about 0.15


def test_the_msd_of_an_ornstein_uhlenbeck_walk_levels_off_at_twice_its_variance():
    rate, dimensions = 0.2, 300
    path = ornstein_uhlenbeck(rate, 600, dimensions, np.random.default_rng(1))
    result = msd.compute(distances_of(path), **FAST)
    lags = np.array([1, 3, 10, 100])
    truth = 2 * dimensions * (1 - (1 - rate) ** lags) / (1 - (1 - rate) ** 2)
    np.testing.assert_allclose(result.msd[0].sel(lag=lags), truth, rtol=0.03)
    assert float(result.exponent.sel(fit="long")[0]) == pytest.approx(0, abs=0.05)
    assert float(result.exponent.sel(fit="short")[0]) > 0.4


def test_tau0_is_the_first_lag_from_which_the_curve_is_one_power_law():
    # the RMSE of a bend at 30 with slopes 0.6 | 1.5 grows with how much of the short side is let in
    lags = scaling_fits.log_lags(800)
    curve = scaling_fits.TwoSegments(0.6, 1.5, 30.0, 0.0, 0.0)(lags)
    found = msd_exponents.paper_fits(lags, np.stack([curve, lags**1.3]), 0.03).first

    def rmse(start):
        x, y = np.log10(lags[start:]), np.log10(curve[start:])
        weight = np.convolve(np.diff(x), [0.5, 0.5])  # half-way to either neighbour
        slope, level = np.polyfit(x, y, 1, w=np.sqrt(weight))
        return np.sqrt(np.average((y - slope * x - level) ** 2, weights=weight))

    expected = next(lags[k] for k in range(len(lags)) if rmse(k) < 0.03)
    assert list(found) == [expected, 1]
    assert 8 < expected < 30


def test_tau0_is_nan_where_too_few_lags_remain():
    lags = scaling_fits.log_lags(100)
    wild = 10 ** np.random.default_rng(0).standard_normal((1, len(lags)))
    assert np.isnan(msd_exponents.paper_fits(lags, wild, 0.03).first).all()


def test_a_walk_that_turns_superdiffusive_beyond_tau0():
    rng = np.random.default_rng(2)
    lags = np.arange(500)
    variogram = np.concatenate([[0], scaling_fits.TwoSegments(0.6, 1.6, 25.0, 0.0, 0.0)(lags[1:])])
    path = gaussian_walks.gaussian_walks(variogram, 300, 1, rng)[0]
    result = msd.compute(distances_of(path), **FAST).isel(window=0)
    assert float(result.exponent.sel(fit="short")) < 0.75
    assert float(result.exponent.sel(fit="paper")) == pytest.approx(1.6, abs=0.15)
    assert 5 < float(result.crossover_lag.sel(fit="paper")) < 40
    # the paper's exponent is the slope of the averaged MSD over exactly the lags from tau_0 to the longest
    fitted = scaling_fits.log_lags(400)
    fitted = fitted[fitted >= float(result.crossover_lag.sel(fit="paper"))]
    slope, rmse = scaling_fits.power_law(fitted, result.msd.sel(lag=fitted).values)
    assert float(result.exponent.sel(fit="paper")) == pytest.approx(slope, rel=1e-9)
    assert float(result.fit_rmse.sel(fit="paper")) == pytest.approx(rmse, rel=1e-9)
    assert (result.first_lag.sel(fit="paper"), result.last_lag.sel(fit="paper")) == (fitted[0], fitted[-1])


def test_second_regime_starts_with_the_first_of_two_subdiffusive_power_laws():
    rng = np.random.default_rng(0)
    paths = [fbm(H, 200, 300, rng) for H in (0.3, 0.7, 0.3, 0.2)]
    assert float(msd.compute(distances_of(*paths), **FAST).regime_start) == 400
    assert np.isnan(msd.compute(distances_of(*paths[:3]), **FAST).regime_start)  # one window alone


def test_no_regime_starts_in_a_brownian_walk():
    rng = np.random.default_rng(0)
    result = msd.compute(distances_of(*[fbm(0.5, 100, 100, rng) for _ in range(24)]), **FAST)
    assert (result.exponent.sel(fit="whole") < 1).sum() > 6  # estimates alone lie below 1 in every second window
    assert np.isnan(result.regime_start)


def test_drift_share_of_a_drifting_walk_and_its_null():
    rng = np.random.default_rng(0)
    free = np.cumsum(rng.standard_normal((300, 100)), axis=0)
    pulled = free + 2.0 * np.arange(300)[:, None] * np.eye(100)[0]
    result = msd.compute(distances_of(free, pulled), **FAST)
    truth = 4 * 50**2 / (4 * 50**2 + 100 * 50)
    assert float(result.drift_share[1].sel(lag=50)) == pytest.approx(truth, abs=0.1)
    assert float(result.drift_share[1].sel(lag=50)) > float(result.drift_share_null[1].sel(lag=50))
    assert abs(float(result.drift_share[0].sel(lag=50))) < 2 * float(result.drift_share_null[0].sel(lag=50))


def test_a_diverged_window_is_nan_and_does_not_affect_the_others():
    data = distances_of(*walks(fbm, 3, 0.5, 60, 20))
    whole, broken = msd.compute(data, **FAST), msd.compute(diverge(data, 1), **FAST)
    for name in ("msd", "exponent", "exponent_low", "effective_dimension", "drift_share"):
        assert broken[name][1].isnull().all(), name
        np.testing.assert_array_equal(broken[name][[0, 2]].notnull(), whole[name][[0, 2]].notnull())
        assert broken[name][[0, 2]].notnull().any(), name
    assert (broken.supported[1] == 0).all()
    np.testing.assert_array_equal(broken.exponent[0], whole.exponent[0])
    assert msd.compute(diverge(data.isel(window=[0]), 0), **FAST).exponent.isnull().all()


def test_supported_lags_have_enough_independent_displacements():
    few, many = (fbm(0.5, 200, dimensions, np.random.default_rng(0)) for dimensions in (3, 300))
    result = msd.compute(distances_of(few, many), **FAST)
    fewest = np.where(result.lag <= 20, 40, 60)
    np.testing.assert_array_equal(result.supported, result.independent_displacements >= fewest)
    assert 5 < int(result.supported[0].sum()) <= 20  # 1.5 x 3 x 200 / lag = 40 at lag 22, just beyond a tenth
    assert (result.supported[1].sel(lag=slice(None, 160)) == 1).all()


def test_no_lag_of_a_walk_of_a_few_jumps_is_supported():
    steps = np.random.default_rng(0).standard_normal((200, 100))
    steps[[30, 90, 150]] *= 100
    result = msd.compute(distances_of(steps.cumsum(0), fbm(0.5, 200, 100, np.random.default_rng(1))), **FAST)
    assert float(result.effective_steps[0, 0]) == pytest.approx(3, rel=0.1)
    assert float(result.effective_steps[1, 0]) == pytest.approx(199 / (1 + 2 / 100), rel=0.02)
    np.testing.assert_array_equal(result.supported.sum("lag") > 0, [False, True])


def test_fits_over_fixed_ranges_use_the_lags_of_their_range():
    result = msd.compute(distances_of(fbm(0.5, 300, 20, np.random.default_rng(0))), **FAST).isel(window=0)
    ends = {"early": (1, 10), "middle": (10, 30), "late": (30, 240)}
    for fit, (first, last) in ends.items():
        found = result.sel(fit=fit)
        assert (found.first_lag, found.last_lag) == pytest.approx((first, last), rel=0.12)
        lags = scaling_fits.log_lags(240)
        lags = lags[(lags >= first) & (lags <= last)]
        slope = scaling_fits.power_law(lags, result.msd.sel(lag=lags).values)[0]
        assert float(found.exponent) == pytest.approx(float(slope), rel=1e-9)
        assert found.exponent_low < found.exponent < found.exponent_high


def test_a_range_without_lags_is_nan():
    result = msd.compute(distances_of(fbm(0.5, 60, 20, np.random.default_rng(0))), **FAST).isel(window=0)
    assert np.isnan(result.exponent.sel(fit="middle"))  # 10 to 6
    assert np.isfinite(result.exponent.sel(fit=["early", "late"])).all()


def test_the_drift_is_removed_up_to_a_tenth_of_the_window():
    rng = np.random.default_rng(0)
    pulled = np.cumsum(rng.standard_normal((400, 100)), axis=0) + 2.0 * np.arange(400)[:, None] * np.eye(100)[0]
    result = msd.compute(distances_of(pulled), **FAST).isel(window=0)
    assert float(result.squared_drift) == pytest.approx(4, rel=0.15)
    left = result.msd_without_drift
    np.testing.assert_allclose(left.sel(lag=slice(1, 40)), 100 * np.arange(1, 41), rtol=0.2)
    assert float(result.msd.sel(lag=40)) == pytest.approx(100 * 40 + 4 * 40**2, rel=0.1)
    assert left.sel(lag=slice(41, None)).isnull().all()


def test_a_short_last_window_is_left_out():
    data = distances_of(*walks(fbm, 3, 0.5, 60, 20))
    data.distance2[2, 500:] = np.nan
    data.window_steps[2] = 40
    for analysis in (msd, path, msl):
        result = analysis.compute(data, **FAST)
        contracts.check(result, analysis.CONTRACT)
        assert list(result.window_start.values) == [0, 60]
    with pytest.raises(ValueError, match="window = 60: must be at most 40, the steps of the run"):
        msd.compute(data.isel(window=[2]), **FAST)


@pytest.mark.parametrize(("steps", "longest"), [(20, 0.4), (40, 0.15), (20, 0.15)])
def test_other_fits_do_not_need_a_fit_of_two_segments(steps, longest):
    # 8, 6 and 3 lags: no factor of three on either side of a crossover
    data = distances_of(fbm(0.5, steps, 20, np.random.default_rng(0)))
    result = msd.compute(data, longest=longest, **FAST).isel(window=0)
    for name in msd_exponents.PER_FIT:
        assert result[name].sel(fit=["short", "long"]).isnull().all(), name
        assert not np.isinf(result[name]).any(), name
    whole = result.sel(fit="whole")
    assert whole.exponent_low < whole.exponent < whole.exponent_high


@pytest.mark.parametrize("analysis", [msd, path, msl])
def test_fits_may_extend_over_the_whole_window(analysis):
    rng = np.random.default_rng(0)
    walk = fbm(0.5, 60, 20, rng)
    data = distances_of(walk, loss=(walk**2).sum(1)[None])  # a loss that changes along the walk
    result = analysis.compute(data, longest=1, **FAST).isel(window=0)
    for name in ("exponent", "exponent_low", "exponent_high"):
        assert result[name].sel(fit=["short", "long"]).notnull().all(), name
    if analysis is msd:
        assert result.last_lag.sel(fit="whole") == 59


def test_the_null_of_the_drift_is_wider_where_dimensions_are_few():
    walk = distances_of(np.cumsum(np.random.default_rng(0).standard_normal((100, 1)), axis=0))
    result = msd.compute(walk, **FAST).isel(window=0)
    d2 = np.zeros((100, 100))
    d2[np.triu_indices(100, 1)] = walk.distance2[0]
    spread = distance_geometry.drift2(d2 + d2.T)[1] / result.msd
    assert float((result.drift_share_null / spread).sel(lag=1)) == pytest.approx(2.33, abs=0.03)


def test_a_null_and_the_directions_stand_beside_each_exponent():
    rng = np.random.default_rng(0)
    steps = rng.standard_normal((300, 200)) * np.geomspace(30, 1, 300)[:, None]
    result = msd.compute(distances_of(steps.cumsum(0)), **FAST).isel(window=0)
    lags = scaling_fits.log_lags(240)
    for fit in ("whole", "early", "middle", "late"):
        found = result.sel(fit=fit)
        x = lags[(lags >= float(found.first_lag)) & (lags <= float(found.last_lag))]
        for curve, name in (("orthogonal_msd", "exponent_null"), ("direction_msd", "direction_exponent")):
            slope = scaling_fits.power_law(x, result[curve].sel(lag=x).values)[0]
            assert float(found[name]) == pytest.approx(float(slope), rel=1e-9), name
        assert float(found.excess) == pytest.approx(float(found.exponent - found.exponent_null))
        assert float(found.exponent) < 0.98
        assert float(found.direction_exponent) == pytest.approx(1, abs=0.1)  # late, the spread is 0.04
    short = result.sel(fit="short")
    null = scaling_fits.two_segments(
        lags, result.orthogonal_msd.sel(lag=lags).values, crossover=float(short.crossover_lag)
    )
    assert float(short.exponent_null) == pytest.approx(null.short)
    # uneven steps alone lower the exponent; what is left holds 0, and the interval of the exponent 1
    ranges = result.sel(fit=["whole", "early", "middle", "late", "short", "long"])
    assert (ranges.excess_low < 0).all()
    assert (ranges.excess_high > 0).all()
    assert (ranges.exponent_high > 1).all()


def test_a_walk_between_two_points_has_its_msd_and_no_exponent():
    walk = np.zeros((60, 3))
    walk[1::2] = [3, 4, 0]
    result = msd.compute(distances_of(walk, fbm(0.5, 60, 3, np.random.default_rng(0))), **FAST).isel(window=0)
    np.testing.assert_allclose(result.msd, np.where(result.lag % 2, 25, 0))
    np.testing.assert_allclose(result.msd_from_start, np.where(result.lag % 2, 25, 0))
    assert (result.supported == 0).all()
    for name in ("exponent", "exponent_low", "local_exponent", "independent_displacements"):
        assert result[name].isnull().all(), name


def test_rests_are_counted_and_do_not_bias_the_msd():
    moves = np.random.default_rng(0).standard_normal((300, 50))
    moves[np.random.default_rng(1).random(300) < 0.4] = 0
    result = msd.compute(distances_of(moves.cumsum(0)), **FAST).isel(window=0)
    assert float(result.zero_step_share) == pytest.approx((moves[1:, 0] == 0).mean())
    assert float(result.msd.sel(lag=4)) == pytest.approx(slow_msd(moves.cumsum(0), 4))
    assert (result.excess_low < 0).sel(fit="whole")
    assert (result.excess_high > 0).sel(fit="whole")


def test_a_start_away_from_the_minimum_is_told_from_a_mean_reverting_walk():
    rng = np.random.default_rng(0)
    still = [ornstein_uhlenbeck(0.1, 200, 100, rng) for _ in range(6)]
    away = 2 / np.sqrt(1 - 0.9**2) * 0.9 ** np.arange(200)[:, None]  # two standard deviations in each direction
    result = msd.compute(distances_of(*still, *[walk + away for walk in still]), **FAST)
    above = (result.start_distance > result.start_distance_null).values
    assert above[:6].sum() <= 1
    assert above[6:].all()


def test_a_window_of_the_shortest_length_allowed():
    result = msd.compute(distances_of(fbm(0.5, 20, 50, np.random.default_rng(0))), **FAST)
    assert np.isfinite(result.exponent.sel(fit="whole")).all()


def test_same_seed_same_intervals():
    data = distances_of(fbm(0.5, 60, 5, np.random.default_rng(0)))
    assert msd.compute(data, **FAST, seed=3).identical(msd.compute(data, **FAST, seed=3))
