"""Sweeps: which runs are in a column, where they stand, and published exponents."""

import numpy as np
from figure_data import draw, speed, sweeps
from sgdwalk.figures import kunin2021, limiting_sweeps


def names(runs):
    return [data.attrs["run"] for data in runs]


def test_a_column_has_the_runs_that_differ_in_its_hyperparameter_and_seed_alone():
    runs = sweeps()["speed"]
    assert names(limiting_sweeps.sweep(runs, "lr")) == ["child-2", "child-0", "child-1", "child-3"]
    assert names(limiting_sweeps.sweep(runs, "momentum")) == ["child-6", "child-0", "child-1", "child-7"]
    assert limiting_sweeps.sweep(runs[:2], "lr") == []
    odd = speed("odd", lr=0.5, momentum=0.5)
    shuffled = speed("shuffled", lr=0.5, sampler="shuffled-epochs")
    kept = speed("kept", lr=0.5, keep_velocity=True)
    assert names(limiting_sweeps.sweep([*runs, odd, shuffled, kept], "lr")) == [
        "child-2",
        "child-0",
        "child-1",
        "child-3",
    ]


def test_a_hyperparameter_that_is_not_varied_has_no_column():
    drawn = draw("limiting_sweeps", sweeps(varied=[{}, {"momentum": 0.0}]))
    assert list(drawn.panels) == ["a", "b"]
    assert {axes.get_xlabel() for axes in drawn.panels.values()} == {"momentum"}


def test_momentum_is_drawn_by_the_steps_that_it_remembers():
    drawn = draw("limiting_sweeps", sweeps(varied=[{}, {"momentum": 0.0}, {"momentum": 0.98}]))
    (line,) = [line for line in drawn.panels["b"].lines if line.get_marker() == "o"]
    np.testing.assert_allclose(line.get_xdata(), [1, 10, 50])


def test_published_exponents_are_shown_where_runs_are():
    far = draw("limiting_sweeps", sweeps(varied=[{}, {"lr": 0.005}]))
    assert not any(mark.get_label().startswith("Kunin") for mark in far.marks if not isinstance(mark, str))
    near = draw("limiting_sweeps", sweeps(varied=[{"lr": 1e-4}, {"lr": 4e-4}]))
    published = {line.get_label(): line for line in near.panels["b"].lines if line.get_label().startswith("Kunin")}
    for label, value in (("Kunin et al., ImageNet", 0.987), ("Kunin et al., CIFAR-10", 1.285)):
        np.testing.assert_allclose(published[label].get_data(), [[1e-4], [value]])


def test_published_sweeps_differ_from_the_default_in_one_value():
    assert kunin2021.sweep("Kunin et al., ImageNet", "batch_size") == [(128, 0.976), (256, 0.987), (512, 1.063)]
    assert kunin2021.sweep("Kunin et al., ImageNet", "lr") == [(1e-5, 1.326), (1e-4, 0.987), (1e-3, 0.895)]
    assert len(kunin2021.sweep("Kunin et al., CIFAR-10", "momentum")) == 5
    assert kunin2021.sweep("Kunin et al., CIFAR-10", "weight_decay") == []


def test_runs_without_finite_values_are_counted():
    data = sweeps(varied=[{}, {"lr": 0.005}, {"lr": 0.5}])
    for files in data.values():
        for name in files[2].data_vars:
            files[2][name] = files[2][name] * np.nan
    drawn = draw("limiting_sweeps", data)
    assert drawn.notes == ["a, b: 1 of 3 runs without finite values"]
