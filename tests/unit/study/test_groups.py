"""Groups of runs that differ in their seed, and what only a run with a parent may request."""

import pytest
from sgdwalk.study.load import Study, check_source
from sgdwalk.study.validation import ConfigError
from study_files import refused

GROUPS = {
    "one group, by the name that its runs share": ("run|seed\nr-a|0\nr-b|1\n", {"r": ["r-a", "r-b"]}),
    "two groups that share a name": (
        "run|lr|seed\nr1|0.1|0\nr2|0.1|1\nr3|0.2|0\nr4|0.2|1\n",
        {"r1": ["r1", "r2"], "r3": ["r3", "r4"]},
    ),
    "a shared name that is another group's first run": (
        "run|lr|seed\nr1|0.1|0\nr2|0.1|1\nr3|0.2|0\nr4|0.2|1\nr10|0.3|0\nr11|0.3|1\n",
        {"r1": ["r1", "r2"], "r3": ["r3", "r4"], "r10": ["r10", "r11"]},
    ),
    "equal seeds": ("run|seed|snapshots\na|0|\nb|0|3\n", {}),
    "an equal seed among others": ("run|seed|snapshots\na|0|\nb|0|3\nc|1|\n", {"a": ["a", "c"]}),
    "two rows of one walk": ("run|seed|walk\na|0|walk.nc\nb|1|walk.nc\n", {}),
    "two walks": ("run|seed|walk\na|0|walk.nc\nb|1|other.nc\n", {}),
    "shorter windows of two seeds": (
        "run|seed|window|windows_of\na|0|40|\nb|1|40|\na-w|||\nb-w|||\n".replace("w|||", "w||20|{}").format("a", "b"),
        {"a": ["a", "b"], "a-w": ["a-w", "b-w"]},
    ),
}


@pytest.mark.parametrize("case", GROUPS)
def test_ensembles_have_distinct_seeds_and_unique_names(case, study):
    runs, expected = GROUPS[case]
    assert study(runs).groups == expected


@pytest.mark.parametrize("analysis", ["displacement", "noise_curvature", "speed", "phase_space", "epoch_memory"])
def test_an_analysis_of_children_is_refused_for_a_run_without_a_parent(analysis, study):
    message = f"runs.tsv: analyses = '{analysis}' of run 'x': must be of a run with a parent$"
    refused(study, message, runs=f"run|analyses\nx|hessian {analysis}\n")


def test_groups_of_an_analysis_are_those_of_two_runs_that_make_what_it_reads():
    record = {"layers": False, "sketch": 0}
    common = {"lr": 0.1, "walk": None, "parent": None, "windows_of": None, "record": record}
    wanted = {"a": ["displacement"], "b": ["displacement"], "c": [], "d": ["displacement"], "e": []}
    runs = {
        name: common | {"run": name, "seed": k, "analyses": names, "lr": 0.1 + (name in "de")}
        for k, (name, names) in enumerate(wanted.items())
    }
    study = Study("s", "a", {"toy_landscapes": ()}, runs, {})
    assert study.groups == study.grouped("ensemble") == {"a": ["a", "b", "c"], "d": ["d", "e"]}
    assert study.grouped("limiting_ensemble") == {"a": ["a", "b"]}
    check_source(study, "limiting_ensemble/a", "here")
    with pytest.raises(ConfigError, match=r"here: no group 'd' in this study .there are: a.$"):
        check_source(study, "limiting_ensemble/d", "here")
