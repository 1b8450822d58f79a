"""Where the law of a run's walk changes, and where the subdiffusive regime of Chen et al. starts, in panels of time."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from sgdwalk.figures import style

CHANGE = {"color": "0.85", "zorder": 0, "linewidth": 0}
REGIME = {"color": style.PURPLE, "linestyle": ":", "linewidth": 1.2}


def mark(axes: Axes, models: xr.Dataset | None, msd: xr.Dataset | None) -> None:
    """The change of the law with its interval (walk_models.nc), and the start of the paper's regime (msd.nc)."""
    if models is not None and np.isfinite(models.change):
        axes.axvspan(float(models.change_low), float(models.change_high), **CHANGE)
        axes.axvline(float(models.change), color=style.BLACK, linewidth=0.8, label="change of the law (grey: interval)")
    elif models is not None:
        p = float(models.change_p)
        text = f"p = {p:.2g}" if np.isfinite(p) else "too few windows"
        axes.figure.note(f"no change of the law between windows beyond a smooth one ({text})", axes)
    if msd is not None and np.isfinite(msd.regime_start):
        axes.axvline(float(msd.regime_start), label="subdiffusive regime of the paper", **REGIME)
