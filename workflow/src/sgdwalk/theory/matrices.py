"""The Langevin model as one Ornstein-Uhlenbeck process of weights and velocities, by matrices and their exponential."""

import numpy as np
from scipy.linalg import expm

from sgdwalk.theory.settings import Settings


class OrnsteinUhlenbeck(Settings):
    """The process x = (theta, v) of Kunin et al. 2024 for a Hessian H and gradient noise of covariance sigma^2 H.

        dx = -A (x - m) dt + sqrt(2 D / kappa) dW,  t = eta k,
        m = ((H + lambda)^-1 b, 0),  kappa = S (1 - beta^2) / sigma^2,
        A = [[0, -1], [c (H + lambda), c (1 - beta)]],  D = [[0, 0], [0, c (1 - beta) H]],  c = 2 / (eta (1 + beta)),
        (D + Q) U = A,  Q = [[0, -H], [H, 0]],  U = diag(c H^-1 (H + lambda), H^-1).

    hessian [p, p], symmetric with eigenvalues above 0; pull b [p], minus the gradient at 0; noise sigma, a number above
    0; the rest as in Settings. Weights are those of the network, not projections. ValueError for any other Hessian.
    """

    def __init__(self, hessian, pull=0.0, *, noise: float = 1.0, **settings):
        self.hessian = _symmetric(hessian)
        super().__init__(np.linalg.eigvalsh(self.hessian), noise=noise, **settings)
        if not (np.ndim(noise) == 0 and noise > 0 and self.rho[0] > 0):
            raise ValueError(f"noise = {noise}, least eigenvalue {self.rho[0]:g}: both must be above 0")
        self.size = len(self.rho)
        self.identity, self.zero = np.eye(self.size), np.zeros((self.size, self.size))
        self.decayed = self.hessian + self.weight_decay * self.identity
        self.c = 2 / (self.learning_rate * (1 + self.momentum))
        self.kappa = self.batch_size * (1 - self.momentum**2) / noise**2
        pull = np.broadcast_to(np.asarray(pull, float), self.size)
        self.centre = np.concatenate([np.linalg.solve(self.decayed, pull), np.zeros(self.size)])

    @property
    def drift(self) -> np.ndarray:
        """A [2 p, 2 p], per unit of t."""
        return np.block(
            [[self.zero, -self.identity], [self.c * self.decayed, self.c * (1 - self.momentum) * self.identity]]
        )

    @property
    def diffusion(self) -> np.ndarray:
        """D [2 p, 2 p]."""
        return np.block([[self.zero, self.zero], [self.zero, self.c * (1 - self.momentum) * self.hessian]])

    @property
    def rotation(self) -> np.ndarray:
        """Q [2 p, 2 p], antisymmetric."""
        return np.block([[self.zero, -self.hessian], [self.hessian, self.zero]])

    @property
    def potential(self) -> np.ndarray:
        """U [2 p, 2 p]: the stationary covariance is (kappa U)^-1."""
        inverse = np.linalg.inv(self.hessian)
        modified = self.c * (self.identity + self.weight_decay * inverse)
        return np.block([[modified, self.zero], [self.zero, inverse]])

    def propagator(self, step: float) -> np.ndarray:
        """Exp(-A eta k) [2 p, 2 p] after k >= 0 steps."""
        if not (np.ndim(step) == 0 and 0 <= step < np.inf):
            raise ValueError(f"step = {step}: must be a number of at least 0")
        return expm(-self.drift * (self.learning_rate * step))

    def mean(self, step: float, start) -> np.ndarray:
        """E x [2 p] after k steps from a start (theta, v) [2 p]: m + exp(-A t) (x_0 - m)."""
        return self.centre + self.propagator(step) @ (np.asarray(start, float) - self.centre)

    def covariance(self, step: float) -> np.ndarray:
        """Covariance of x [2 p, 2 p], k steps after it was known: C - exp(-A t) C exp(-A' t), C = (kappa U)^-1."""
        propagator, limit = self.propagator(step), self.stationary()
        return limit - propagator @ limit @ propagator.T

    def stationary(self) -> np.ndarray:
        """Covariance (kappa U)^-1 of the stationary state [2 p, 2 p]."""
        return np.linalg.inv(self.kappa * self.potential)

    def modified_loss(self, x) -> np.ndarray:
        """Psi(x) = (x - m)' U (x - m) / 2, for x [..., 2 p]: the stationary density is proportional to exp(-kappa Psi).

        Its part of theta is (theta - m)' H^-1 (H + lambda) (theta - m) / (eta (1 + beta)), round for lambda = 0
        whatever the loss; its part of v is v' H^-1 v / 2.
        """
        away = np.asarray(x, float) - self.centre
        return np.einsum("...i,ij,...j->...", away, self.potential, away) / 2

    def density(self, x) -> np.ndarray:
        """Stationary density sqrt(det(kappa U / (2 pi))) exp(-kappa Psi) at x [..., 2 p]."""
        volume = np.linalg.slogdet(self.kappa * self.potential / (2 * np.pi))[1] / 2
        return np.exp(volume - self.kappa * self.modified_loss(x))

    def current(self, x) -> np.ndarray:
        """Stationary probability current J = -Q U (x - m) density, per unit of t, for x [..., 2 p].

        J = density (v, -c (H + lambda) (theta - m)): theta moves where v points, as an oscillator turns in phase space.
        """
        away = np.asarray(x, float) - self.centre
        return -away @ (self.rotation @ self.potential).T * self.density(x)[..., None]


def _symmetric(hessian) -> np.ndarray:
    hessian = np.asarray(hessian, float)
    if hessian.ndim != 2 or not np.allclose(hessian, hessian.T, rtol=1e-10, atol=0):
        raise ValueError(f"hessian of shape {hessian.shape}: must be a symmetric matrix")
    return (hessian + hessian.T) / 2
