import pytest
import torch
import xarray as xr
from sgdwalk.storage import provenance
from sgdwalk.storage.contracts import ContractError


def test_attributes_are_text_and_name_what_made_the_file():
    found = provenance.attributes({"b": 1, "a": [1.5, None]}, "abc", "r1", 7)
    assert found["settings"] == '{"a": [1.5, null], "b": 1}'
    assert (found["code"], found["run"], found["run_seed"]) == ("abc", "r1", "7")
    assert '"numpy"' in found["software"]
    assert "cores" in found["hardware"]
    assert all(isinstance(value, str) for value in found.values())


@pytest.mark.parametrize("used", [False, True])
def test_a_gpu_is_named_where_it_is_in_use(monkeypatch, used):
    """One that is only there is not asked: it may be another process's own."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: used)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "A GPU")
    assert provenance.hardware().endswith(", A GPU") == used


def test_the_settings_of_the_run_are_beside_those_of_the_analysis():
    made = xr.Dataset(attrs=provenance.attributes({"copies": 5}, "abc", "r", 1, {"lr": 0.1}))
    assert (provenance.stored_settings(made), provenance.settings_of_run(made)) == ({"copies": 5}, {"lr": 0.1})
    trained = xr.Dataset(attrs=provenance.attributes({"lr": 0.1}, "abc", "r", 1))
    assert provenance.settings_of_run(trained) == {"lr": 0.1}


def test_an_older_file_has_the_settings_of_its_run_or_is_refused_by_name():
    old = {"contract": "training", "run": "r", "settings": '{"lr": 0.1}'}
    assert provenance.settings_of_run(xr.Dataset(attrs=old)) == {"lr": 0.1}
    with pytest.raises(ContractError, match="msd of run 'r': no attribute 'run_settings'"):
        provenance.settings_of_run(xr.Dataset(attrs=old | {"contract": "msd"}))
