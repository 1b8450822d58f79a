import numpy as np
import pytest
from sgdwalk.landscapes.fitted_quadratic import fitted_quadratic
from surfaces import bowl, grid, valley


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("loss", [bowl(25), valley(25), valley(25, 0.7), grid(25)[0] * grid(25)[1] + 3])
def test_a_quadratic_loss_is_its_own_quadratic(loss, relative):
    np.testing.assert_allclose(fitted_quadratic(loss, relative), loss, rtol=1e-9)


def test_the_fit_has_the_least_squared_error():
    x, y = grid(15)
    loss = bowl(15) + 1 + 0.3 * np.random.default_rng(0).standard_normal((15, 15))  # its least value lies below the fit
    for relative, weight in ((False, 1), (True, 1 / loss)):
        error = lambda z, w=weight: (((z - loss) * w) ** 2).sum()  # noqa: E731
        best = fitted_quadratic(loss, relative)
        for change in (1, x, y, x**2, x * y, y**2):
            assert min(error(best + e * change) for e in (-1e-3, 1e-3)) > error(best)


def test_the_relative_fit_finds_the_floor_of_a_valley_that_is_no_quadratic():
    along, across = grid(25)
    loss = 1e-3 + (1 + 0.5 * along) * (along**2 + 100 * across**2)
    floor = np.abs(across) < 0.01
    assert np.abs(np.log10(fitted_quadratic(loss, relative=True) / loss))[floor].max() < 0.7
    assert fitted_quadratic(loss)[floor].min() < 0  # where the other one has no logarithm


def test_the_relative_fit_is_nowhere_below_the_least_loss():
    x, y = grid(25)
    loss = np.exp(6 * np.hypot(x, y))
    found = fitted_quadratic(loss, relative=True)
    assert found.min() >= loss.min() * (1 - 1e-12)
