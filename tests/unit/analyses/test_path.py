import numpy as np
import pytest
from sgdwalk.analyses import path
from sgdwalk.storage import contracts
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
    found = path.fits(d2, length, end_to_end2, pairs, length, steps.mean(), 0.8, 2, np.random.default_rng(0))
    wild = np.where(pairs < 20, 1e9, end_to_end2)
    again = path.fits(d2, length, wild, pairs, length, steps.mean(), 0.8, 2, np.random.default_rng(0))
    assert (pairs[inside] >= 20).all()
    assert ((pairs > 0) & (pairs < 20) & (length > 2 * steps.mean())).any()
    assert np.isfinite(found["exponent"]).all()
    np.testing.assert_array_equal(found["exponent"], again["exponent"])


def test_transverse_distance_against_explicit_vectors():
    walk = fbm(0.5, 50, 4, np.random.default_rng(5))
    found = path.fragments_of(square(walk), 30, np.random.default_rng(7))
    known = {}
    for i in range(50):
        for j in range(i + 2, 50):
            along = (walk[j] - walk[i]) / np.linalg.norm(walk[j] - walk[i])
            away = [p - walk[i] - ((p - walk[i]) @ along) * along for p in walk[i + 1 : j]]
            known[((walk[j] - walk[i]) ** 2).sum()] = max((a**2).sum() for a in away)
    for _span, chord2, transverse2 in zip(*found, strict=True):
        nearest = min(known, key=lambda c: abs(c - chord2))
        assert chord2 == pytest.approx(nearest, rel=1e-9)
        assert transverse2 == pytest.approx(known[nearest], rel=1e-9, abs=1e-9)


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
