import numpy as np
import pytest
import xarray as xr
from sgdwalk.analyses import dimension
from sgdwalk.storage import netcdf
from surfaces import bowl, kinked, surface, valley


def plane(heights, reach=1.0):
    """landscape.nc of one plane [x, y], or of several [plane, x, y]."""
    side = np.linspace(-reach, reach, np.shape(heights)[-1])
    dims = ("plane", "x", "y")[-np.ndim(heights) :]
    return xr.Dataset({"loss": (dims, heights), "precision": np.finfo(np.float32).eps}, {"x": side, "y": side})


def test_tilted_plane_is_two_dimensional():
    found = dimension.compute(plane(np.add.outer(2.0 * np.arange(25), np.arange(25))), realisations=5)
    assert found.dimension == pytest.approx(2, abs=1e-9)
    assert found.box_dimension == pytest.approx(2, abs=0.06)
    assert found.dimension_low == 2


@pytest.mark.slow
def test_the_result_satisfies_its_contract_and_is_reproducible(tmp_path):
    data = plane(surface(25, 2.5))
    found = dimension.compute(data, realisations=20, seed=1)
    assert found.identical(dimension.compute(data, realisations=20, seed=1))
    netcdf.write(found, tmp_path / "dimension.nc", dimension.CONTRACT, {})
    assert found.status == "ok"
    assert found.grid_step == pytest.approx(1 / 12)
    assert (found.first_scale, found.last_scale) == (1, 5)
    assert found.dimension_low < found.dimension < found.dimension_high
    middle = 3 - np.polyfit(np.log(found.scale), np.log(found.variogram[0]), 1)[0] / 2
    assert found.dimension == pytest.approx(middle)
    fine, coarse = found.octave_dimension.values[0]
    assert found.extrapolated_dimension == pytest.approx(2 * fine - coarse)
    assert (found.points, found.leader_status) == (25, "fewer than 257 points a side")


@pytest.mark.slow
def test_controls_have_their_known_dimensions():
    found = dimension.compute(plane(surface(25, 2.5)), realisations=40).set_coords("control_dimension")
    assert found.control_dimension.values.tolist() == [2.0, 2.2, 2.5, 2.8]
    np.testing.assert_allclose(found.control_variogram[1:], [2.22, 2.5, 2.8], atol=0.04)
    assert 2.03 < found.control_variogram[0] < 2.13
    np.testing.assert_allclose(found.control_extrapolated, [2.0, 2.2, 2.5, 2.8], atol=0.04)
    assert 2.0 < found.control_box[0] < 2.08
    assert (np.diff(found.control_box) > 0).all()
    assert (found.control_box[1:] < found.control_dimension[1:]).all()
    assert (found.control_variogram_spread < 0.1).all()
    assert (found.control_box_spread < 0.06).all()


def rounded(height, n=25):
    """A bowl of this height on a loss of about 2.3, in float32."""
    x = np.linspace(-1, 1, n)
    return np.float32(2.3 + height * (x[:, None] ** 2 + x**2))


@pytest.mark.parametrize(("height", "status"), [(3e-7, "within rounding errors"), (1e-3, "ok")])
@pytest.mark.parametrize("logarithm", [True, False])
def test_a_surface_within_rounding_errors_has_no_dimension(height, status, logarithm):
    found = dimension.compute(plane(rounded(height)), logarithm=logarithm, realisations=3)
    assert found.status == status
    for name in ("dimension", "excess_dimension", "section_dimension", "section_dimension_low", "variogram"):
        assert np.isnan(found[name]).all() == (status != "ok"), name


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


def test_a_valley_narrower_than_the_grid_is_not_rougher_than_the_quadratic_that_it_is():
    found = dimension.compute(plane(valley(25)), realisations=25)
    assert found.extrapolated_dimension_low > 2.2  # alone, it would pass for rough
    assert found.excess_dimension == pytest.approx(0, abs=1e-6)
    assert found.excess_dimension_low < 0 < found.excess_dimension_high
    np.testing.assert_allclose(found.quadratic_variogram, found.variogram, rtol=1e-6)


def excess(loss):
    return dimension.of_plane(np.log10(loss), loss, logarithm=True)["excess_dimension"]


@pytest.mark.parametrize("n", [25, 51])
def test_smooth_surfaces_are_not_rougher_than_their_quadratic_and_rough_ones_are(n):
    for loss in (bowl(n), kinked(n), valley(n, 0.7), np.exp(5 * bowl(n) ** 2)):
        assert excess(loss) < 0.01
    assert excess(10 ** surface(n, 2.5)) > 0.3


def test_roughness_is_seen_on_the_finer_of_two_nested_grids():
    loss = bowl(65) * 10 ** (0.02 * surface(65, 2.5))
    coarse, middle, fine = (excess(loss[::step, ::step]) for step in (4, 2, 1))
    assert max(coarse, 0) < middle < fine


@pytest.mark.slow
def test_planes_are_averaged_with_an_interval_from_their_scatter():
    losses = [10 ** surface(25, 2.5, seed) for seed in range(4)]
    bad = np.full((25, 25), np.nan)
    found = dimension.compute(plane(np.array([*losses, bad])), realisations=10)
    assert found.status.values.tolist() == ["ok"] * 4 + ["not finite"]
    for name in ("dimension", "extrapolated_dimension", "excess_dimension", "section_dimension"):
        of_plane = found[f"{name}_of_plane"].values
        alone = [dimension.compute(plane(loss), realisations=2)[name] for loss in losses]
        np.testing.assert_allclose(of_plane, [*alone, np.nan])
        assert found[name] == pytest.approx(of_plane[:4].mean())
        half = 3.182446 * of_plane[:4].std(ddof=1) / 2  # Student's, three degrees of freedom
        assert found[f"{name}_high"] - found[name] == pytest.approx(half, rel=1e-5)


def test_one_plane_of_several_that_has_a_dimension_has_the_interval_of_a_single_one():
    good, bad = 10 ** surface(25, 2.5), np.full((25, 25), np.nan)
    single, among = (dimension.compute(plane(losses), realisations=10) for losses in (good, np.array([bad, good])))
    for name in ("dimension_low", "excess_dimension", "excess_dimension_high", "section_dimension_high"):
        assert among[name] == pytest.approx(float(single[name])), name


def test_the_single_plane_of_a_file_without_the_dimension_is_plane_0():
    loss = 10 ** surface(25, 2.5)
    without, with_it = plane(loss), plane(loss[None]).assign_coords(plane=[0])
    assert dimension.compute(without, realisations=2).identical(dimension.compute(with_it, realisations=2))


def test_a_fine_plane_has_wavelet_leaders(tmp_path):
    heights = surface(257, 2.5)
    found = dimension.multifractal(np.array([heights, surface(257, 2.5, 1)]), 1e-7, np.random.default_rng(0))
    assert found["leader_status"] == "ok"
    assert found["c1_low"][1] < found["c1"][1] < found["c1_high"][1]
    assert found["leader_scale"].tolist() == [8, 16]
    whole = dimension.compute(plane(surface(25, 2.5)), realisations=2).assign(found)
    netcdf.write(whole, tmp_path / "dimension.nc", dimension.CONTRACT, {})


@pytest.mark.parametrize(
    ("heights", "status"),
    [(bowl(257)[None], "within rounding errors"), (np.empty((0, 257, 257)), "no plane has a dimension")],
)
def test_a_plane_without_leaders_says_why(heights, status):
    assert dimension.multifractal(heights, 1e-7, np.random.default_rng(0)) == {"leader_status": status}


def test_the_interval_of_a_single_value_contains_it():
    values = np.array([np.nan, 1.9])
    assert dimension.mean_with_interval(values, lambda plane: (2.0, plane + 1.1)) == (1.9, 1.9, 2.1)
    assert dimension.mean_with_interval(values, lambda plane: (1.5, 1.6)) == (1.9, 1.5, 1.9)
    assert np.isnan(dimension.mean_with_interval(values[:1], lambda plane: (0, 1))).all()
