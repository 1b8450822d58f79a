import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgdwalk.trajectory import scaling_fits


def test_log_lags_are_distinct_integers_from_one_to_the_longest():
    for longest in (2, 16, 400, 8000):
        lags = scaling_fits.log_lags(longest)
        assert lags[0] == 1
        assert lags[-1] == longest
        assert (np.diff(lags) > 0).all()
    spacing = np.diff(np.log10(scaling_fits.log_lags(8000)[-20:]))
    np.testing.assert_allclose(spacing, 1 / 15, rtol=0.05)


@given(st.floats(-1, 3), st.floats(1e-8, 1e8))
def test_power_law_recovers_exponent_without_residue(exponent, scale):
    x = scaling_fits.log_lags(500)
    found, rmse = scaling_fits.power_law(x, scale * x**exponent)
    assert found == pytest.approx(exponent, abs=1e-9)
    assert rmse < 1e-9


def test_power_law_fits_each_curve_evenly_in_log_x():
    x = np.concatenate([np.arange(1, 10), np.arange(10, 1000, 0.5)])  # dense at the top
    bent = np.where(x < 31.6, x**0.5, 31.6**-1.0 * x**1.5)
    found, rmse = scaling_fits.power_law(x, np.stack([bent, x**0.7]))
    # the line of a bend in the middle of the log axis has the mean slope (unweighted, the dense top: 1.5);
    # the few points at the low end approximate the integral to some per cent only
    assert found[0] == pytest.approx(1.0, abs=0.05)
    assert found[1] == pytest.approx(0.7, abs=1e-9)
    assert rmse[0] > 0.03 > rmse[1]


@pytest.mark.parametrize(("short", "long"), [(0.5, 1.6), (1.6, 0.3), (0.9, 1.1)])
def test_two_segments_recovers_a_synthetic_curve(short, long):
    x = scaling_fits.log_lags(800)
    bend = float(x[len(x) // 2])
    truth = scaling_fits.TwoSegments(short, long, bend, -2.5, 0.0)
    found = scaling_fits.two_segments(x, truth(x))
    assert found.crossover == bend
    assert (found.short, found.long, found.level) == pytest.approx((short, long, -2.5), abs=1e-9)
    assert found.rmse < 1e-9
    np.testing.assert_allclose(found(x), truth(x), rtol=1e-9)


def test_two_segments_of_noisy_curves_against_a_brute_force_search():
    x = scaling_fits.log_lags(200)
    rng = np.random.default_rng(3)
    curves = 10 ** (
        np.log10(scaling_fits.TwoSegments(0.4, 1.3, 20.0, 0.0, 0.0)(x)) + 0.05 * rng.standard_normal((3, len(x)))
    )
    ends = np.concatenate([x[:1], np.sqrt(x[1:] * x[:-1]), x[-1:]])  # a point's share: half-way to its neighbours
    weight = np.diff(np.log(ends)) / np.log(x[-1] / x[0])
    for curve, found in zip(curves, scaling_fits.two_segments(x, curves), strict=True):
        best = np.inf
        for bend in x[(x >= 3) & (x <= x[-1] / 3)]:
            basis = np.stack([np.ones(len(x)), np.log10(x), np.maximum(0, np.log10(x / bend))], axis=1)
            normal = basis.T @ (weight[:, None] * basis)
            solution = np.linalg.solve(normal, basis.T @ (weight * np.log10(curve)))
            rmse = np.sqrt(weight @ (np.log10(curve) - basis @ solution) ** 2)
            if rmse < best:
                best, slopes, at = rmse, (solution[1], solution[1] + solution[2]), bend
        assert found.rmse == pytest.approx(best, rel=1e-9)
        assert (found.short, found.long) == pytest.approx(slopes, abs=1e-9)
        assert found.crossover == at


def test_two_segments_of_a_narrow_range_have_an_infinite_rmse():
    assert scaling_fits.two_segments(np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 3, 4])).rmse == np.inf


@pytest.mark.parametrize("points", [0, 1, 2])
@pytest.mark.parametrize("crossover", [None, 2.0])
def test_two_segments_of_too_few_points_are_nan(points, crossover):
    found = scaling_fits.two_segments(np.array([1.0, 100])[:points], np.array([1.0, 10])[:points], crossover=crossover)
    assert np.isnan([found.short, found.long, found.crossover, found.level]).all()
    assert found.rmse == np.inf


def test_one_segment_is_the_power_law():
    x = scaling_fits.log_lags(8)
    noisy = 0.02 * x**0.8 * np.exp(0.1 * np.random.default_rng(0).standard_normal(len(x)))
    found = scaling_fits.one_segment(x, noisy)
    assert (found.short, found.rmse) == pytest.approx(scaling_fits.power_law(x, noisy))
    assert found.long == found.short
    np.testing.assert_allclose(scaling_fits.one_segment(x, 0.02 * x**0.8)(x), 0.02 * x**0.8)


@pytest.mark.parametrize("crossover", [None, 21.0])
def test_two_segments_are_those_of_least_squares_at_each_bend(crossover):
    """Unevenly spaced points, as the mean contours of bins are; one curve is not finite, one has no bend."""
    rng = np.random.default_rng(4)
    x = np.sort(10 ** rng.uniform(0, 2.5, 37))
    curves = x**0.7 * 10 ** (0.1 * rng.standard_normal((5, 37)))
    curves[1], curves[3] = np.nan, 2 * x
    weight = np.sqrt(scaling_fits.even_weights(x) / scaling_fits.even_weights(x).sum())
    for curve, found in zip(curves, scaling_fits.two_segments(x, curves, crossover=crossover), strict=True):
        if np.isnan(curve).any():
            assert np.isnan(found.short)
            assert found.rmse == np.inf
            continue
        fits = []
        for bend in scaling_fits.bends(x, 3.0) if crossover is None else [crossover]:
            basis = np.stack([np.ones(37), np.log10(x), np.maximum(0, np.log10(x / bend))], axis=1) * weight[:, None]
            solution, target = np.linalg.lstsq(basis, weight * np.log10(curve))[0], weight * np.log10(curve)
            fits.append((np.linalg.norm(target - basis @ solution), bend, *solution))
        rmse, bend, level, short, turn = min(fits)
        assert (found.level, found.short, found.long) == pytest.approx((level, short, short + turn), abs=1e-12)
        assert found.rmse == pytest.approx(rmse, abs=1e-14, rel=1e-12)
        assert found.crossover == bend or rmse < 1e-12


def test_two_segments_that_do_not_meet_within_the_points_are_one_line():
    x = np.geomspace(1, 100, 20)
    for crossover in (0.1, 1000.0):
        found = scaling_fits.two_segments(x, x**0.6, crossover=crossover)
        assert (found.short, found.long, found.level) == pytest.approx((0.6, 0.6, 0.0), abs=1e-12)
