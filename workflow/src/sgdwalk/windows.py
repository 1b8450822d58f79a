"""Which windows of a file an analysis looks at."""

import xarray as xr


def full_windows(data: xr.Dataset) -> xr.Dataset:
    """The windows of distances.nc (or layers.nc) that hold all their T steps; a short last one is left out.

    data: window_steps [window], loss [window, step] with T steps. ValueError if no window is full.
    """
    full = (data.window_steps == data.sizes["step"]).values
    if not full.any():
        longest = int(data.window_steps.max())
        raise ValueError(f"window = {data.sizes['step']}: must be at most {longest}, the steps of the run")
    return data.isel(window=full).drop_vars("window_steps")
