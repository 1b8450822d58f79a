"""Results of a study opened in a notebook: read when used, checked as always, stacked along the runs."""

import os
import shutil

import numpy as np
import pytest
import small_results
import xarray as xr
from sgdwalk import Recorder, open_run, open_study, read
from sgdwalk.interactive.results import opened, settings_table
from sgdwalk.storage.atomic import replacing
from sgdwalk.storage.contracts import ContractError


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return small_results.make(tmp_path_factory.mktemp("made"))


@pytest.fixture
def results(made, tmp_path):
    """A copy, to change."""
    return shutil.copytree(made, tmp_path / "results")


def write(data, path):
    """Another file in the place of one that may be open: as the workflow does it, the open one stays as it was."""
    with replacing(path) as temporary:
        data.to_netcdf(temporary)


@pytest.mark.slow
def test_the_tree_has_the_paths_of_the_files_and_what_they_hold(made):
    study = open_study(made)
    assert isinstance(study, xr.DataTree)
    assert list(study["runs"].children) == list(small_results.RUNS)
    for path in made.rglob("*.nc"):
        node = study[path.relative_to(made).with_suffix("").as_posix()]
        xr.testing.assert_identical(node.to_dataset(inherit=False).load(), read(path))
    assert study["runs/resnet14-b"].attrs["seed"] == 1
    assert study["runs/resnet14-b"].attrs["window"] == 40


def test_nothing_but_labels_is_read_before_it_is_used(made):
    distances = open_study(made)["runs/resnet14-a/distances"].to_dataset()
    assert not distances.distance2.variable._in_memory
    assert distances.distance2.chunks is None
    assert np.isfinite(distances.distance2.values).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "part",
    [
        {"window": 1},
        {"lag": slice(3, 20, 4)},
        {"lag": [5, 2, 30], "window": [1, 0]},
        {"window": 0, "lag": np.array([True, False] * 19 + [True])},
        {"lag": slice(None, None, -1)},
    ],
)
def test_a_part_is_read_as_it_is_in_memory(part, made):
    path = made / "runs" / "resnet14-a" / "msd.nc"
    xr.testing.assert_identical(opened(path).isel(part).load(), read(path).isel(part))


def test_studies_are_opened_again_while_others_are_closed(made):
    for _ in range(4):  # the netCDF library itself does not survive this with files that are kept open
        study = open_study(made)
        assert not [name for name in os.listdir("/proc/self/fd") if _is_result(name, made)]
    assert np.isfinite(study["runs/resnet14-b/msd"].msd.values).any()


def _is_result(descriptor, made):
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}").startswith(str(made))
    except FileNotFoundError:  # that of the listing itself
        return False


def test_only_the_files_that_are_named_are_opened(made):
    assert list(open_study(made, "msd")["runs/resnet14-a"].children) == ["msd"]
    with pytest.raises(ValueError, match=r"digits: no path\.nc of any run in it"):
        open_study(made, "path")


def test_a_run_is_opened_alone_from_the_study_or_as_the_recorder_saved_it(made, tmp_path):
    import torch

    run = open_run(made / "runs" / "resnet14-a")
    assert (run.attrs["seed"], run["msd"].sizes["window"]) == (0, 2)
    model = torch.nn.Linear(2, 1)
    recorder = Recorder(model, window=10)
    for _ in range(10):
        recorder.record(loss=0.5)
    recorder.close()
    recorder.save(tmp_path / "saved", {"lr": 0.1})
    assert open_run(tmp_path / "saved")["distances"].sizes["step_in_window"] == 10


@pytest.mark.slow
def test_stacked_is_the_files_one_beside_the_other(made):
    stacked = open_study(made).stacked("msd")
    assert list(stacked.run.values) == list(small_results.RUNS)
    assert stacked.chunks == {}
    for run in small_results.RUNS:
        single = read(made / "runs" / run / "msd.nc")
        for name in single.variables:
            found = stacked[name].sel(run=run) if "run" in stacked[name].dims else stacked[name]
            np.testing.assert_array_equal(found.values, single[name].values, err_msg=name)
        assert stacked.attrs["contract"] == "msd"
    assert "run" not in stacked.attrs
    assert list(stacked.seed.values) == [0, 1]
    assert list(stacked.run_window.values) == [40, 40]
    assert stacked.window.dims == ("window",)
    assert stacked.msd.attrs["long_name"] == "time-averaged MSD"


@pytest.mark.slow
def test_stacked_fills_what_a_run_lacks_with_nan(results):
    path = results / "runs" / "resnet14-b" / "msd.nc"
    write(read(path).isel(lag=slice(None, 20), window=[0]), path)
    stacked = open_study(results).stacked("msd")
    assert stacked.sizes == {"run": 2, "window": 2, "lag": 39, "fit": stacked.sizes["fit"]}
    full = stacked.msd.notnull().sum(("window", "lag"))
    assert list(full.values) == [2 * 39, 20]


def test_stacked_names_what_cannot_be_stacked(results):
    path = results / "runs" / "resnet14-b" / "distances.nc"
    write(read(path).isel(pair=slice(None, 100), step_in_window=slice(None, 15)), path)
    study = open_study(results)
    with pytest.raises(ValueError, match=r"^distances: '\w+' has \d+ entries in run 'resnet14-a' and \d+ in"):
        study.stacked("distances")
    assert study.stacked("distances", ["resnet14-b"]).sizes["pair"] == 100
    with pytest.raises(ValueError, match=r"^path: no such file of any run .runs with it: none.$"):
        study.stacked("path")
    with pytest.raises(ValueError, match=r"^msd: no such file of run 'x' .runs with it: resnet14-a, resnet14-b.$"):
        study.stacked("msd", ["resnet14-a", "x"])


def test_a_file_of_another_version_a_foreign_and_a_damaged_one_are_named(results):
    path = results / "runs" / "resnet14-a" / "msd.nc"
    write(read(path).assign_attrs(schema_version=99), path)
    with pytest.raises(ContractError, match=r"msd\.nc: schema version 99 of msd: must be \d+, make it again$"):
        open_study(results)
    write(xr.Dataset({"x": 1}), path)
    with pytest.raises(ContractError, match=r"msd\.nc: no attribute 'contract'"):
        open_study(results)
    path.unlink()
    path.write_bytes(b"no NetCDF")
    with pytest.raises(ContractError, match=r"msd\.nc: not a readable NetCDF file"):
        open_study(results)


def test_a_folder_without_results_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere: no results in it: must be the folder of a study's results"):
        open_study(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"nowhere: no file of a run in it"):
        open_run(tmp_path / "nowhere")


@pytest.mark.slow
def test_a_file_that_is_being_written_is_not_opened(results):
    (results / "runs" / "resnet14-a" / ".msd.nc.x.nc").write_bytes(b"half")
    assert open_study(results).stacked("msd").sizes["run"] == 2


def test_settings_become_a_column_each_where_all_runs_have_one_kind():
    table = settings_table(
        {
            "a": {"run": "a", "lr": 0.1, "seed": 0, "model": "mlp3", "augment": True, "record": {"walk": True}, "x": 1},
            "b": {"run": "b", "lr": None, "seed": 1, "model": None, "augment": None, "record": {}, "x": "one"},
        }
    )
    assert list(table.columns) == ["lr", "seed", "model", "augment"]
    assert table.lr.tolist()[0] == 0.1
    assert np.isnan(table.lr.tolist()[1])
    assert table.seed.dtype.kind == "i"
    assert table.model.tolist() == ["mlp3", ""]
    assert table.augment.tolist()[0] == 1.0
