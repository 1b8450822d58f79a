"""A new study from the template."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from sgdwalk.study import from_template
from sgdwalk.study.load import load_study

TEMPLATE = Path(__file__).resolve().parents[3] / "config" / "template"


@pytest.fixture
def made(command, place):
    """Makes a study and reads it."""

    def make(*options):
        status, said, error = command("new", "mine", *options)
        assert (status, error) == (0, "")
        assert said.splitlines()[1] == "next:  sgdwalk check mine"
        return load_study("mine", place / "config")

    return make


def text(place, name):
    return (place / "config" / "mine" / name).read_text()


def test_without_options_it_is_the_template(made, place):
    study = made()
    shutil.copytree(TEMPLATE, place / "config" / "template")
    assert study.runs == load_study("template", place / "config").runs
    assert [*study.figures] == ["fig1", "fig2", "fig5", "fig5_checks", "fig6", "fig7"]
    assert "# Run it: snakemake --cores 2 --config study=mine\n# All keys" in text(place, "config.yaml")
    assert text(place, "figures.yaml") == (TEMPLATE / "figures.yaml").read_text()


def test_a_network_of_ones_own_takes_the_template_s_row(made, place):
    (place / "my.npz").touch()
    study = made(
        "--model", "mypackage.nets:build", "--dataset", "npz", "--path", "my.npz", "--lr", "0.05", "--title", "A: b"
    )
    row = study.runs["first"]
    assert (row["model"], row["path"], row["lr"], row["window"], row["init"]) == (
        *("mypackage.nets:build", "my.npz", 0.05, 250, "pytorch"),
    )
    assert row["analyses"] == ["hessian", "landscape"]
    assert study.settings["title"] == "A: b"
    assert text(place, "runs.tsv").startswith("# columns are separated by tabs")


def test_a_known_network_is_initialised_as_in_the_paper(made):
    assert made("--model", "resnet14").runs["first"]["init"] == "kaiming"


def test_a_walk_has_no_figures_of_a_network(made, place):
    xr.Dataset({"weight": (("step", "parameter"), np.zeros((60, 2)))}).to_netcdf(place / "walk.nc")
    study = made("--walk", "walk.nc", "--window", "20")
    row = study.runs["first"]
    assert (row["walk"], row["window"], row["model"], row["analyses"]) == ("walk.nc", 20, None, [])
    assert [*study.figures] == ["fig2", "fig5", "fig5_checks", "fig6"]
    assert "landscape" not in text(place, "config.yaml")


def test_a_recorded_folder_tells_its_window(made, place):
    folder = place / "recorded"
    folder.mkdir()
    xr.Dataset({"loss": (("window", "step_in_window"), np.zeros((3, 27)))}).to_netcdf(folder / "distances.nc")
    assert made("--walk", "recorded").runs["first"]["window"] == 27


REFUSED = {
    "a name with a slash": (("../x",), "NAME = '../x': must be of letters"),
    "a name that is taken": (("s",), "study = 's': config/s exists"),
    "both kinds": (("mine", "--walk", "w.nc", "--lr", "1"), "--lr = '1': must be absent beside --walk"),
    "no such walk": (
        ("mine", "--walk", "w.nc"),
        "config/mine/runs.tsv line 3: walk = 'w.nc': must be a file or folder",
    ),
    "no such network": (
        ("mine", "--model", "resnet15"),
        "config/mine/runs.tsv line 3: model = 'resnet15': must be one of",
    ),
    "no number": (("mine", "--lr", "fast"), "config/mine/runs.tsv line 3: lr = 'fast': must be of type number"),
    "no path": (("mine", "--dataset", "npz"), "--path: must be given beside --dataset npz, the file of the images"),
    "no such images": (("mine", "--dataset", "npz", "--path", "no.npz"), "path = 'no.npz': must be a file"),
}


def test_the_next_command_names_the_workflow_where_the_folder_has_none(command, place):
    run = command("new", "mine")[1].splitlines()[2]
    assert run == f"       snakemake -s {TEMPLATE.parents[1] / 'Snakefile'} --cores 2 --config study=mine"
    (place / "Snakefile").touch()
    assert command("new", "other")[1].splitlines()[2] == "       snakemake --cores 2 --config study=other"


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_leaves_nothing(case, refused, place):
    arguments, message = REFUSED[case]
    assert message in refused("new", *arguments)
    assert [path.name for path in (place / "config").iterdir()] == ["s"]


def test_a_folder_that_is_no_recording_is_refused(refused, place):
    (place / "recorded").mkdir()
    (place / "recorded" / "distances.nc").write_text("nothing")
    assert "distances.nc in it is not one that Recorder.save wrote" in refused("new", "mine", "--walk", "recorded")


def test_keys_are_left_out_with_their_lines_and_no_others():
    text = "a: # one\n  b: 2\n\nab:\n  c: |\n    x\na2: 1\n"
    assert from_template.without(text, ["a"]) == "ab:\n  c: |\n    x\na2: 1\n"
    assert from_template.without(text, ["ab", "a2"]) == "a: # one\n  b: 2\n\n"
