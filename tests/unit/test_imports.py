"""Imports of a job: no collection while they last, none of what they made later on."""

import gc

import pytest
from sgdwalk.jobs.imports import importing


@pytest.fixture(autouse=True)
def as_before():
    yield
    gc.unfreeze()
    gc.enable()


def test_collection_is_off_within_the_block_alone():
    with importing():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_collection_is_on_again_after_an_import_that_failed():
    with pytest.raises(ImportError), importing():
        raise ImportError("no such module")
    assert gc.isenabled()


def test_collection_stays_off_where_it_was_off():
    gc.disable()
    with importing():
        pass
    assert not gc.isenabled()


def test_what_was_made_is_not_looked_at_again():
    with importing():
        made = [[] for _ in range(1000)]
    assert gc.get_freeze_count() >= len(made)
    assert not any(each is made for each in gc.get_objects())


def test_later_cycles_are_still_collected():
    with importing():
        pass
    cycle = []
    cycle.append(cycle)
    del cycle
    assert gc.collect() >= 1
