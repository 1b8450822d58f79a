"""An analysis called in a notebook gives what the workflow writes, and refuses what the workflow refuses."""

import importlib
from pathlib import Path

import numpy as np
import pytest
import small_results
import xarray as xr
from sgdwalk import analyse, draw, open_run, open_study, read, register
from sgdwalk.analyses import msd
from sgdwalk.storage.contracts import ContractError
from sgdwalk.study.validation import ConfigError
from walks import distances_of, fbm

OWN = """\
from sgdwalk.storage.contracts import Contract, variable

CONTRACT = Contract("{name}", {{"square": variable("window pair", "1", "square")}})
SETTINGS = {{"power": {{"minimum": 1}}}}


def compute(distances, *, power: int = 2):
    return distances[["distance2"]].rename(distance2="square").drop_vars(list(distances.coords)) ** power
"""
NETWORK = """\
import xarray as xr
from sgdwalk.storage.contracts import Contract, variable

CONTRACT = Contract("of_network", {"seed": variable("", "1", "seed")})


def compute(checkpoints, *, run, images: int = 5):
    assert checkpoints.endswith("checkpoints")
    return xr.Dataset({"seed": run["seed"]})
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return small_results.make(tmp_path_factory.mktemp("made"))


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A function that makes a module of an analysis of this name, or of a contract of another one."""
    monkeypatch.syspath_prepend(tmp_path)

    def module(name, contract=None):
        (tmp_path / f"{name}.py").write_text(OWN.format(name=contract or name))
        return importlib.import_module(name)

    return module


@pytest.mark.slow
def test_it_is_what_the_workflow_writes(made):
    run = open_run(made / "runs" / "resnet14-b")
    found = analyse("msd", run["distances"], copies=20)
    written = read(made / "runs" / "resnet14-b" / "msd.nc")
    xr.testing.assert_identical(found.drop_attrs(deep=False), written.drop_attrs(deep=False))
    assert {key: found.attrs[key] for key in found.attrs if key != "code"} == {
        key: written.attrs[key] for key in written.attrs if key != "code"
    }
    for given in (made / "runs/resnet14-b/distances.nc", read(made / "runs/resnet14-b/distances.nc")):
        xr.testing.assert_identical(analyse("msd", given, copies=20), found)


def test_data_of_ones_own_need_no_attributes():
    distances = distances_of(*(fbm(0.5, 40, 10, np.random.default_rng(k)) for k in range(2)))
    found = analyse("msd", distances, copies=20)
    xr.testing.assert_equal(found, msd.compute(distances, copies=20))
    assert found.msd.attrs["units"] == "1"
    assert (found.attrs["run"], found.attrs["run_settings"]) == ("", "{}")


@pytest.mark.slow
def test_lists_places_and_figures_are_taken_too(made):
    study = open_study(made)
    msds = [study[f"runs/{run}/msd"] for run in small_results.RUNS]
    assert analyse("ensemble", msds).attrs["contract"] == "ensemble"
    toy = analyse("toy", landscape="convex", walkers=5, steps=50, levels=4)
    assert "landscape" in toy.attrs["settings"]
    assert draw("fig2", base=msds[0]).settled


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (("nothing",), {}, r"^analysis = 'nothing': must be one of msd, path, .*, or a module of your own$"),
        (("msd",), {}, r"^msd: 0 data sets: must be 1 \(distances\)$"),
        (("msd", None), {"copies": 2}, r"^msd: copies = 2: must be at least 20$"),
        (("msd", None), {"copy": 20}, r"^msd: unknown key 'copy' \(allowed: copies, longest, seed, threshold\)$"),
        (("toy",), {"walkers": 5}, r"^toy: missing setting 'landscape'$"),
        (("modes", "checkpoints", None), {}, r"^modes: missing setting 'run'$"),
    ],
)
def test_what_cannot_be_analysed_is_named(arguments, settings, message):
    with pytest.raises(ValueError, match=message):
        analyse(*arguments, **settings)


def test_another_file_than_it_reads_is_named(made):
    with pytest.raises(ValueError, match=r"^msl: the data set is a file 'msd': must be 'distances'$"):
        analyse("msl", made / "runs" / "resnet14-a" / "msd.nc")


def test_a_module_of_ones_own_has_settings_units_and_files_like_the_others(made, own, tmp_path):
    squares = own("squares_of_distances")
    distances = read(made / "runs" / "resnet14-a" / "distances.nc")
    found = analyse(squares, distances)
    np.testing.assert_allclose(found.square, distances.distance2**2)
    assert found.square.attrs["units"] == "1"
    assert found.attrs["settings"] == '{"power": 2}'
    with pytest.raises(ConfigError, match="power = 0: must be at least 1"):
        analyse(squares, distances, power=0)
    found.to_netcdf(tmp_path / "s.nc")
    assert read(tmp_path / "s.nc").attrs["contract"] == "squares_of_distances"


def test_an_analysis_of_a_network_takes_the_run_from_beside_its_checkpoints(made, own):
    network = own("of_network")
    Path(network.__file__).write_text(NETWORK, encoding="utf-8")
    found = analyse(importlib.reload(network), made / "runs" / "resnet14-b" / "checkpoints")
    assert float(found.seed) == 1
    assert (found.attrs["run"], found.attrs["run_seed"]) == ("resnet14-b", "1")
    assert '"window": 40' in found.attrs["run_settings"]


def test_the_file_of_an_unknown_analysis_is_refused_by_read_and_opened_unchecked(made, tmp_path):
    data = read(made / "runs" / "resnet14-a" / "msd.nc")
    data.assign_attrs(contract="somebodys").to_netcdf(tmp_path / "somebodys.nc")
    with pytest.raises(ContractError, match=r"somebodys\.nc: unknown contract 'somebodys'"):
        read(tmp_path / "somebodys.nc")
    assert "msd" in open_run(tmp_path)["somebodys"]


def test_a_module_that_cannot_be_registered_is_named(own):
    with pytest.raises(ValueError, match=r"^one_name: CONTRACT is named 'another': must be 'one_name', as its module$"):
        register(own("one_name", "another"))
    with pytest.raises(ValueError, match=r"^path: sgdwalk has 'path' itself: rename the module$"):
        register(own("path"))
    with pytest.raises(ValueError, match=r"^small_results: no CONTRACT"):
        register("small_results")
