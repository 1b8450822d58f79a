"""Exponents c that Kunin et al. publish for ResNet-18: a reference in figures, never a target.

Printed numbers for ImageNet, and numbers for CIFAR-10 read off their figures by hand (doi 10.1162/neco_a_01626 and the
released notebooks); single runs, without intervals, weight decay 0.0001. Of their 27 runs: those that differ from
DEFAULT in one hyperparameter.
"""

from typing import NamedTuple


class Published(NamedTuple):
    """Settings of a run and its exponent c of the squared displacement from the start."""

    lr: float
    batch_size: int
    momentum: float
    exponent: float


PUBLISHED = {
    "Kunin et al., ImageNet": (
        Published(1e-5, 256, 0.9, 1.326),
        Published(1e-4, 128, 0.9, 0.976),
        Published(1e-4, 256, 0.8, 1.054),
        Published(1e-4, 256, 0.9, 0.987),
        Published(1e-4, 256, 0.99, 0.915),
        Published(1e-4, 512, 0.9, 1.063),
        Published(1e-3, 256, 0.9, 0.895),
    ),
    "Kunin et al., CIFAR-10": (
        Published(1e-4, 32, 0.9, 1.11),
        Published(1e-4, 240, 0.9, 1.41),
        Published(1e-4, 256, 0.8, 1.265),
        Published(1e-4, 256, 0.9, 1.285),
        Published(1e-4, 256, 0.95, 1.32),
        Published(1e-4, 256, 0.98, 1.48),
        Published(1e-4, 256, 0.99, 1.80),
    ),
}
DEFAULT = {"lr": 1e-4, "batch_size": 256, "momentum": 0.9}


def sweep(label: str, parameter: str) -> list[tuple[float, float]]:
    """(value, exponent) of the runs that differ from DEFAULT in this hyperparameter alone, by value."""
    fixed = {name: value for name, value in DEFAULT.items() if name != parameter}
    rows = [row._asdict() for row in PUBLISHED[label]]
    alike = [row for row in rows if all(row[name] == value for name, value in fixed.items())]
    return sorted((row[parameter], row["exponent"]) for row in alike) if parameter in DEFAULT else []
