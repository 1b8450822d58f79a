import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from sgdwalk.analyses import msl
from sgdwalk.storage import contracts
from walks import distances_of, diverge, fbm

FAST = {"copies": 20}


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
    result = msl.compute(distances_of(*walks, loss=rng.standard_normal((4, 200))), **FAST)
    whole = result.sel(fit="whole")
    assert np.abs(whole.exponent).max() < 0.2
    assert (whole.exponent_low < 0).sum() >= 3
    assert (whole.exponent_high > 0).sum() >= 3


def test_the_msl_of_a_linear_loss_has_exponent_two():
    # along a line the loss difference is the distance, up to the width of a bin
    walk = np.cumsum(np.random.default_rng(3).standard_normal((300, 1)), axis=0)
    result = msl.compute(distances_of(walk, loss=walk.T), **FAST)
    np.testing.assert_allclose(result.exponent, 2, atol=0.02)


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


@pytest.mark.parametrize("diverged", ["all", "loss", "constant loss"])
def test_what_cannot_be_measured_is_nan(diverged):
    rng = np.random.default_rng(4)
    data = distances_of(*(fbm(0.5, 60, 10, rng) for _ in range(2)), loss=rng.standard_normal((2, 60)))
    if diverged == "all":
        data = diverge(data, 0)
    else:
        data.loss[0] = np.nan if diverged == "loss" else 1.5
    result = msl.compute(data, **FAST)
    contracts.check(result, msl.CONTRACT)
    assert result.exponent[0].isnull().all()
    assert np.isfinite(result.exponent.sel(fit="whole")[1])


@pytest.mark.parametrize("bins", [5, 30])
def test_a_window_of_the_shortest_length_allowed(bins):
    rng = np.random.default_rng(0)
    result = msl.compute(distances_of(fbm(0.5, 20, 30, rng), loss=rng.standard_normal((1, 20))), bins=bins, **FAST)
    assert result["count"].sum() == 190


def test_pairs_at_distance_zero_are_left_out():
    # a skipped update: the weights do not change, the minibatch does
    rng = np.random.default_rng(0)
    walk, loss = fbm(0.5, 100, 10, rng), rng.standard_normal((1, 100))
    walk[31], walk[32] = walk[30], walk[30]
    result = msl.compute(distances_of(walk, loss=loss), **FAST)
    contracts.check(result, msl.CONTRACT)
    assert result["count"].sum() == 100 * 99 / 2 - 3
    for name in ("exponent", "exponent_low", "exponent_high"):
        assert np.isfinite(result[name]).all(), name
    assert msl.compute(distances_of(np.zeros((100, 3)), loss=loss), **FAST).exponent.isnull().all()


def test_a_window_whose_bins_all_have_few_pairs():
    # 190 pairs over 200 bins: nothing to fit, but a curve to show
    rng = np.random.default_rng(0)
    result = msl.compute(distances_of(fbm(0.5, 20, 3, rng), loss=rng.standard_normal((1, 20))), bins=200, **FAST)
    assert result.exponent.isnull().all()
    assert result.msl.notnull().any()
