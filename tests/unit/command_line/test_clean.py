"""What no table names any more: found, shown, and removed after a question only."""

import json
import os

import pytest
from sgdwalk.storage import lock
from sgdwalk.study.jobs import jobs

OLD = (
    "runs/gone/training.nc",
    "runs/gone/checkpoints/step.pt",
    "runs/a/hessian.nc",
    "figures/fig7.pdf",
    "ensembles/gone.nc",
    "logs/gone/train.log",
    "logs/figures/fig7.log",
    "benchmarks/gone/train.tsv",
)
OTHERS = ("notes.txt", "figures/mine.pdf", "runs/a/notes.nc", "runs/a/state/key/resume.pt", "report.html")


@pytest.fixture
def results(place, study):
    """The folder of results, with all that the study makes, what it made once, and files of the user."""
    folder = place / "results" / "s"
    kept = [name for job in jobs(study) for name in (*job.outputs, job.log, job.benchmark)]
    for name in (*kept, *OLD, *OTHERS):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("12345")
    return folder


def contents(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def answering(monkeypatch, answer):
    asked = []

    def ask(question):
        asked.append(question)
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", ask)
    return asked


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["y", " Yes "])
def test_after_a_yes_what_no_table_names_is_gone_and_all_else_is_there(command, results, monkeypatch, answer):
    asked, before = answering(monkeypatch, answer), contents(results)
    status, said, _ = command("clean", "s")
    assert status == 0
    assert contents(results) == before - set(OLD)
    assert asked == ["remove these 7 (40 B)? [y/N] "]
    assert said.splitlines()[0] == "10 B  results/s/runs/gone"
    assert said.splitlines()[-1] == "removed: 7 (40 B)"
    assert not list(results.rglob("gone"))
    assert command("clean", "s")[1] == "results/s: nothing to remove\n"


@pytest.mark.parametrize("answer", ["", "n", "no", None])
def test_after_anything_else_nothing_is_gone(command, results, monkeypatch, answer):
    answering(monkeypatch, answer)
    before = contents(results)
    status, said, _ = command("clean", "s")
    assert (status, said.splitlines()[-1]) == (1, "nothing was removed")
    assert contents(results) == before


def test_without_a_question_on_request(command, results, monkeypatch):
    asked = answering(monkeypatch, "n")
    assert command("clean", "s", "--yes")[0] == 0
    assert asked == []
    assert not (results / "runs" / "gone").exists()


def test_a_run_that_is_in_training_is_left_alone(command, results):
    folder = results / "runs" / "gone" / "state"
    folder.mkdir()
    (folder / lock.NAME).write_text(json.dumps({"machine": ["elsewhere"], "process": 7, "key": "k"}))
    _, _, error = command("clean", "s", "--yes")
    assert error == "results/s/runs/gone: is left alone, in use by process 7 on elsewhere\n"
    assert (results / "runs" / "gone" / "training.nc").exists()
    os.utime(folder / lock.NAME, (0, 0))
    command("clean", "s", "--yes")
    assert not (results / "runs" / "gone").exists()


def test_while_snakemake_runs_nothing_is_touched(refused, results, place):
    (place / ".snakemake" / "locks").mkdir(parents=True)
    (place / ".snakemake" / "locks" / "0.input.lock").touch()
    assert ".snakemake/locks: Snakemake is running here" in refused("clean", "s", "--yes")


def test_of_a_link_to_a_folder_only_the_link_is_removed(command, results, place):
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / "file").touch()
    (results / "runs" / "linked").symlink_to(place / "elsewhere")
    command("clean", "s", "--yes")
    assert not (results / "runs" / "linked").is_symlink()
    assert (place / "elsewhere" / "file").exists()


def test_without_results_there_is_nothing_to_remove(command):
    assert command("clean", "s") == (0, "results/s: nothing to remove\n", "")
