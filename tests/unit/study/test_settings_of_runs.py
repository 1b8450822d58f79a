"""Settings of a run that concern where its files are, not what it computes."""

import shutil

import pytest
from runs import settings
from sgdwalk.study.load import load_study
from sgdwalk.study.sweeps import repetitions
from sgdwalk.study.validation import ConfigError
from test_trainer import ROOT


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Writes a study's table of runs and reads the study."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "config" / "template", "config/mine")
    (tmp_path / "config/mine/figures.yaml").write_text("{}")

    def read(*rows):
        (tmp_path / "config/mine/runs.tsv").write_text("\n".join("\t".join(row) for row in rows))
        return load_study("mine", tmp_path / "config")

    return read


@pytest.mark.parametrize("file", ["walk.nc", "checkpoints/walk.nc", "training.nc", "."])
def test_a_walk_in_the_runs_own_results_is_refused_before_it_is_deleted(tmp_path, study, file):
    own, others = (tmp_path / "results" / place / "runs" for place in ("mine", "other"))
    for place in (own / "r", own / "r2", others / "r"):
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        (place / file).mkdir(exist_ok=True)
    for walk in (f"results/mine/runs/r/{file}", str(own / "r" / file), f"results/mine/runs/r2/../r/{file}"):
        with pytest.raises(ConfigError, match=r"walk = '.*': must lie outside results/mine/runs/r, which this run's"):
            study(("run", "walk"), ("r", walk))
    (tmp_path / "link").symlink_to(own / "r" / file)
    with pytest.raises(ConfigError, match="walk = 'link': must lie outside results/mine/runs/r, "):
        study(("run", "walk"), ("r", "link"))
    for walk in (f"results/mine/runs/r2/{file}", f"results/other/runs/r/{file}"):
        assert study(("run", "walk"), ("r", walk)).runs["r"]["walk"] == walk


def test_runs_that_differ_in_their_folder_of_states_are_repetitions_of_one_experiment():
    seeds = [settings(run=f"r{seed}", seed=seed, scratch=place) for seed, place in ((0, "/a"), (1, "$B/b"), (2, None))]
    assert repetitions(seeds) == [["r0", "r1", "r2"]]


def test_no_setting_of_a_training_or_analysis_holds_the_folder_of_states():
    """The rules read it as a resource, whose changes repeat no job."""
    rules = (ROOT / "workflow" / "rules" / "functions.smk").read_text()
    names = {"STUDY": type("Study", (), {"runs": {"r": settings(run="r", scratch="/a")}})}
    begin, end = rules.index("def run_settings"), rules.index("def run_seed")
    exec(rules[begin:end], names)
    given = names["run_settings"](type("Wildcards", (), {"run": "r"}))
    assert "scratch" not in given
    assert given["lr"] == 0.1
