"""Ticks of logarithmic axes, with labels that have room and are not smaller than other text."""

import numpy as np
from matplotlib.axis import Axis
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
    SymmetricalLogLocator,
)

FEW_DECADES = 1.6  # of a logarithmic axis, whose ticks are then 1, 2, 5, 10, ...
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PLAIN = range(-3, 5)  # powers of ten that are written as digits where all of an axis are


def ticks(axis: Axis) -> None:
    """Ticks of a logarithmic axis with room between their labels, none of which is smaller than the others.

    On few decades they are 1, 2, 5, 10, ...; else powers of ten. Superscripts are letters of the font, as those of
    mathematical text would be below the smallest size. An axis whose ticks a figure has chosen keeps them.
    """
    locator = axis.get_major_locator()
    if axis.get_scale() == "symlog" and isinstance(locator, (SymmetricalLogLocator, FixedLocator)):
        axis.set_major_formatter(FuncFormatter(lambda x, _: decade(x)))
    if axis.get_scale() != "log" or type(locator) is not LogLocator:
        return
    low, high = np.log10(axis.get_view_interval())
    side = int(axis.axis_name == "y")
    inches = axis.axes.get_window_extent().size[side] / axis.axes.figure.dpi
    if high - low < FEW_DECADES:
        plain_ticks(axis, high - low, inches)
        return
    axis.set_major_locator(LogLocator(numticks=max(3, int(inches / 0.25))))
    plain = np.floor(low) >= PLAIN[0] and np.ceil(high) <= PLAIN[-1]
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}" if plain else decade(x)))
    axis.set_minor_formatter(NullFormatter())
    if high - low > 7:
        axis.set_minor_locator(NullLocator())


def plain_ticks(axis: Axis, decades: float, inches: float) -> None:
    """Ticks 1, 2, 5, 10, ... in plain digits, or evenly spaced ones on an axis of less than half a decade."""
    few = MaxNLocator(max(2, int(inches / 0.35)), steps=[1, 2, 5, 10])
    axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=20) if decades > 0.5 else few)
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def decade(value: float) -> str:
    """'10⁻²', '−10³', '0'; other numbers in plain digits."""
    if value == 0:
        return "0"
    power = np.log10(abs(value))
    if abs(power - round(power)) > 1e-6:
        return f"{value:g}"
    return f"{'−' if value < 0 else ''}10{str(round(power)).translate(SUPERSCRIPT)}"
