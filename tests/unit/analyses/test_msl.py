import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from sgdwalk.analyses import msl
from sgdwalk.storage import contracts
from sgdwalk.trajectory import scaling_fits
from walks import distances_of, diverge, fbm

FAST = {"copies": 20}
FALL = np.array([[3.0], [2.0], [1.0], [0.0]])  # of the mean loss from window to window: the network learns


def test_curve_against_a_double_loop():
    rng = np.random.default_rng(0)
    walk, loss = fbm(0.5, 40, 6, rng), rng.standard_normal(40)
    result = msl.compute(distances_of(walk, loss=loss[None]), bins=8, **FAST)
    contracts.check(result, msl.CONTRACT)
    pairs = [(np.linalg.norm(walk[i] - walk[j]), (loss[i] - loss[j]) ** 2) for i in range(40) for j in range(i)]
    r, square = np.array(pairs).T
    edges = np.geomspace(r.min(), r.max(), 9)
    for k in range(8):
        inside = (r >= edges[k] * (1 - 1e-12)) & ((r < edges[k + 1]) | (k == 7))
        assert result["count"][0, k] == inside.sum()
        if inside.any():
            assert float(result.msl[0, k]) == pytest.approx(square[inside].mean())
            assert float(result.distance[0, k]) == pytest.approx(r[inside].mean())


def test_msl_is_a_mean_of_squares_not_a_square_of_means():
    # losses +-1 at random: differences average to nothing, their squares to 2
    rng = np.random.default_rng(1)
    loss = rng.choice([-1.0, 1.0], 200)
    result = msl.compute(distances_of(fbm(0.5, 200, 20, rng), loss=loss[None]), **FAST)
    full = result.where(result["count"] > 500)
    np.testing.assert_allclose(full.msl.values[np.isfinite(full.msl.values)], 2, atol=0.4)


def test_the_file_says_which_loss_goes_with_which_weights():
    walk = np.cumsum(np.random.default_rng(3).standard_normal((40, 3)), axis=0)
    result = msl.compute(distances_of(walk, loss=walk.T[:1]), **FAST)
    assert "paired with the weights that it was computed at" in result.attrs["loss_convention"]


def test_white_noise_is_flat():
    rng = np.random.default_rng(2)
    walks = [fbm(0.5, 200, 50, rng) for _ in range(4)]
    result = msl.compute(distances_of(*walks, loss=FALL + rng.standard_normal((4, 200))), **FAST)
    assert (result.status == "ok").all()
    whole = result.sel(fit="whole")
    assert np.abs(whole.exponent).max() < 0.2
    assert (whole.exponent_low < 0).sum() >= 3
    assert (whole.exponent_high > 0).sum() >= 3


def test_the_msl_of_a_linear_loss_has_exponent_two():
    # along a line the loss difference is the distance, up to the width of a bin
    walk = np.cumsum(np.random.default_rng(3).standard_normal((300, 1)), axis=0)
    result = msl.compute(distances_of(walk, loss=walk.T), **FAST)
    np.testing.assert_allclose(result.exponent, 2, atol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("exponent", [0.6, 1.2])
def test_gaussian_fields_have_their_variogram(exponent):
    d2 = squareform(pdist(fbm(0.5, 60, 4, np.random.default_rng(0)), "sqeuclidean"))
    variogram = np.where(d2 > 0, d2, 1) ** (exponent / 2)
    fields = msl.gaussian_fields(variogram, 20_000, np.random.default_rng(1))
    i, j = np.triu_indices(60, 1)
    found = ((fields[:, i] - fields[:, j]) ** 2).mean(0)
    np.testing.assert_allclose(found, variogram[i, j], rtol=0.06)  # five standard errors of a chi-square


def test_intervals_cover_the_exponent_of_a_fractal_landscape():
    # 24 windows of a coverage near 88 %: fewer than 16 hits has probability 1e-3
    hits, errors = 0, []
    for seed, truth in enumerate(np.repeat([0.6, 1.2], 12)):
        rng = np.random.default_rng([seed, 9])
        walk = np.cumsum(rng.standard_normal((120, 3)), axis=0)
        field = msl.gaussian_fields(squareform(pdist(walk) ** truth), 1, rng)
        whole = msl.compute(distances_of(walk, loss=field), copies=60).sel(fit="whole").isel(window=0)
        hits += int(whole.exponent_low <= truth <= whole.exponent_high)
        errors.append(float(whole.exponent) - truth)
    assert hits >= 16
    assert abs(np.mean(errors)) < 0.25


def test_a_run_whose_loss_is_noise_has_a_curve_but_no_exponent():
    rng = np.random.default_rng(2)
    walks = [fbm(0.5, 200, 50, rng) for _ in range(4)]
    result = msl.compute(distances_of(*walks, loss=rng.standard_normal((4, 200))), **FAST)
    contracts.check(result, msl.CONTRACT)
    assert (result.status == "loss unchanged within its noise").all()
    assert result.exponent.isnull().all()
    assert result.msl.notnull().any("bin").all()


@pytest.mark.parametrize(
    ("diverged", "status"),
    [("all", "weights or losses not finite"), ("loss", "weights or losses not finite"), ("constant", "constant loss")],
)
def test_what_cannot_be_measured_is_nan(diverged, status):
    rng = np.random.default_rng(4)
    loss = FALL[:2] - np.arange(60) / 10 + rng.standard_normal((2, 60))
    data = distances_of(*(fbm(0.5, 60, 10, rng) for _ in range(2)), loss=loss)
    if diverged == "all":
        data = diverge(data, 0)
    else:
        data.loss[0] = np.nan if diverged == "loss" else 4.0
    result = msl.compute(data, **FAST)
    contracts.check(result, msl.CONTRACT)
    assert result.exponent[0].isnull().all()
    assert list(result.status.values) == [status, "ok"]
    assert np.isfinite(result.exponent.sel(fit="whole")[1])


@pytest.mark.parametrize("bins", [5, 30])
def test_a_window_of_the_shortest_length_allowed(bins):
    rng = np.random.default_rng(0)
    result = msl.compute(distances_of(fbm(0.5, 20, 30, rng), loss=rng.standard_normal((1, 20))), bins=bins, **FAST)
    assert result["count"].sum() == 190


def test_pairs_at_distance_zero_are_left_out():
    # a skipped update: the weights do not change, the minibatch does
    rng = np.random.default_rng(0)
    walk, loss = fbm(0.5, 100, 10, rng), rng.standard_normal((1, 100)) - np.arange(100) / 50
    walk[31], walk[32] = walk[30], walk[30]
    result = msl.compute(distances_of(walk, loss=loss), **FAST)
    contracts.check(result, msl.CONTRACT)
    assert result["count"].sum() == 100 * 99 / 2 - 3
    for name in ("exponent", "exponent_low", "exponent_high"):
        assert np.isfinite(result[name]).all(), name
    still = msl.compute(distances_of(np.zeros((100, 3)), loss=loss), **FAST)
    assert still.exponent.isnull().all()
    assert still.status == "weights do not move"


def test_the_fitted_distances_are_those_of_the_fits():
    walk = np.cumsum(np.random.default_rng(3).standard_normal((300, 1)), axis=0)
    window = msl.compute(distances_of(walk, loss=walk.T), longest=0.2, **FAST).isel(window=0)
    first, last = window.first_distance.values, window.last_distance.values
    bend = float(window.crossover_distance)
    assert (last[0], first[1]) == (bend, bend)
    assert first[0] == first[2] >= float(window.distance.min())
    typical = np.sqrt(((walk[60:] - walk[:-60]) ** 2).mean())  # 0.2 windows apart
    assert last[1] == last[2] <= typical
    assert window.distance.where(window.distance > last[2]).min() > typical
    fitted = (window.distance >= first[2]) & (window.distance <= last[2]) & (window["count"] >= 20)
    slope, _ = scaling_fits.power_law(window.distance.values[fitted], window.msl.values[fitted])
    assert float(window.exponent.sel(fit="whole")) == pytest.approx(float(slope))


def test_a_window_whose_bins_all_have_few_pairs():
    # 190 pairs over 200 bins: nothing to fit, but a curve to show
    rng = np.random.default_rng(0)
    result = msl.compute(distances_of(fbm(0.5, 20, 3, rng), loss=rng.standard_normal((1, 20))), bins=200, **FAST)
    assert result.exponent.isnull().all()
    assert result.msl.notnull().any()


def test_a_window_of_few_pairs_says_so():
    rng = np.random.default_rng(0)
    loss = FALL[:1] - np.arange(20) + rng.standard_normal((1, 20))
    result = msl.compute(distances_of(fbm(0.5, 20, 3, rng), loss=loss), bins=200, **FAST)
    assert result.status == "too few bins of distance to fit"
