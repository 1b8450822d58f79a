import importlib

import numpy as np
import pytest
import xarray as xr
from sgdwalk.storage import contracts, netcdf
from walks import distances_of, fbm

FAST = {"copies": 20}


def layers_of(*parts, loss):
    """layers.nc of groups of layers, each a list of windows [step, parameter]."""
    groups = [distances_of(*part, loss=loss) for part in parts]
    data = xr.concat(groups, "layer", data_vars=["distance2"], coords="minimal", compat="equals", join="exact")
    return data.assign_coords(layer=["conv", "dense"], layer_size=("layer", [p[0].shape[1] for p in parts]))


@pytest.fixture(scope="module")
def layers():
    rng = np.random.default_rng(0)
    parts = [[fbm(H, 60, size, rng) for _ in range(2)] for H, size in ((0.3, 30), (0.7, 50))]
    return layers_of(*parts, loss=rng.standard_normal((2, 60)))


@pytest.mark.parametrize("quantity", ["msd", "path", "msl"])
def test_each_layer_is_analysed_as_a_separate_network(layers, quantity):
    module = importlib.import_module(f"sgdwalk.analyses.layerwise_{quantity}")
    alone = importlib.import_module(f"sgdwalk.analyses.{quantity}")
    result = module.compute(layers, **FAST)
    contracts.check(result, netcdf.find(f"layerwise_{quantity}"))
    assert list(result.layer.values) == ["conv", "dense"]
    for k in range(2):
        single = layers.isel(layer=k).drop_vars(["layer", "layer_size"])
        xr.testing.assert_equal(result.isel(layer=k, drop=True), alone.compute(single, **FAST))


def test_layers_have_their_own_exponents(layers):
    found = importlib.import_module("sgdwalk.analyses.layerwise_msd").compute(layers, **FAST)
    np.testing.assert_allclose(found.exponent.sel(fit="whole").mean("window"), [0.6, 1.4], atol=0.2)


def test_the_contract_keeps_coordinates_and_puts_layer_before_the_rest():
    variables = netcdf.find("layerwise_msd").variables
    assert variables["msd"].dims == ("layer", "window", "lag")
    assert variables["regime_start"].dims == ("layer",)
    assert variables["window_start"].dims == ("window",)
    assert variables["lag"].dims == ("lag",)


def test_a_run_without_layers_is_refused(layers):
    with pytest.raises(ValueError, match="must record its layers"):
        importlib.import_module("sgdwalk.analyses.layerwise_msd").compute(layers.isel(layer=[]))


def test_a_layerwise_file_is_written_and_read(layers, tmp_path):
    module = importlib.import_module("sgdwalk.analyses.layerwise_msd")
    netcdf.write(module.compute(layers, **FAST), tmp_path / "msd.nc", module.CONTRACT, {})
    assert netcdf.read(tmp_path / "msd.nc").msd.dims == ("layer", "window", "lag")
