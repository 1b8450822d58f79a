"""SGD with momentum in a direction without curvature, under independent noise: what momentum alone makes of a walk."""

import numpy as np


def from_rest(times: np.ndarray, momentum: float) -> np.ndarray:
    """Mean squared displacement at these times (steps, 1 or more) from velocity 0, in squares of one noise step.

    sum over m = 1 ... t of ((1 - beta^m) / (1 - beta))^2: the noise of m steps ago has moved the weights so far.
    """
    reach = (1 - momentum ** np.arange(1, np.max(times) + 1)) / (1 - momentum)
    return np.cumsum(reach**2)[np.asarray(times, int) - 1]


def stationary(lags: np.ndarray, momentum: float) -> np.ndarray:
    """Mean squared displacement at these lags (steps) once the velocity is stationary, in squares of one step.

    l (1 + beta) / (1 - beta) - 2 beta (1 - beta^l) / (1 - beta)^2: steps are correlated as beta^|lag|. It grows as l^2
    up to some (1 + beta) / (1 - beta) steps, and as l far beyond.
    """
    rest = 1 - momentum
    return lags * (1 + momentum) / rest - 2 * momentum * (1 - momentum**lags) / rest**2
