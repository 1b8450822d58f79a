"""An analysis of distances.nc, repeated for each group of layers in layers.nc."""

from types import ModuleType

import xarray as xr

from sgdwalk.storage.contracts import Contract, Variable
from sgdwalk.storage.run_files import LAYER


def contract(analysis: ModuleType) -> Contract:
    """The contract of an analysis, with dimension layer in front of every variable but coordinates."""
    found = {"layer": LAYER}
    for name, declared in analysis.CONTRACT.variables.items():
        shared = declared.dims == (name,) or name == "window_start"
        dims = declared.dims if shared else ("layer", *declared.dims)
        found[name] = Variable(dims, declared.units, declared.long_name, declared.optional)
    return Contract(f"layerwise_{analysis.CONTRACT.name}", found, analysis.CONTRACT.version)


def compute(analysis: ModuleType, layers: xr.Dataset, **settings) -> xr.Dataset:
    """The analysis of every group of layers, with the same settings, stacked along dimension layer.

    analysis: a module with compute(distances, **settings). layers: distance2 [layer, window, pair],
    loss [window, step], window_steps [window]. ValueError where no layers were recorded.
    """
    names = layers.layer.values
    if not len(names):
        raise ValueError("layers = false: the run must record its layers for their geometry")
    layers = layers.drop_vars(["layer", "layer_size"])
    found = [analysis.compute(layers.isel(layer=k), **settings) for k in range(len(names))]
    return xr.concat(found, dim=xr.DataArray(names, dims="layer", name="layer"), data_vars="all", coords="minimal")
