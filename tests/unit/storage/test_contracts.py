import numpy as np
import pytest
import xarray as xr
from sgdwalk.storage import atomic, contracts, netcdf, run_files
from sgdwalk.storage.provenance import attributes

STAMP = attributes({"lr": 0.1}, "abc", "r", 1)


def distances(windows=2, steps=5):
    rng = np.random.default_rng(0)
    return xr.Dataset(
        {
            "distance2": (("window", "pair"), rng.random((windows, steps * (steps - 1) // 2))),
            "loss": (("window", "step_in_window"), rng.random((windows, steps))),
        },
        coords={
            "window": np.arange(windows),
            "window_start": ("window", steps * np.arange(windows)),
            "window_steps": ("window", np.full(windows, steps)),
        },
    )


def written(tmp_path):
    path = tmp_path / "deep" / "distances.nc"
    netcdf.write(distances(), path, run_files.DISTANCES, STAMP)
    return path


def test_a_variable_with_an_interval_is_three():
    found = contracts.with_interval("speed", "mode lag", "1/step", "speed", between="seeds")
    assert {name: known.long_name for name, known in found.items()} == {
        "speed": "speed",
        "speed_low": "speed, lower end of the 95 % interval between seeds",
        "speed_high": "speed, upper end of the 95 % interval between seeds",
    }
    assert {(known.dims, known.units) for known in found.values()} == {(("mode", "lag"), "1/step")}
    assert contracts.with_interval("a", "", "1", "a")["a_low"].long_name == "a, lower end of the 95 % interval"


def test_large_variables_are_compressed_and_small_ones_take_no_more_room_than_their_values(tmp_path):
    many = {f"v{k}": contracts.variable("step", "1", "one") for k in range(40)}
    small = xr.Dataset({name: ("step", np.arange(50.0)) for name in many})
    netcdf.write(small, tmp_path / "small.nc", contracts.Contract("small", many), STAMP)
    large = xr.Dataset({name: ("step", np.zeros(50_000)) for name in many})
    netcdf.write(large, tmp_path / "large.nc", contracts.Contract("large", many), STAMP)
    sizes = {path.stem: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes["small"] < small.nbytes + 40 * 1000  # with names and units; 40 * 4000 with chunks
    assert sizes["large"] < 0.05 * large.nbytes


def test_what_is_written_is_read_with_units_names_and_attributes(tmp_path):
    original = distances()
    path = tmp_path / "distances.nc"
    netcdf.write(original, path, run_files.DISTANCES, STAMP)
    assert not original.attrs
    assert not original.distance2.attrs
    found = netcdf.read(path)
    xr.testing.assert_equal(found, original)
    for name in found.variables:
        assert found[name].attrs["units"] == run_files.DISTANCES.variables[name].units.replace("loss", "nat")
        assert found[name].attrs["long_name"]
    assert found.attrs["contract"] == "distances"
    assert found.attrs["schema_version"] == run_files.DISTANCES.version
    assert {"code", "run", "run_seed", "settings", "run_settings", "software", "hardware"} <= set(found.attrs)


def test_a_file_of_another_version_is_refused_by_name_and_one_without_a_version_is_the_first(tmp_path):
    first, second = (contracts.Contract("walk", run_files.WALK.variables, version) for version in (1, 2))
    walk = xr.Dataset({"weight": (("step", "parameter"), np.zeros((3, 2)))})
    for contract in (first, second):
        netcdf.write(walk, tmp_path / f"{contract.version}.nc", contract, STAMP)
    message = r"2\.nc: schema version 2 of walk: must be 1, make it again"
    with pytest.raises(contracts.ContractError, match=message):
        netcdf.read(tmp_path / "2.nc")
    old = netcdf.read(tmp_path / "1.nc")
    del old.attrs["schema_version"]
    old.to_netcdf(tmp_path / "old.nc")
    xr.testing.assert_equal(netcdf.read(tmp_path / "old.nc"), walk)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({}, "no attribute 'contract': not a file of sgdwalk"),
        ({"contract": "nothing"}, "unknown contract 'nothing'"),
        ({"contract": "walk", "schema_version": "two"}, "schema version two of walk: must be 1, make it again"),
        ({"contract": "distances", "schema_version": 2}, "contract distances: missing .*'window_start'"),
    ],
)
def test_a_file_without_a_known_contract_is_refused_by_name(tmp_path, attributes, message):
    xr.Dataset({"weight": (("step", "parameter"), np.zeros((3, 2)))}, attrs=attributes).to_netcdf(tmp_path / "x.nc")
    with pytest.raises(contracts.ContractError, match=rf"x\.nc: {message}"):
        netcdf.read(tmp_path / "x.nc")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.drop_vars("loss"), r"missing \['loss'\]"),
        (lambda d: d.drop_vars("window_start"), r"missing \['window_start'\]"),
        (lambda d: d.assign(extra=1), r"unknown \['extra'\]"),
        (lambda d: d.transpose("pair", "window", "step_in_window"), "distance2 has dimensions"),
    ],
)
def test_a_violation_is_named_with_the_file(tmp_path, change, message):
    path = tmp_path / "distances.nc"
    with pytest.raises(contracts.ContractError, match=message) as caught:
        netcdf.write(change(distances()), path, run_files.DISTANCES, STAMP)
    assert str(path) in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_an_optional_variable_may_be_missing():
    walk = xr.Dataset({"weight": (("step", "parameter"), np.zeros((3, 2)))})
    contracts.check(walk, run_files.WALK)
    contracts.check(walk.assign(loss=("step", np.zeros(3))), run_files.WALK)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def interrupted():
        with atomic.replacing(path) as temporary:
            temporary.write_text("half of the n")
            raise error

    with pytest.raises(error):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_temporary_file_is_beside_its_target_and_has_its_suffix(tmp_path):
    path = tmp_path / "new" / "a.nc"
    with atomic.replacing(path) as temporary:
        assert temporary.parent == path.parent
        assert temporary.suffix == ".nc"
        assert not path.exists()
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    other = tmp_path / "plain"
    other.write_text("")
    assert path.stat().st_mode == other.stat().st_mode  # the umask's, not mkstemp's 0600


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused_with_its_name(tmp_path, share):
    path = written(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(contracts.ContractError) as caught:
        netcdf.read(path)
    assert str(path) in str(caught.value)


def test_a_damaged_file_is_refused_with_its_name(tmp_path):
    path = tmp_path / "distances.nc"
    netcdf.write(distances(20, 60), path, run_files.DISTANCES, STAMP)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2  # inside the compressed distances
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(content)
    with pytest.raises(contracts.ContractError) as caught:
        netcdf.read(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_a_foreign_file_and_an_unknown_contract_are_named(tmp_path):
    with pytest.raises(contracts.ContractError, match=r"no\.nc"):
        netcdf.read(tmp_path / "no.nc")
    distances().to_netcdf(tmp_path / "foreign.nc")
    with pytest.raises(contracts.ContractError, match=r"foreign\.nc"):
        netcdf.read(tmp_path / "foreign.nc")
    with pytest.raises(contracts.ContractError, match="nonsense"):
        netcdf.find("nonsense")


NAMES = "msd path msl walk_models tails fluctuations ensemble hessian landscape path_planes displacement noise_curvature speed phase_space"


@pytest.mark.parametrize("name", [*NAMES.split(), "epoch_memory", "limiting_ensemble"])
def test_the_contract_of_every_analysis_is_found_and_complete(name):
    contract = netcdf.find(name)
    assert contract.name == name
    for variable in contract.variables.values():
        assert variable.units
        assert variable.long_name


def test_empty_dimensions_and_text_survive(tmp_path):
    from sgdwalk.analyses import extract

    data = xr.Dataset(
        {
            "step": ("epoch", [0, 5]),
            "weight": (("epoch", "parameter"), np.zeros((2, 3), np.float32)),
            "layer": ("parameter", np.array([0, 0, 1], np.int32)),
            "tensor_name": ("tensor", np.array(["a.weight", "b"], dtype=object)),
            "buffer": (("epoch", "buffer_entry"), np.zeros((2, 0), np.float32)),
            "buffer_name": ("buffer_entry", np.array([], dtype=object)),
        },
        coords={"epoch": [0.0, 1.0]},
    )
    netcdf.write(data, tmp_path / "snapshots.nc", extract.CONTRACT, STAMP)
    found = netcdf.read(tmp_path / "snapshots.nc")
    assert list(found.tensor_name.values) == ["a.weight", "b"]
    assert found.sizes["buffer_entry"] == 0
