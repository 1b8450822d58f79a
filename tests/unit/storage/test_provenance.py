import pytest
import torch
from sgdwalk.storage import provenance


def test_attributes_are_text_and_name_what_made_the_file():
    found = provenance.attributes({"b": 1, "a": [1.5, None]}, "abc", "r1", 7)
    assert found["settings"] == '{"a": [1.5, null], "b": 1}'
    assert (found["code"], found["run"], found["seed"]) == ("abc", "r1", "7")
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
