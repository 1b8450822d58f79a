"""A study: its settings, runs and figures, read and checked. Nothing here loads torch or xarray."""
