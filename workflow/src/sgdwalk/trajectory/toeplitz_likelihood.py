"""Gaussian likelihood of a window's steps whose covariance between times is a Toeplitz matrix R, without factorising R.

The steps s_t = w_{t+1} - w_t, t = 0 ... n - 1, are given by their dot products G. In each of D equal dimensions they
are Gaussian with covariance s^2 R, and s^2 is profiled out:

    log L = -D/2 [n ln(tr(R^-1 G) / n) + ln|R|]    up to a constant.

With a constant drift projected out (restricted likelihood), u = R^-1 1, U = 1'u:

    log L = -D/2 [(n - 1) ln((tr(R^-1 G) - u'Gu / U) / (n - 1)) + ln|R| + ln U].

The two are likelihoods of different data, and are not to be compared with each other. Durbin's recursion gives the
coefficients a of the prediction of a step from all before it, their error e, and ln|R|; the formula of Gohberg &
Semencul is R^-1 = (L(a) L(a)' - L(b) L(b)') / e with L(.) lower triangular Toeplitz matrices and
b = (0, a_{n-1}, ..., a_1). Hence tr(R^-1 G) = (a'Sa - b'Sb) / e with S the sums of G along its diagonals, which are
made once for a window.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft


@dataclass(frozen=True)
class Inverses:
    """Inverses of several Toeplitz matrices R [n, n]: coefficients a [matrix, n], error e and ln|R| [matrix]."""

    coefficients: np.ndarray
    error: np.ndarray
    log_determinant: np.ndarray

    @property
    def reflected(self) -> np.ndarray:
        """B [matrix, n]."""
        return np.hstack([np.zeros((len(self.error), 1)), self.coefficients[:, :0:-1]])

    def at(self, chosen: np.ndarray) -> "Inverses":
        """Those of the matrices with these places, in this order."""
        return Inverses(self.coefficients[chosen], self.error[chosen], self.log_determinant[chosen])

    def trace(self, sums: np.ndarray) -> np.ndarray:
        """tr(R^-1 G) [matrix, ...] of the diagonal sums of G (diagonal_sums), or of several stacked in front."""
        a, b = self.coefficients, self.reflected
        forms = [np.einsum("...mk,mk->m...", v @ sums, v) for v in (a, b)]
        return (forms[0] - forms[1]) / self.error.reshape(-1, *[1] * (sums.ndim - 2))

    @cached_property
    def of_ones(self) -> np.ndarray:
        """U = R^-1 1 [matrix, n]."""
        size = self.coefficients.shape[1]
        length = next_fast_len(2 * size, real=True)
        parts = []
        for v in (self.coefficients, self.reflected):  # L(v) L(v)' 1: cumulative sums, then a convolution
            turned = v.cumsum(axis=1)[:, ::-1]
            parts.append(irfft(rfft(v, length) * rfft(turned, length), length)[:, :size])
        return (parts[0] - parts[1]) / self.error[:, None]


def inverses(covariances: np.ndarray) -> Inverses:
    """Durbin's recursion for several autocovariances [matrix, n], of lags 0 ... n - 1, positive definite.

    Source: Durbin 1960; Golub & Van Loan, Matrix Computations, Section 4.7.
    """
    count, size = covariances.shape
    backwards = np.ascontiguousarray(covariances[:, ::-1])
    a = np.zeros((count, size))
    a[:, 0], error = 1, covariances[:, 0].copy()
    determinant = np.log(error)
    for k in range(1, size):
        forecast = np.einsum("mk,mk->m", a[:, :k], backwards[:, size - 1 - k : size - 1]) / error
        a[:, 1 : k + 1] -= forecast[:, None] * a[:, k - 1 :: -1]
        error *= 1 - forecast**2
        determinant += np.log(error)
    return Inverses(a, error, determinant)


def diagonal_sums(products: np.ndarray) -> np.ndarray:
    """S[..., p, q] = sum over k >= 0 of G[..., p + k, q + k]."""
    sums = products.copy()
    for p in range(sums.shape[-1] - 2, -1, -1):
        sums[..., p, :-1] += sums[..., p + 1, 1:]
    return sums


def step_variance(sums: np.ndarray, products: np.ndarray, of: Inverses, drift: bool) -> np.ndarray:
    """D s^2 [matrix, ...] at its maximum: of products G [..., n, n] and their diagonal sums.

    drift: whether a constant drift is projected out.
    """
    size = products.shape[-1]
    total = of.trace(sums)
    if not drift:
        return total / size
    u = of.of_ones
    along = np.einsum("...mk,mk->m...", u @ products, u) / u.sum(1).reshape(-1, *[1] * (products.ndim - 2))
    return (total - along) / (size - 1)


def log_likelihood(variance: np.ndarray, of: Inverses, drift: bool) -> np.ndarray:
    """Log L / D [matrix, ...] of step_variance, up to a constant."""
    size = of.coefficients.shape[1]
    shape = (-1, *[1] * (variance.ndim - 1))
    if not drift:
        return -0.5 * (size * np.log(variance) + of.log_determinant.reshape(shape))
    known = of.log_determinant + np.log(of.of_ones.sum(1))
    return -0.5 * ((size - 1) * np.log(variance) + known.reshape(shape))
