"""NetCDF files that have nothing but attributes."""

import json

from netCDF4 import Dataset


def result(path, contract="training", **attributes):
    """A NetCDF file that has nothing but attributes; settings as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in attributes.items()}
    with Dataset(path, "w") as file:
        file.setncatts({"contract": contract} | told)
    return path
