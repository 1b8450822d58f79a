import numpy as np
import pytest
from sgdwalk.analyses import path
from sgdwalk.storage import contracts
from sgdwalk.trajectory import scaling_fits
from walks import ballistic, distances_of, diverge, fbm, square

FAST = {"copies": 30}


def test_the_result_satisfies_its_contract():
    data = distances_of(*(fbm(0.5, 100, 20, np.random.default_rng(s)) for s in range(2)))
    result = path.compute(data, **FAST)
    contracts.check(result, path.CONTRACT)
    assert (result.pairs.sum("bin") == 100 * 99 / 2).all()


def test_contour_length_on_a_line_is_the_distance():
    # steps of 1, 2, 3 ... on a line: the contour from i to j is the distance itself
    d2 = square(np.cumsum(np.arange(1.0, 30))[:, None])
    length, end_to_end2, pairs = path.binned(d2, np.sqrt(np.diagonal(d2, 1)), 1000)
    alone = pairs == 1
    assert alone.sum() > 50
    np.testing.assert_allclose(end_to_end2[alone], length[alone] ** 2)


def test_bins_against_a_double_loop():
    walk = fbm(0.4, 40, 6, np.random.default_rng(1))
    d2 = square(walk)
    steps = np.linalg.norm(np.diff(walk, axis=0), axis=1)
    edges = np.geomspace(steps.min(), steps.sum(), 13)
    lengths, ends = [[] for _ in range(12)], [[] for _ in range(12)]
    for i in range(40):
        for j in range(i + 1, 40):
            contour = sum(np.linalg.norm(walk[k + 1] - walk[k]) for k in range(i, j))
            k = min(np.flatnonzero(edges <= contour * (1 + 1e-12))[-1], 11)
            lengths[k].append(contour)
            ends[k].append(((walk[i] - walk[j]) ** 2).sum())
    found = path.binned(d2, steps, 12)
    np.testing.assert_array_equal(found[2], [len(values) for values in lengths])
    for k in range(12):
        if lengths[k]:
            assert found[0][k] == pytest.approx(np.mean(lengths[k]))
            assert found[1][k] == pytest.approx(np.mean(ends[k]))


@pytest.mark.parametrize("H", [0.3, 0.5, 0.75])
def test_exponent_of_fractional_brownian_motion(H):
    # in 300 dimensions all steps are alike, so that a contour is a lag
    data = distances_of(*(fbm(H, 300, 300, np.random.default_rng(s)) for s in range(3)))
    result = path.compute(data, **FAST)
    np.testing.assert_allclose(result.exponent.sel(fit="short"), 2 * H, atol=0.12)
    assert result.exponent.sel(fit="long").mean() == pytest.approx(2 * H, abs=0.12)


@pytest.mark.slow
def test_intervals_of_the_short_side_cover_the_exponent_of_fractional_brownian_motion():
    # 48 windows of a coverage near 91 %: 38 is three binomial deviations below. In 100 dimensions a lag's
    # contours spread over two bins, one of them of a few pairs: taken for a lag, they gave 71 %
    hits = 0
    for seed in range(48):
        H = (0.25, 0.5, 0.75)[seed % 3]
        walk = fbm(H, 250, 100, np.random.default_rng([seed, 3]))
        short = path.compute(distances_of(walk), fragments=20, copies=40).sel(fit="short").isel(window=0)
        hits += int(short.exponent_low <= 2 * H <= short.exponent_high)
    assert hits >= 38


def test_bins_of_few_pairs_are_not_fitted():
    # 49 of 300 bins have fewer than 20 pairs; the fit does not depend on their values
    d2 = square(fbm(0.5, 200, 30, np.random.default_rng(0)))
    steps = np.sqrt(np.diagonal(d2, 1))
    length, end_to_end2, pairs = path.binned(d2, steps, 300)
    inside = path.fitted(length, end_to_end2, pairs, steps.mean(), 200, 0.8)
    chosen = path.random_fragments(200, 20, np.random.default_rng(1))
    found = path.fits(d2, length, end_to_end2, pairs, length, steps.mean(), 0.8, chosen, 2, np.random.default_rng(0))
    wild = np.where(pairs < 20, 1e9, end_to_end2)
    again = path.fits(d2, length, wild, pairs, length, steps.mean(), 0.8, chosen, 2, np.random.default_rng(0))
    assert (pairs[inside] >= 20).all()
    assert ((pairs > 0) & (pairs < 20) & (length > 2 * steps.mean())).any()
    assert np.isfinite(found["exponent"]).all()
    np.testing.assert_array_equal(found["exponent"], again["exponent"])


def test_transverse_distance_against_explicit_vectors():
    walk = fbm(0.5, 60, 4, np.random.default_rng(5))
    chosen = path.random_fragments(60, 30, np.random.default_rng(7))
    assert chosen.points.min() >= 0
    assert chosen.points.max() <= 59
    parts = np.diff(chosen.points, axis=1)
    assert (parts == parts[:, :1]).all()  # four equal parts
    assert set(parts[:, 0]) <= {1, 2, 3}  # up to a quarter of the window
    chord2, transverse2 = path.measured(square(walk), chosen)
    for points, *found in zip(chosen.points, chord2, transverse2, strict=True):
        start, *between, end = walk[points]
        along = (end - start) / np.linalg.norm(end - start)
        away = [p - start - ((p - start) @ along) * along for p in between]
        assert found == pytest.approx([((end - start) ** 2).sum(), max((a**2).sum() for a in away)], rel=1e-9)


def test_means_of_fragments_of_similar_length_against_a_loop():
    d2 = square(fbm(0.5, 120, 5, np.random.default_rng(6)))
    chosen = path.random_fragments(120, 80, np.random.default_rng(8))
    means = path.group_means(*path.measured(d2, chosen), chosen)
    part = np.diff(chosen.points, axis=1)[:, 0]
    edges = np.geomspace(1, 120 // 4 // 4 + 1, path.SPANS + 1)
    for k in range(path.SPANS):
        members = np.flatnonzero((part >= edges[k]) & (part < edges[k + 1]))
        expected = [np.mean(values[members]) if len(members) else np.nan for values in path.measured(d2, chosen)]
        np.testing.assert_allclose(means[:, k], expected)
    known = np.isfinite(means[0])
    slope = np.polyfit(*np.log(means[:, known]), 1)[0]
    assert path.transverse_slope(*means) == pytest.approx(slope)


@pytest.mark.parametrize("H", [0.25, 0.75])
@pytest.mark.slow
def test_the_transverse_exponent_of_fractional_brownian_motion_is_one(H):
    """With all points of a fragment it was 1.12 at H = 0.25, as longer fragments have more of them."""
    walks = [fbm(H, 250, 30, np.random.default_rng([s, 5])) for s in range(20)]
    result = path.compute(distances_of(*walks), copies=40)
    scatter = float(result.transverse_exponent.std())
    assert float(result.transverse_exponent.mean()) == pytest.approx(1, abs=3 * scatter / np.sqrt(20))
    inside = (result.transverse_exponent_low <= 1) & (result.transverse_exponent_high >= 1)
    assert inside.sum() >= 16  # 40 copies give 90 % or more: three deviations below
    assert (result.transverse_exponent_high - result.transverse_exponent_low).mean() < 8 * scatter


def test_estimates_lie_inside_their_intervals_and_are_corrected_by_the_median_of_the_copies():
    copies = np.array([0.9, 1.1, 1.2, 1.3, 1.7, np.nan])
    value, low, high = path.corrected(1.5, 1.0, copies)
    assert value == pytest.approx(1.5 - 0.2)
    assert (low, high) == pytest.approx((1.5 - 0.7, 1.5 + 0.1))
    assert np.isnan(path.corrected(1.5, 1.0, np.full(3, np.nan))).all()
    walks = [fbm((0.25, 0.5, 0.75)[s % 3], 120, 8, np.random.default_rng([s, 6])) for s in range(12)]
    result = path.compute(distances_of(*walks), **FAST)
    for name in ("exponent", "transverse_exponent"):
        assert (result[f"{name}_low"] <= result[name]).all()
        assert (result[name] <= result[f"{name}_high"]).all()
    assert (result.exponent != result.exponent_fitted).all()


def test_a_brownian_walk_is_self_similar():
    data = distances_of(*(fbm(0.5, 400, 200, np.random.default_rng(s)) for s in range(4)))
    result = path.compute(data, **FAST)
    assert result.transverse_exponent.mean() == pytest.approx(1, abs=0.1)


def test_a_noisy_line_is_not_self_similar():
    # chords grow with length, transverse distances do not
    rng = np.random.default_rng(0)
    walk = 0.3 * rng.standard_normal((300, 20)) + np.arange(300)[:, None] * np.eye(20)[0]
    result = path.compute(distances_of(walk), **FAST)
    assert abs(float(result.transverse_exponent[0])) < 0.3
    assert float(result.exponent.sel(fit="long")[0]) > 1.8


@pytest.mark.parametrize("line", [ballistic(80, 6, np.random.default_rng(0)), np.arange(80.0)[:, None]])
def test_a_straight_line_does_not_crash(line):
    # nothing strays from the chord: the transverse exponent may be NaN, the other is 2
    result = path.compute(distances_of(line), **FAST)
    np.testing.assert_allclose(result.exponent, 2, atol=0.02)


def test_a_diverged_window_is_nan_and_does_not_affect_the_others():
    data = distances_of(*(fbm(0.5, 60, 10, np.random.default_rng(s)) for s in range(3)))
    broken = path.compute(diverge(data, 2), **FAST)
    for name in ("contour_length", "end_to_end2", "exponent", "transverse2", "transverse_exponent"):
        assert broken[name][2].isnull().all(), name
    assert broken.exponent[:2].notnull().all()


def test_a_window_of_the_shortest_length_allowed():
    result = path.compute(distances_of(fbm(0.5, 20, 30, np.random.default_rng(0))), **FAST)
    assert np.isfinite(result.end_to_end2).any()


def test_a_walk_that_returns_to_its_start_does_not_crash():
    # an orbit of period two, as at the edge of stability: chords of length zero
    walk = np.random.default_rng(0).standard_normal((2, 5))[np.arange(60) % 2]
    result = path.compute(distances_of(walk), **FAST)
    assert np.isfinite(result.chord2).all()
    assert np.isfinite(result.transverse2).all()


def test_steps_of_very_different_lengths_do_not_crash():
    steps = np.geomspace(1, 1e-8, 60)[:, None] * np.random.default_rng(0).standard_normal((60, 10))
    result = path.compute(distances_of(np.cumsum(steps, axis=0)), **FAST)
    assert np.isfinite(result.end_to_end2).any()


def test_the_fitted_ranges_and_means_are_those_of_the_fits():
    walk = fbm(0.5, 200, 30, np.random.default_rng(0))
    result = path.compute(distances_of(walk), **FAST).isel(window=0)
    used = result.pairs.values >= 20
    used &= (result.contour_length > 0).values & (result.contour_length <= result.last_length[1]).values
    used &= (result.contour_length >= result.first_length[0]).values
    both = scaling_fits.two_segments(result.contour_length.values[used], result.end_to_end2.values[used])
    np.testing.assert_allclose(result.exponent_fitted, [both.short, both.long], rtol=1e-9)
    assert result.last_length[0] == result.first_length[1] == result.crossover_length
    assert result.last_length[1] <= 0.8 * np.linalg.norm(np.diff(walk, axis=0), axis=1).mean() * 200
    raw = path.transverse_slope(result.group_chord2.values, result.group_transverse2.values)
    assert abs(raw - float(result.transverse_exponent)) < 0.1  # up to the bias of the fit


@pytest.mark.parametrize("law", ["one", "Cauchy"])
def test_the_exponent_is_nan_where_the_contour_consists_of_a_few_steps(law):
    # no bin lies between 1.5 mean steps and 0.8 of the whole, or too few do
    rng = np.random.default_rng(0)
    steps = rng.standard_normal((100, 30))
    if law == "one":
        steps[50] *= 1e4
    else:
        steps *= np.abs(rng.standard_cauchy((100, 1))) ** 3
    result = path.compute(distances_of(np.cumsum(steps, axis=0)), **FAST)
    contracts.check(result, path.CONTRACT)
    for name in ("exponent", "exponent_low", "exponent_high", "exponent_null", "crossover_length", "fit_rmse"):
        assert result[name].isnull().all(), name
    assert np.isfinite(result.end_to_end2).any()
    assert np.isfinite(result.chord2).all()


def test_steps_of_length_zero_are_left_out():
    walk = fbm(0.5, 100, 10, np.random.default_rng(0))
    still = np.repeat(walk, np.where(np.isin(np.arange(100), [0, 40, 99]), 3, 1), axis=0)
    plain, rested = (path.compute(distances_of(w), **FAST) for w in (walk, still))
    for name in ("contour_length", "end_to_end2", "pairs", "exponent", "exponent_low", "transverse_exponent"):
        np.testing.assert_allclose(rested[name], plain[name], rtol=1e-9)
        assert plain[name].notnull().any(), name
    assert path.compute(distances_of(np.zeros((60, 3))), **FAST).exponent.isnull().all()
