"""The sketch's distances against the true ones, and its error against theory."""

import numpy as np
import pytest
import torch
from sgdwalk.recorder.random_projection import Sketch


@pytest.mark.parametrize(("size", "components"), [(5000, 64), (5000, 512), (100, 64)])
def test_squared_lengths_are_unbiased_with_the_variance_of_theory(size, components):
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.standard_normal((1, size)))
    true = float((x**2).sum())
    kept = 1 - float((x**4).sum()) / true**2
    seeds = 600
    sketches = [Sketch(size, components, seed=seed, dtype=torch.float64) for seed in range(seeds)]
    ratio = np.array([float((s(x, torch.zeros(size)) ** 2).sum()) / true for s in sketches])
    expected = sketches[0].relative_error * kept**0.5
    assert ratio.mean() == pytest.approx(1, abs=5 * expected / seeds**0.5)
    assert ratio.std() == pytest.approx(expected, rel=5 / (2 * seeds) ** 0.5)  # its own relative error is 0.03


def test_its_error_is_about_that_of_a_dense_projection():
    assert Sketch(175_258, 2048, seed=0).relative_error == pytest.approx((2 / 2048) ** 0.5, rel=0.01)


def test_with_a_component_for_every_parameter_it_is_exact():
    sketch = Sketch(30, 40, seed=1, dtype=torch.float64)
    x = torch.randn(5, 30, dtype=torch.float64)
    np.testing.assert_allclose((sketch(x, x[0]) ** 2).sum(1), ((x - x[0]) ** 2).sum(1))
    assert sketch.relative_error == 0


def test_short_steps_far_from_the_origin_keep_their_length():
    random = torch.Generator().manual_seed(0)
    start = torch.randn(1, 20_000, generator=random) * 1e3
    walk = start + torch.randn(50, 20_000, generator=random).cumsum(0) * 1e-1
    found = Sketch(20_000, 256, seed=0)(walk, walk[0]).double().diff(dim=0)
    exact = Sketch(20_000, 256, seed=0, dtype=torch.float64)(walk.double(), walk[0].double()).diff(dim=0)
    np.testing.assert_allclose((found**2).sum(1), (exact**2).sum(1), rtol=1e-4)


def test_blocks_of_rows_do_not_matter(monkeypatch):
    from sgdwalk.recorder import random_projection

    x = torch.randn(9, 100)
    whole = random_projection.Sketch(100, 8, seed=0)(x, x[0])
    monkeypatch.setattr(random_projection, "BLOCK", 250)
    assert torch.equal(random_projection.Sketch(100, 8, seed=0)(x, x[0]), whole)
