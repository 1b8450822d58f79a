"""Rows of a surface that an interrupted job had finished."""

import json

import numpy as np
import pytest
from sgdwalk.jobs import analyse
from sgdwalk.storage import contracts
from sgdwalk.storage.kept_rows import KeptRows, rows_beside


def counted(values):
    """A function that gives these values, and the list of its calls."""
    calls = []
    return lambda: calls.append(None) or values, calls


def test_a_row_is_computed_once_and_then_read(tmp_path):
    compute, calls = counted([1.5, np.nan, np.inf])
    for _ in range(2):
        np.testing.assert_array_equal(KeptRows(tmp_path / "key").row("a", compute), [1.5, np.nan, np.inf])
    assert len(calls) == 1
    KeptRows(tmp_path / "key").row("b", compute)
    assert len(calls) == 2


def test_without_a_folder_nothing_is_kept():
    compute, calls = counted([1.0])
    rows = KeptRows()
    assert [float(rows.row("a", compute)[0]) for _ in range(2)] == [1.0, 1.0]
    assert len(calls) == 2
    rows.clear()


@pytest.mark.parametrize("damage", ["empty", "cut", "changed", "pickled"])
def test_a_damaged_row_is_computed_again(tmp_path, damage):
    values = np.arange(400.0)
    KeptRows(tmp_path).row("a", lambda: values)
    path = tmp_path / "a.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "pickled":
        np.savez(path, row=np.array([{}], object))
    else:
        path.write_bytes({"empty": b"", "cut": content[:-200], "changed": content}[damage])
    compute, calls = counted(values)
    np.testing.assert_array_equal(KeptRows(tmp_path).row("a", compute), values)
    assert len(calls) == 1
    np.testing.assert_array_equal(KeptRows(tmp_path).row("a", compute), values)
    assert len(calls) == 1


def test_a_row_that_fails_is_not_kept(tmp_path):
    rows = KeptRows(tmp_path)
    with pytest.raises(ZeroDivisionError):
        rows.row("a", lambda: 1 / 0)
    assert not list(tmp_path.iterdir())


def test_rows_of_other_settings_code_or_inputs_are_never_found(tmp_path):
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    (folder / "step-0.pt").write_bytes(b"weights")

    def place(settings=None, code="code"):
        return rows_beside(str(tmp_path / "a.nc"), {"checkpoints": str(folder)}, settings or {"points": 5}, code).folder

    first = place()
    assert first.parent == tmp_path / "a.nc.rows"
    assert place() == first
    others = [place({"points": 6}), place(code="other")]
    (folder / "step-0.pt").write_bytes(b"weighty")
    others.append(place())
    assert len({first, *others}) == 4


@pytest.fixture
def interrupted(monkeypatch):
    """An analysis of three rows in place of the loss surface, which is stopped in the second one the first time."""
    from sgdwalk.analyses import landscape

    calls = []

    def compute(kept=None, *, factor):
        def row(k):
            calls.append(k)
            if calls == [0, 1]:
                raise KeyboardInterrupt
            return np.array([k * factor])

        return np.concatenate([kept.row(f"{k}", lambda k=k: row(k)) for k in range(3)])

    def written(result, path, contract, stamp, loss_unit):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(result.tolist(), file)

    monkeypatch.setattr(landscape, "compute", compute)
    monkeypatch.setattr(landscape, "CONTRACT", contracts.Contract("landscape", {}))
    monkeypatch.setattr(analyse.netcdf, "write", written)
    return calls


def test_a_repeated_job_computes_only_what_is_missing_and_removes_the_rows(tmp_path, interrupted):
    output = tmp_path / "landscape.nc"
    with pytest.raises(KeyboardInterrupt):
        analyse.analyse("landscape", {}, str(output), {"factor": 2}, code="code")
    analyse.analyse("landscape", {}, str(output), {"factor": 2}, code="code")
    assert interrupted == [0, 1, 1, 2]
    assert json.loads(output.read_text()) == [0, 2, 4]
    assert [path.name for path in tmp_path.iterdir()] == ["landscape.nc"]


def test_a_repeated_job_with_other_settings_starts_anew(tmp_path, interrupted):
    output = tmp_path / "landscape.nc"
    with pytest.raises(KeyboardInterrupt):
        analyse.analyse("landscape", {}, str(output), {"factor": 2}, code="code")
    analyse.analyse("landscape", {}, str(output), {"factor": 3}, code="code")
    assert interrupted == [0, 1, 0, 1, 2]
    assert json.loads(output.read_text()) == [0, 3, 6]
