"""What a training recorded at its steps and at its snapshots, on the windows of its MSD."""

import numpy as np
import xarray as xr


def noise_strength(training: xr.Dataset, windows: xr.Dataset) -> np.ndarray:
    """Mean of the squared gradient noise over the steps of each window, [window]: the trace of its covariance.

    training: training.nc, with noise_norm [step]. windows: a file of the same run with window_start and lag (a window
    has one step more than lags). NaN for a window without recorded noise.
    """
    square, steps = training.noise_norm.values.astype(float) ** 2, windows.sizes["lag"] + 1
    parts = [square[start : start + steps] for start in windows.window_start.values.astype(int)]
    known = [part[np.isfinite(part)] for part in parts]
    return np.array([part.mean() if len(part) else np.nan for part in known])


def window_of(steps: np.ndarray, windows: xr.Dataset) -> np.ndarray:
    """Position of the window that each step is in; of the last window for the steps after it.

    windows: a file with window_start, increasing.
    """
    return np.clip(
        np.searchsorted(windows.window_start.values, steps, side="right") - 1, 0, windows.sizes["window"] - 1
    )
