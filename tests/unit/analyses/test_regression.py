"""Linear regression on images, measured and in theory."""

from itertools import islice

import numpy as np
import pytest
import xarray as xr
from designs import gaussian
from runs import settings
from sgdwalk.analyses import regression
from sgdwalk.regression.walkers import walk
from sgdwalk.samplers import SAMPLERS
from sgdwalk.storage import netcdf
from sgdwalk.theory import DiscreteChain

DATA = settings(dataset_spec={"factory": "sgdwalk.data.digits:load", "arguments": {}}, subset=300)
SMALL = {"data": DATA, "walkers": 6, "steps": 20, "momentum": (0.0, 0.9), "ranks": (1, 7)}


@pytest.fixture
def on(monkeypatch):
    """Puts a regression in the place of the images."""

    def put(made):
        monkeypatch.setattr("sgdwalk.training.problem.load_images", lambda data: None)
        monkeypatch.setattr(regression, "of_images", lambda images, weight_decay: made)

    return put


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_result_satisfies_its_contract_and_is_reproducible(sampler, tmp_path):
    first, again = (regression.compute(sampler=sampler, **SMALL) for _ in range(2))
    assert first.identical(again)
    assert not first["mean"].equals(regression.compute(sampler=sampler, seed=1, **SMALL)["mean"])
    netcdf.write(first, tmp_path / "regression.nc", regression.CONTRACT, {})
    assert all(np.isfinite(first[name]).all() for name in first.data_vars)


def test_moments_over_walkers_against_a_direct_loop(on):
    made = gaussian(50, 4, 2)
    on(made)
    given = {"lr": 0.01, "batch_size": 5, "walkers": 7, "seed": 3}
    found = regression.compute(
        sampler="independent", data={}, momentum=(0.5, 0.9), steps=9, ranks=(3, 1), start=0.2, **given
    )
    start = np.array([[0.2, 0.2], [0, 0], [0.2, 0.2], [0, 0]])
    walked = walk(made, start, momenta=[0.5, 0.9], sampler="independent", **given)
    paths = [(x.copy(), v.copy()) for x, v in islice(walked, 9)]
    for beta, step, rank, label in np.ndindex(2, 9, 2, 2):
        direction = (2, 0)[rank]
        both = np.array([[part[w, direction, beta, label] for part in paths[step]] for w in range(7)])
        place = {"momentum": beta, "step": step, "rank": rank, "class": label}
        np.testing.assert_allclose(found["mean"].isel(place), both.mean(axis=0), atol=1e-14)
        np.testing.assert_allclose(found.covariance.isel(place), np.cov(both.T), atol=1e-14)
        np.testing.assert_array_equal(found.path.isel(place), both[0])
        moved = [((paths[step][0][w, :, beta] - start) ** 2).sum() for w in range(7)]
        assert found.displacement[beta, step] == pytest.approx(np.mean(moved))


def test_the_share_inside_the_band_against_a_direct_count(on):
    made = gaussian(50, 4, 2)
    on(made)
    given = {"lr": 0.01, "batch_size": 5, "walkers": 7, "seed": 3}
    found = regression.compute(
        sampler="independent", data={}, momentum=(0.9,), steps=9, ranks=(1, 2), start=0.2, **given
    )
    start = np.array([[0.2, 0.2], [0.2, 0.2], [0, 0], [0, 0]])
    paths = [
        (x.copy(), v.copy()) for x, v in islice(walk(made, start, momenta=[0.9], sampler="independent", **given), 9)
    ]
    for noise, coordinate, rank in np.ndindex(2, 2, 2):
        each = []
        for walker in range(7):
            inside = 0
            for step, label in np.ndindex(9, 2):
                at = {"momentum": 0, "step": step, "rank": rank, "class": label}
                middle = float(found.mean_theory.isel(at)[coordinate])
                variance = float(found.covariance_theory.isel(noise=noise, **at)[coordinate, coordinate])
                value = paths[step][coordinate][walker, rank, 0, label]
                inside += step > 0 and abs(value - middle) <= 1.959964 * variance**0.5
            each.append(inside / 16)
        assert found.inside[noise, 0, rank, coordinate] == pytest.approx(np.mean(each))
        half = 2.446912 * np.std(each, ddof=1) / np.sqrt(7)
        assert found.inside_high[noise, 0, rank, coordinate] == pytest.approx(np.mean(each) + half, rel=1e-6)


def test_theory_is_the_chain_under_the_noise_at_the_minimum():
    found = regression.compute(sampler="independent", **SMALL)
    for beta in (0, 1):
        chain = DiscreteChain(
            found.eigenvalue.values[[0, 6]], learning_rate=0.0005, momentum=float(found.momentum[beta]), weight_decay=0.0,
            batch_size=32, gradient_variance=found.gradient_variance.values[[0, 6], 3],
        )  # fmt: skip
        part = found.isel({"momentum": beta, "class": 3})
        np.testing.assert_allclose(part.mean_theory, chain.mean(np.arange(20), (0.02, 0.0)), atol=1e-15)
        np.testing.assert_allclose(part.covariance_theory[0], chain.covariance(np.arange(20)), rtol=1e-9, atol=1e-25)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_walkers_of_gaussian_features_are_inside_the_band_as_often_as_it_says(sampler, on):
    on(gaussian(400, 6, 3, seed=4))
    found = regression.compute(
        sampler=sampler,
        data={},
        lr=0.01,
        momentum=(0.9,),
        batch_size=20,
        steps=120,
        walkers=200,
        ranks=(1, 3, 6),
        start=0.5,
    )
    along, constant = (found.isel(noise=k, momentum=0) for k in (1, 0))
    error = (along.all_inside_high - along.all_inside_low) / 4
    assert (np.abs(along.all_inside - 0.95) < 4 * error).all()
    assert (error < 0.01).all()
    assert (constant.all_inside_high < 0.93).all()


def test_without_noise_walkers_follow_the_spiral_exactly():
    given = SMALL | {"batch_size": 300, "steps": 150}
    found = regression.compute(sampler="shuffled-epochs", **given)
    np.testing.assert_allclose(found["mean"], found.mean_theory, atol=1e-13)
    np.testing.assert_allclose(found.path, found.mean_theory, atol=1e-13)
    assert np.abs(found.covariance).max() < 1e-24
    np.testing.assert_allclose(found.displacement, found.displacement_theory[0], rtol=1e-9, atol=1e-20)
    assert np.sign(found.mean_theory[1, :, 0, 0, 0]).diff("step").any()


def test_an_unstable_learning_rate_is_refused_in_one_line():
    bound = 2 * 1.9 / float(regression.compute(sampler="independent", **SMALL).eigenvalue[0])
    given = SMALL | {"momentum": (0.99, 0.9)}
    regression.compute(sampler="independent", **given | {"lr": 0.99 * bound})
    with pytest.raises(ValueError, match=r"^regression.lr = 0.\d+: must be below 2 \(1 \+ momentum\) / .* = 0.1\d+$"):
        regression.compute(sampler="independent", **given | {"lr": 1.01 * bound})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ranks": (1, 65)}, "^regression.ranks = 65: must be at most 5., the images' directions$"),
        ({"batch_size": 301}, "^regression.batch_size = 301: must be at most 300, the images$"),
        ({"sampler": "ordered"}, "^sampler = 'ordered': must be one of independent, shuffled-epochs$"),
    ],
)
def test_what_the_images_do_not_have_is_refused_in_one_line(wrong, message):
    with pytest.raises(ValueError, match=message):
        regression.compute(**{"sampler": "independent"} | SMALL | wrong)


def test_a_band_without_a_width_has_no_share():
    found = regression.shares(np.zeros((2, 5, 1, 2, 2), int), np.array([[[[0, 3], [3, 3]]]] * 2))
    assert isinstance(found, xr.Dataset)
    assert np.isnan(found.inside[0, 0, 0, 0])
    assert found.inside[0, 0, 0, 1] == 0
