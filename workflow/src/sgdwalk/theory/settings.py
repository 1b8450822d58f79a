"""Hyperparameters of SGD and the modes it moves in, checked once."""

import numpy as np


class Settings:
    """What every model of SGD on a quadratic loss needs to know.

    rho [mode]: eigenvalues of the Hessian, loss per weight squared; learning_rate eta > 0; momentum beta in [0, 1);
    weight_decay lambda >= 0, in the units of rho; batch_size S >= 1.
    The variance of one example's gradient in each mode is noise^2 rho, where noise is sigma, a number or [mode]
    (covariance sigma^2 H, Kunin et al. 2024), or gradient_variance, a number or [mode], where that is given: as
    measured, for flat modes with noise of their own, for negative eigenvalues.
    ValueError, in one line, for anything else.
    """

    def __init__(
        self,
        rho,
        *,
        learning_rate: float,
        momentum: float,
        weight_decay: float,
        batch_size: int,
        noise=1.0,
        gradient_variance=None,
    ):
        self.rho = _modes(rho)
        self.learning_rate = _number("learning_rate", learning_rate, lambda x: x > 0, "above 0")
        self.momentum = _number("momentum", momentum, lambda x: 0 <= x < 1, "in [0, 1)")
        self.weight_decay = _number("weight_decay", weight_decay, lambda x: x >= 0, "at least 0")
        self.batch_size = _number("batch_size", batch_size, lambda x: x >= 1, "at least 1")
        if gradient_variance is None:
            sigma = _per_mode("noise", noise, self.rho)
            gradient_variance = _per_mode("noise^2 rho", sigma**2 * self.rho, self.rho)
        self.gradient_variance = _per_mode("gradient_variance", gradient_variance, self.rho)

    @property
    def stiffness(self) -> np.ndarray:
        """Dimensionless curvature eta (rho + lambda) [mode]; the chain is stable below 2 (1 + beta)."""
        return self.learning_rate * (self.rho + self.weight_decay)


def refuse(wrong: np.ndarray, value: np.ndarray, name: str, allowed: str) -> None:
    """ValueError that names the first mode [mode] where `wrong`, its value and what is allowed."""
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(f"{name} = {value[first]:g} in mode {first}: must be {allowed}")


def _modes(rho) -> np.ndarray:
    rho = np.atleast_1d(np.asarray(rho, float))
    if rho.ndim != 1 or rho.size == 0:
        raise ValueError(f"rho has the shape {rho.shape}: must be a list of at least one eigenvalue")
    refuse(~np.isfinite(rho), rho, "rho", "finite")
    return rho


def _number(name: str, value, allowed, words: str) -> float:
    if np.ndim(value) or not (np.isfinite(value) and allowed(value)):
        raise ValueError(f"{name} = {value!r}: must be a number {words}")
    return value


def _per_mode(name: str, value, rho: np.ndarray) -> np.ndarray:
    value = np.asarray(value, float)
    if value.shape not in ((), rho.shape):
        raise ValueError(f"{name} has the shape {value.shape}: must be a number or one for each of {rho.size} modes")
    value = np.broadcast_to(value, rho.shape)
    refuse(~(np.isfinite(value) & (value >= 0)), value, name, "finite and at least 0")
    return value
