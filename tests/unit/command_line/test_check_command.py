"""What can be known of a study beforehand: faults of networks, images and walks, and the estimate."""

import numpy as np
import pytest
import xarray as xr
from sgdwalk.study import estimates
from sgdwalk.training import trial

NETS = """
from torch import nn
def good(channels, size, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size**2, classes))
def narrow(channels, size, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size**2, classes - 1))
def broken(channels, size, classes):
    raise RuntimeError("two\\nlines")
"""


@pytest.fixture
def table(place, monkeypatch):
    """Writes runs.tsv; networks of one's own are in `checked_nets`."""
    (place / "checked_nets.py").write_text(NETS)
    monkeypatch.syspath_prepend(place)
    (place / "config" / "s" / "figures.yaml").write_text("{}\n")
    (place / "walk.nc").touch()

    def write(*rows):
        (place / "config" / "s" / "runs.tsv").write_text("\n".join(rows).replace("|", "\t") + "\n")

    return write


def test_without_timing_every_run_and_the_whole_have_an_estimate(command):
    status, said, error = command("check", "s", "--no-timing", "--cores", "4")
    assert (status, error) == (0, "")
    lines = said.splitlines()
    assert lines[0] == "s: settings, runs and figures are as they must be"
    assert lines[2].split() == [*("run", "parameters", "steps", "a", "step", "training", "analyses", "memory", "disk")]
    assert [line.split()[:3] for line in lines[3:7]] == [
        [name, "210,000", "100"] for name in ("a", "b", "fast", "child")
    ]
    assert [line.split()[0] for line in lines[8:]] == ["time", "memory", "disk"]
    assert "with --cores 4" in lines[8]


@pytest.mark.slow
def test_networks_and_images_of_ones_own_are_tried_and_counted(command, table, place):
    x, y = np.zeros((120, 8, 8), np.uint8), np.arange(120) % 3
    np.savez(place / "my.npz", x_train=x[:100], y_train=y[:100], x_test=x[100:], y_test=y[100:])
    (place / "config" / "s" / "config.yaml").write_text("title: t\ntraining: {device: cpu}\n")
    table(
        "run|model|dataset|path|epochs|batch_size|window|windows_of",
        "a|checked_nets:good|npz|my.npz|9|20|40|",
        "cut||||||20|a",
    )
    status, said, error = command("check", "s")
    assert (status, error) == (0, "")
    assert [line.split()[:3] for line in said.splitlines()[3:5]] == [["a", "195", "45"], ["cut", "195", "-"]]


def test_runs_with_the_same_steps_are_tried_once(command, study, monkeypatch):
    tried = []

    def speed(row):
        tried.append(row["run"])
        return estimates.Speed(step=1.0, size=row["batch_size"], pair=0.0, image=0.01, parameters=1234)

    monkeypatch.setattr(trial, "speed", speed)
    said = command("check", "s")[1]
    assert tried == ["a", "child"]  # with momentum
    assert [line.split()[1:5] for line in said.splitlines()[3:7]] == [["1,234", "100", "1", "s"]] * 4


FAULTS = {
    "too few logits": (
        "run|model\nr|checked_nets:narrow",
        "run 'r': model = 'checked_nets:narrow': must return logits",
    ),
    "an error in it": (
        "run|model\nr|checked_nets:broken",
        "run 'r': model = 'checked_nets:broken': fails for 1 channels, 8 pixels a side, 10 classes: two lines",
    ),
    "no images": ("run|dataset|path\nr|cifar10|nowhere", "data set cifar10 is not under 'nowhere'"),
    "no walk": ("run|walk|window\nr|walk.nc|20", "run 'r': walk.nc: not a readable NetCDF file"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_a_job_would_stumble_over_is_one_line_and_exit_status_1(case, command, table):
    rows, message = FAULTS[case]
    table(*rows.split("\n"))
    status, said, error = command("check", "s")
    assert status == 1
    assert len(error.splitlines()) == 1
    assert error.startswith("sgdwalk check: ")
    assert message in error
    assert "time " in said  # the estimate is there all the same


def test_a_walk_that_is_shorter_than_its_window_is_found_and_one_that_is_not_is_counted(command, table, place):
    xr.Dataset({"weight": (("step", "parameter"), np.zeros((60, 7)))}).to_netcdf(place / "other.nc")
    table("run|walk|window", "r|other.nc|61")
    status, _, error = command("check", "s")
    assert (status, error.strip()) == (
        1,
        "sgdwalk check: config/s/runs.tsv: run 'r': window = 61: must be at most 60, the rows of weight in other.nc",
    )
    table("run|walk|window", "r|other.nc|20")
    status, said, _ = command("check", "s")
    assert (status, said.splitlines()[3].split()[:4]) == (0, ["r", "7", "60", "-"])


def test_a_package_that_is_not_there_is_bad_input(refused, table, capsys):
    table("run|model", "r|nowhere_nets:build")
    assert "config/s/runs.tsv: model = 'nowhere_nets:build' of run 'r': no package 'nowhere_nets'" in refused(
        "check", "s"
    )
