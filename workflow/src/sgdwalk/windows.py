"""Which windows of a file an analysis looks at."""

import xarray as xr


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
