"""Exponents of the MSD that Chen, Qu & Gong publish for ResNets on CIFAR-10: a reference in figures, never a target.

Numbers of their Figs. 3 and 4a (doi 10.1016/j.neunet.2022.01.019), read off by hand, without intervals. The
learning-rate sweep states neither batch size nor shortcuts.
"""

from typing import NamedTuple


class Published(NamedTuple):
    """A network's settings, exponents in the first and second regime, and tau_0 (steps); None where not stated."""

    depth: int
    batch_size: int | None
    shortcut: bool | None
    lr: float
    first: float
    second: float
    tau0: int | None


DATASET = "cifar10"
LABEL = "Chen et al., CIFAR-10"
EXPONENTS = (
    Published(14, 128, False, 0.1, 1.359, 0.7, 80),
    Published(14, 512, False, 0.1, 1.222, 0.69, 50),
    Published(14, 1024, False, 0.1, 1.388, 0.69, 65),
    Published(14, 128, True, 0.1, 1.315, 0.727, 180),
    Published(14, 512, True, 0.1, 1.405, 0.7, 100),
    Published(14, 1024, True, 0.1, 1.215, 0.783, 70),
    Published(20, 128, False, 0.1, 1.231, 0.65, 140),
    Published(20, 512, False, 0.1, 1.298, 0.683, 60),
    Published(20, 1024, False, 0.1, 1.314, 0.693, 100),
    Published(20, 128, True, 0.1, 1.227, 0.733, 150),
    Published(20, 512, True, 0.1, 1.36, 0.703, 100),
    Published(20, 1024, True, 0.1, 1.36, 0.6, 45),
    Published(56, 128, False, 0.1, 1.111, 0.767, 200),
    Published(56, 512, False, 0.1, 1.1, 0.717, 125),
    Published(56, 1024, False, 0.1, 1.033, 0.7, 133),
    Published(56, 128, True, 0.1, 1.158, 0.684, 70),
    Published(56, 512, True, 0.1, 1.172, 0.75, 70),
    Published(56, 1024, True, 0.1, 1.259, 0.733, 70),
    Published(110, 128, False, 0.1, 1.012, 0.7, 300),
    Published(110, 256, False, 0.1, 1.172, 0.746, 400),
    Published(110, 512, False, 0.1, 1.35, 0.733, 300),
    Published(110, 128, True, 0.1, 1.216, 0.8, 220),
    Published(110, 256, True, 0.1, 1.182, 0.884, 110),
    Published(110, 512, True, 0.1, 1.417, 0.674, 100),
    Published(14, None, None, 0.001, 2, 2, None),
    Published(14, None, None, 0.01, 1.833, 1.7, None),
    Published(14, None, None, 0.05, 1.7, 0.677, None),
    Published(14, None, None, 0.1, 1.388, 0.69, None),
    Published(14, None, None, 0.5, 1.4, 0.727, None),
)
