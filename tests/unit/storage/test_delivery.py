"""Finished files on their way to their places, on one file system and from one to another."""

import errno
import os

import pytest
from sgdwalk.storage import atomic, delivery
from sgdwalk.storage.digests import check_digest, digest


@pytest.fixture(params=[False, True], ids=["one file system", "two file systems"])
def across(request, monkeypatch):
    """Whether hard links are impossible, as from one file system to another."""

    def link(source, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    if request.param:
        monkeypatch.setattr(delivery.os, "link", link)
    return request.param


def made(path, text="new"):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_file_is_at_both_places_and_nothing_is_beside_it(tmp_path, across):
    source, target = made(tmp_path / "a" / "x.nc"), made(tmp_path / "b" / "y.nc", "old")
    delivery.deliver(source, target)
    assert source.read_text() == target.read_text() == "new"
    assert os.path.samefile(source, target) != across
    assert list(target.parent.iterdir()) == [target]


def test_a_copy_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    source, target = made(tmp_path / "a" / "x.nc"), made(tmp_path / "b" / "y.nc", "old")

    def full(source, target):
        target.write_text("n")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(delivery.os, "link", full)
    monkeypatch.setattr(delivery.shutil, "copyfile", full)
    with pytest.raises(OSError, match=r"y\.nc: could not be written"):
        delivery.deliver(source, target)
    assert target.read_text() == "old"
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_has_the_files_it_was_given_and_no_older_ones(tmp_path, across):
    sources = [made(tmp_path / "a" / name) for name in ("x", "y")]
    target = tmp_path / "b" / "whole"
    made(tmp_path / "b" / "other")
    made(target / "older")
    delivery.deliver_folder(sources, target)
    assert sorted(path.name for path in target.iterdir()) == ["x", "y"]
    assert sorted(path.name for path in target.parent.iterdir()) == ["other", "whole"]
    assert target.stat().st_mode == target.parent.stat().st_mode


def test_what_killed_processes_left_is_swept_and_nothing_else(tmp_path):
    path, killed = tmp_path / "x.nc", atomic.replacing(tmp_path / "x.nc")
    killed.__enter__()
    (tmp_path / ".x.nc.folder").mkdir()
    kept = {made(tmp_path / name) for name in ("x.nc", ".other.nc.1234.nc", ".x.nc2")}
    assert killed.temporary in atomic.leftovers(path)
    delivery.sweep([path])
    assert set(tmp_path.iterdir()) == kept


def test_of_a_link_both_the_link_and_what_is_behind_it_go(tmp_path):
    made(tmp_path / "scratch" / "file")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "scratch")
    delivery.remove(link)
    assert not list(tmp_path.iterdir())
    link.symlink_to(tmp_path / "purged")
    delivery.remove(link)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("linked", [False, True])
def test_a_folder_goes_if_it_is_empty(tmp_path, linked):
    inside = made(tmp_path / "scratch" / "file")
    folder = tmp_path / "scratch"
    if linked:
        folder = tmp_path / "link"
        folder.symlink_to(tmp_path / "scratch")
    delivery.remove_if_empty(folder)
    assert inside.exists()
    inside.unlink()
    delivery.remove_if_empty(folder)
    assert not list(tmp_path.iterdir())


def test_a_digest_finds_a_changed_a_missing_and_an_unreadable_file(tmp_path):
    path = made(tmp_path / "x", "whole")
    expected = digest(path)
    check_digest(path, expected)
    path.write_text("whomp")
    with pytest.raises(ValueError, match="x: damaged"):
        check_digest(path, expected)
    path.unlink()
    with pytest.raises(ValueError, match="x: cannot be read"):
        check_digest(path, expected)
