"""Two folders of results: what counts as a difference."""

import shutil

import numpy as np
import pytest
import xarray as xr
from sgdwalk.study import identical


@pytest.fixture
def folders(tmp_path):
    one = tmp_path / "one"
    (one / "runs" / "a").mkdir(parents=True)
    data = xr.Dataset({"x": ("t", [1.0, np.nan], {"units": "step"}), "n": ((), 3)}, attrs={"code": "c", "run": "a"})
    data.to_netcdf(one / "runs" / "a" / "msd.nc")
    (one / "summary.csv").write_text("run\na\n")
    (one / "a.log").write_text("began\n")
    shutil.copytree(one, tmp_path / "other")
    return one, tmp_path / "other"


def changed(folder, change):
    data = xr.load_dataset(folder / "runs" / "a" / "msd.nc")
    change(data).to_netcdf(folder / "runs" / "a" / "msd.nc")


def test_copies_are_identical_whatever_code_made_them_and_whatever_their_logs_say(folders):
    one, other = folders
    changed(other, lambda data: data.assign_attrs(code="d", hardware="h"))
    (other / "a.log").write_text("ended\n")
    assert list(identical.differences(one, other)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data.assign(x=("t", [np.nextafter(1, 2), np.nan], data.x.attrs)), "x differs"),
        (lambda data: data.assign(x=("t", [1.0, 0.0], data.x.attrs)), "x differs"),
        (lambda data: data.assign(x=data.x.astype(np.float32)), "x differs"),
        (lambda data: data.rename(t="step"), "x differs"),
        (lambda data: data.drop_vars("n"), "n only in one"),
        (lambda data: data.assign(x=("t", data.x.values, {"units": "1"})), "x: units differ"),
        (lambda data: data.assign_attrs(run="b"), "attributes run differ"),
    ],
)
def test_what_differs_in_a_file_is_named(folders, change, said):
    changed(folders[1], change)
    assert list(identical.differences(*folders)) == [f"runs/a/msd.nc: {said}"]


def test_tables_and_files_that_only_one_has_are_named(folders, capsys):
    one, other = folders
    (other / "summary.csv").write_text("run\nb\n")
    (other / "fig1.png").touch()
    with pytest.raises(SystemExit) as ended:
        identical.main(str(one), str(other))
    assert ended.value.code == 1
    assert capsys.readouterr().out == f"fig1.png: only in {other}\nsummary.csv: differs\n"
