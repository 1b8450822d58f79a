"""Whether a loss changed during a training by more than the noise of its minibatches."""

import numpy as np
from scipy.special import chdtrc

from sgdwalk.trajectory.ranks import average_ranks

PARTS = 20  # of consecutive steps, that are compared
FEWEST_STEPS = 5  # in a part
LEVEL = 0.01  # of the test: the share of losses of pure noise that are called changed


def unchanged(loss: np.ndarray) -> bool:
    """Whether minibatch losses [step] are like independent draws of one distribution: the training learnt nothing.

    Kruskal-Wallis test of PARTS equal stretches of consecutive steps at LEVEL: of independent losses of any
    distribution 1 % are called changed, fewer where an epoch uses each image once. Losses that are not finite
    are omitted; False for fewer than ten, of which nothing can be said.

    Source: Kruskal & Wallis 1952 (doi 10.1080/01621459.1952.10483441).

    >>> noise = np.random.default_rng(0).standard_normal(1000)
    >>> unchanged(noise), unchanged(noise - np.linspace(0, 1, 1000))
    (True, False)
    """
    known = loss[np.isfinite(loss)]
    parts = min(PARTS, len(known) // FEWEST_STEPS)
    if parts < 2:
        return False
    return bool(np.ptp(known) == 0 or kruskal_wallis(known, parts) >= LEVEL)


def kruskal_wallis(values: np.ndarray, parts: int) -> float:
    """The p value of values [n], not all equal, having one distribution in `parts` stretches of equal length.

    H is the sum over stretches of count (mean rank - (n + 1) / 2)^2 over the variance of all ranks, about chi-squared
    with parts - 1 degrees of freedom.
    """
    ranks = average_ranks(values)
    between = sum(len(part) * (part.mean() - ranks.mean()) ** 2 for part in np.array_split(ranks, parts))
    return float(chdtrc(parts - 1, between / ranks.var(ddof=1)))
