"""Which windows of a file an analysis looks at, and up to which lag."""

import xarray as xr

FEWEST_PAIRS = 10  # independent ones, and steps, that support a lag


def full_windows(data: xr.Dataset) -> xr.Dataset:
    """The windows of distances.nc, layers.nc or gradients.nc that hold all their T steps; a short last one is left out.

    data: window_steps [window], and a dimension step (step_in_window) of T steps. ValueError if no window is full.
    """
    length = data.sizes["step" if "step" in data.sizes else "step_in_window"]
    full = (data.window_steps == length).values
    if not full.any():
        longest = int(data.window_steps.max())
        raise ValueError(f"window = {length}: must be at most {longest}, the steps of the run")
    return data.isel(window=full).drop_vars("window_steps")


def longest_lag(share: float, steps: int) -> int:
    """The longest lag that a window of so many steps is fitted up to: a share of the window, at most steps - 1."""
    return min(int(share * steps), steps - 1)
