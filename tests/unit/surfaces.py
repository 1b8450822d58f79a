"""Surfaces of known roughness on small grids."""

import numpy as np
from sgdwalk.landscapes.random_surfaces import fractional_brownian_surface


def surface(n, D, seed=0):
    """Fractional Brownian surface of dimension D."""
    return fractional_brownian_surface(n, 3 - D, np.random.default_rng(seed))


def grid(n):
    """x and y on [-1, 1]^2."""
    return np.meshgrid(np.linspace(-1, 1, n), np.linspace(-1, 1, n), indexing="ij")


def bowl(n):
    """A round minimum away from the centre; a loss."""
    x, y = grid(n)
    return 0.1 + (x - 0.1) ** 2 + (y + 0.2) ** 2


def valley(n, angle=0.0):
    """A quadratic valley narrower than a grid step; a loss."""
    x, y = grid(n)
    return 1e-3 + (np.cos(angle) * x + np.sin(angle) * y) ** 2 + 100 * (np.cos(angle) * y - np.sin(angle) * x) ** 2


def kinked(n, seed=0):
    """A sum of rectifiers on a bowl, as the loss of a small network with ReLU; a loss."""
    x, y = grid(n)
    angle, shift, height = np.random.default_rng(seed).uniform([[0], [-1], [-1]], [[6.3], [1], [1]], (3, 20))
    units = np.maximum(np.cos(angle) * x[..., None] + np.sin(angle) * y[..., None] - shift, 0)
    return 1 + 0.3 * (x**2 + y**2) + 0.1 * np.abs(units @ height)


def multifractal_walk(n, H, intermittency, rng):
    """Two-dimensional multifractal random walk [n, n], periodic: c1 = H + intermittency, c2 = -intermittency.

    White noise times the exponential of a field whose covariance is -intermittency times the logarithm of distance,
    integrated H + 1 times in Fourier space. Bacry, Delour & Muzy 2001, Phys. Rev. E 64, 026103, in two dimensions.
    """
    k = np.fft.fftfreq(n) * n
    radius = np.hypot(k[:, None], k)
    covariance = intermittency * np.log(n / 2 / np.maximum(radius, 1)).clip(min=0)
    spectrum = np.fft.fft2(covariance).real.clip(min=0)
    logs = np.fft.ifft2(np.sqrt(spectrum) * np.fft.fft2(rng.standard_normal((n, n)))).real
    noise = np.fft.fft2(rng.standard_normal((n, n)) * np.exp(logs))
    radius[0, 0] = np.inf
    return np.fft.ifft2(noise * radius ** -(H + 1)).real
