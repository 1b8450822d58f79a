import numpy as np
import pytest
import xarray as xr
from sgdwalk.analyses import dimension
from sgdwalk.landscapes.random_surfaces import fractional_brownian_surface
from sgdwalk.storage import netcdf


def plane(heights, reach=1.0):
    side = np.linspace(-reach, reach, len(heights))
    precision = np.finfo(np.float32).eps
    return xr.Dataset({"loss": (("x", "y"), heights), "precision": precision}, {"x": side, "y": side})


def surface(n, D, seed=0):
    return fractional_brownian_surface(n, 3 - D, np.random.default_rng(seed))


def slow_variogram(z, distance):
    """Over all pairs along an axis or a diagonal at that distance, each direction weighing the same."""
    by_direction = {}
    for i in range(len(z)):
        for j in range(len(z)):
            for k in range(i, len(z)):
                for m in range(len(z)):
                    di, dj = k - i, m - j
                    forward = (di > 0 or dj > 0) and (di == 0 or dj == 0 or abs(di) == abs(dj))
                    if forward and np.isclose(np.hypot(di, dj), distance):
                        key = (np.sign(di), np.sign(dj))
                        by_direction.setdefault(key, []).append((z[k, m] - z[i, j]) ** 2)
    return np.mean([np.mean(squares) for squares in by_direction.values()])


def test_variogram_against_a_slow_loop():
    z = np.random.default_rng(0).standard_normal((15, 15)).cumsum(axis=0)
    scale, squares = dimension.variogram(z)
    np.testing.assert_allclose(scale, [1, np.sqrt(2), 2, 2 * np.sqrt(2), 3])
    np.testing.assert_allclose(squares, [slow_variogram(z, s) for s in scale])


def test_box_counts_against_a_slow_count():
    z = surface(13, 2.4)
    box, count = dimension.box_counts(z)
    assert box.tolist() == [1, 2, 3]
    stretched = 12 * (z - z.min()) / (z.max() - z.min())
    for s, found in zip(box, count, strict=True):
        expected = 0
        for i in range(0, 12, s):
            for j in range(0, 12, s):
                column = stretched[i : i + s + 1, j : j + s + 1]
                expected += int(column.max() // s) - int(column.min() // s) + 1
        assert found == expected


def test_box_counts_ignore_the_unit_of_loss():
    z = surface(25, 2.5)
    np.testing.assert_array_equal(dimension.box_counts(z)[1], dimension.box_counts(5 - 8 * -z)[1])


@pytest.mark.parametrize("n", [25, 51])
@pytest.mark.parametrize(("D", "bias"), [(2.2, 0.05), (2.5, 0.03), (2.8, 0.02)])
def test_variogram_recovers_known_dimensions(n, D, bias):
    rng = np.random.default_rng(1)
    read = [
        dimension.variogram_dimension(*dimension.variogram(fractional_brownian_surface(n, 3 - D, rng)))
        for _ in range(80)
    ]
    assert np.mean(read) == pytest.approx(D, abs=bias)
    assert np.std(read) < 0.1


def test_box_counts_are_biased_low_but_ordered():
    read = [np.mean([dimension.both_dimensions(surface(25, D, s))[1] for s in range(20)]) for D in (2.2, 2.5, 2.8)]
    assert 2 < read[0] < read[1] < read[2] < 2.5


def test_exact_power_law_gives_its_exponent():
    scale = np.array([1.0, np.sqrt(2), 2, 3])
    assert dimension.variogram_dimension(scale, 7 * scale**0.8) == pytest.approx(2.6)
    box = np.array([1, 2, 4])
    assert dimension.box_dimension(box, 3.0 * box**-2.3) == pytest.approx(2.3)


def test_local_dimension_follows_a_bend():
    scale = np.geomspace(1, 64, 25)
    squares = np.where(scale < 8, scale**1.2, 8**0.8 * scale**0.4)
    local = dimension.local_dimension(scale, squares)
    np.testing.assert_allclose(local[:9], 2.4)
    np.testing.assert_allclose(local[-9:], 2.8)
    assert local[12] == pytest.approx(2.6, abs=0.05)


def test_tilted_plane_is_two_dimensional():
    found = dimension.compute(plane(np.add.outer(2.0 * np.arange(25), np.arange(25))), realisations=5)
    assert found.dimension == pytest.approx(2, abs=1e-9)
    assert found.box_dimension == pytest.approx(2, abs=0.06)
    assert found.dimension_low == 2


def test_the_result_satisfies_its_contract_and_is_reproducible(tmp_path):
    data = plane(surface(25, 2.5))
    found = dimension.compute(data, realisations=20, seed=1)
    assert found.identical(dimension.compute(data, realisations=20, seed=1))
    netcdf.write(found, tmp_path / "dimension.nc", dimension.CONTRACT, {})
    assert found.status == "ok"
    assert found.grid_step == pytest.approx(1 / 12)
    assert (found.first_scale, found.last_scale) == (1, 5)
    assert found.dimension_low < found.dimension < found.dimension_high
    middle = 3 - np.polyfit(np.log(found.scale), np.log(found.variogram), 1)[0] / 2
    assert found.dimension == pytest.approx(middle)
    assert found.local_dimension.min() <= middle <= found.local_dimension.max()


def test_controls_have_their_known_dimensions():
    found = dimension.compute(plane(surface(25, 2.5)), realisations=40).set_coords("control_dimension")
    assert found.control_dimension.values.tolist() == [2.0, 2.2, 2.5, 2.8]
    np.testing.assert_allclose(found.control_variogram[1:], [2.22, 2.5, 2.8], atol=0.04)
    assert 2.03 < found.control_variogram[0] < 2.13
    assert 2.0 < found.control_box[0] < 2.08
    assert (np.diff(found.control_box) > 0).all()
    assert (found.control_box[1:] < found.control_dimension[1:]).all()
    assert (found.control_variogram_spread < 0.1).all()
    assert (found.control_box_spread < 0.06).all()


@pytest.mark.parametrize("D", [2.2, 2.8])
def test_interval_covers_the_true_dimension(D):
    rng = np.random.default_rng(3)
    truths = []
    for seed in range(25):
        read = dimension.both_dimensions(surface(25, D, seed))[0]
        low, high = dimension.interval(read, dimension.simulated(25, 25, rng)[0])
        truths.append(low <= D <= high)
        assert 0.02 < high - low < 0.6
    assert np.mean(truths) > 0.75


def rounded(height, n=25):
    """A bowl of this height on a loss of about 2.3, in float32."""
    x = np.linspace(-1, 1, n)
    return np.float32(2.3 + height * (x[:, None] ** 2 + x**2))


@pytest.mark.parametrize(("height", "status"), [(3e-7, "within rounding errors"), (1e-3, "ok")])
@pytest.mark.parametrize("logarithm", [True, False])
def test_a_surface_within_rounding_errors_has_no_dimension(height, status, logarithm):
    found = dimension.compute(plane(rounded(height)), logarithm=logarithm, realisations=3)
    assert found.status == status
    for name in ("dimension", "section_dimension", "section_dimension_low", "variogram"):
        assert np.isnan(found[name]).all() == (status != "ok"), name


def test_sections_of_known_surfaces():
    tilted = np.add.outer(2.0 * np.arange(25), np.arange(25))
    assert dimension.section_dimension(tilted) == pytest.approx(1, abs=0.15)
    one_way = np.tile(np.arange(25.0), (25, 1))  # half of its sections are flat
    assert dimension.section_dimension(one_way) == pytest.approx(dimension.section_dimension(tilted))
    read = [np.mean([dimension.section_dimension(surface(25, D, s)) for s in range(20)]) for D in (2.1, 2.5, 2.9)]
    assert 1 < read[0] < read[1] < read[2] < 2
    assert np.isnan(dimension.section_dimension(np.ones((25, 25))))


def test_section_boxes_against_a_slow_count():
    curve = np.array([[0, 3.5, 1, 8, 2, 2, 7, 6, 0.5]])
    for side in (1, 2):
        parts = [curve[0, k : k + side + 1] for k in range(0, 8, side)]
        expected = sum(int(max(part) // side) - int(min(part) // side) + 1 for part in parts)
        assert dimension._section_boxes(curve, side).tolist() == [expected]


@pytest.mark.parametrize("D", [2.05, 2.5])
def test_the_interval_of_a_reading_holds_the_mean_reading_of_such_surfaces(D):
    # at 2.05 the spread of surfaces of the same mean reading held it in 72 % of 300
    read = dimension.simulated(25, 60, np.random.default_rng(5))[1]
    mean = np.mean([dimension.section_dimension(surface(25, D, seed)) for seed in range(200, 300)])
    found = [dimension.reading_interval(dimension.section_dimension(surface(25, D, seed)), read) for seed in range(80)]
    assert np.mean([low <= mean <= high for low, high in found]) > 0.82  # 92 % of 80: 1e-3 to lie below


def test_a_reading_below_or_above_all_simulated_ones_lies_in_its_interval():
    read = np.linspace(1.0, 1.4, len(dimension.TRIED))[:, None] + np.linspace(-0.02, 0.02, 101)
    for value in (0.9, 1.5):
        low, high = dimension.reading_interval(value, read)
        assert low <= value <= high
    assert dimension.reading_interval(1.2, read) == pytest.approx((1.181, 1.219), abs=1e-3)
    assert np.isnan(dimension.reading_interval(np.nan, read)).all()


@pytest.mark.parametrize(("value", "status"), [(np.nan, "not finite"), (np.inf, "not finite"), (None, "flat")])
def test_diverged_or_flat_planes_are_nan_with_a_status(value, status):
    heights = np.ones((25, 25), int) if value is None else surface(25, 2.5)
    if value is not None:
        heights[3, 4] = value
    found = dimension.compute(plane(heights), realisations=3)
    assert found.status == status
    for name in ("dimension", "dimension_low", "dimension_high", "box_dimension", "variogram", "box_count"):
        assert np.isnan(found[name]).all(), name
    assert np.isfinite(found.control_variogram).all()


def test_planes_that_cannot_be_measured_are_refused():
    good = plane(surface(25, 2.5))
    with pytest.raises(ValueError, match="square"):
        dimension.compute(good.isel(x=slice(20)), realisations=2)
    with pytest.raises(ValueError, match="at least 11"):
        dimension.compute(good.isel(x=slice(9), y=slice(9)), realisations=2)
    with pytest.raises(ValueError, match="evenly"):
        dimension.compute(good.assign_coords(x=good.x**3), realisations=2)
    with pytest.raises(ValueError, match="evenly"):
        dimension.compute(good.assign_coords(x=2 * good.x), realisations=2)
