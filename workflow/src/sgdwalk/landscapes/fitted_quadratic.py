"""The quadratic closest to a loss surface: a smooth surface of the same shape, as a control of roughness."""

import numpy as np


def fitted_quadratic(loss: np.ndarray, relative: bool = False) -> np.ndarray:
    """The polynomial of second degree in x and y with the least squared error, on the grid of loss [x, y].

    relative: minimise the relative error, the one that the logarithm of the loss sees. A fit to a loss that spans
    decades is otherwise one to its edges, and misses the floor of a valley. The loss must then be positive, and the
    result is raised, where it falls lower, until its least value is that of the loss.

    A quadratic loss, valleys narrower than a grid step included, is returned up to rounding.

    >>> x = np.linspace(-1, 1, 11)
    >>> valley = 1e-3 + x[:, None] ** 2 + 100 * x**2
    >>> np.allclose(fitted_quadratic(valley, relative=True), valley)
    True
    """
    x, y = np.meshgrid(*(np.linspace(-1, 1, points) for points in loss.shape), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x**2, x * y, y**2], axis=-1).reshape(-1, 6)
    weight = 1 / loss.ravel() if relative else np.ones(loss.size)
    factors = np.linalg.lstsq(terms * weight[:, None], loss.ravel() * weight, rcond=None)[0]
    fitted = (terms @ factors).reshape(loss.shape)
    return fitted + max(0.0, loss.min() - fitted.min()) if relative else fitted
