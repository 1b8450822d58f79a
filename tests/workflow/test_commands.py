"""Snakemake's own commands on the shipped studies and profiles."""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections import Counter

import jsonschema
import pytest
import yaml
from sgdwalk.study import config_reference
from sgdwalk.study.jobs import jobs
from sgdwalk.study.load import load_study
from studies import ROOT, planned, snakemake

AS_A_READER = os.environ | {"PYTHONPATH": str(ROOT / "workflow" / "src")}
STUDIES = sorted(path.parent.name for path in (ROOT / "config").glob("*/config.yaml"))
PROFILES = {"cifar10": "profiles/slurm", "limiting": "pbs", "limiting-imagenet": "profiles/pbs", "paper": "slurm"}


@pytest.mark.parametrize("study", [name for name in STUDIES if name != "digits"])
def test_dry_run_of_every_shipped_study_with_a_profile_of_a_cluster_or_without(study, fresh):
    profile = ("--profile", PROFILES[study]) if study in PROFILES else ()
    done = snakemake(fresh, "-n", "--quiet", "rules", *profile, study=study)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "train" in done.stdout + done.stderr


@pytest.mark.parametrize(("study", "named"), [("tiny", "tiny"), ("digits", "")])
def test_bare_snakemake_plans_the_jobs_that_status_counts(study, named, fresh):
    """Those of digits where no study is named."""
    with contextlib.chdir(fresh):
        found = jobs(load_study(study, fresh / "config"))
    assert Counter(job.rule for job in found) == planned(fresh, study=named)


def test_the_drawn_rules_are_those_of_digits():
    drawn = re.findall(r">(\w+)</text>", (ROOT / "docs" / "rulegraph.svg").read_text(encoding="utf-8"))
    assert {*drawn} == {job.rule for job in jobs(load_study("digits", ROOT / "config"))} | {"study"}


def test_at_its_end_the_workflow_says_once_where_results_are(fresh):
    done = snakemake(fresh, "--cores", "1", "results/tiny/figures/limiting_process.pdf")
    assert done.returncode == 0, done.stderr[-3000:]
    said = (done.stdout + done.stderr).splitlines()
    figures = len(yaml.safe_load((fresh / "config" / "tiny" / "figures.yaml").read_text()))
    assert said.count(f"results/tiny/figures/: 1 of {figures} figures as pdf, svg, png") == 1
    assert not any("--report" in line for line in said), "it needs all results"


def test_the_study_of_the_readme_is_made_and_planned(fresh):
    command = re.search(r"^sgdwalk (new .*)$", (ROOT / "README.md").read_text(), re.M)[1]
    (fresh / "my.npz").touch()
    (fresh / "mypackage").mkdir()
    (fresh / "mypackage" / "nets.py").write_text("def build(channels, size, classes): ...\n")
    made = subprocess.run(
        [sys.executable, "-m", "sgdwalk", *command.split()], cwd=fresh, env=AS_A_READER, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    done = snakemake(fresh, "-n", "results/mine/figures/fig6.pdf", study="mine")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "results/mine/runs/first/path.nc" in done.stdout + done.stderr


def test_the_paper_study_has_the_runs_of_the_paper():
    runs = load_study("paper", ROOT / "config").runs
    grid = {(14, b) for b in (128, 512, 1024)} | {(20, b) for b in (128, 512, 1024)}
    grid |= {(56, b) for b in (128, 512, 1024)} | {(110, b) for b in (128, 256, 512)}
    shared = {
        "lr": 0.1,
        "epochs": 500,
        "window": 1000,
        "dataset": "cifar10",
        "loss": "cross-entropy",
        "init": "kaiming",
    }
    plain = [
        r for r in runs.values() if shared.items() <= r.items() and "batch_norm" not in r["model_spec"]["arguments"]
    ]
    for shortcut in (True, False):
        found = {
            (r["model_spec"]["arguments"]["depth"], r["batch_size"])
            for r in plain
            if r["model_spec"]["arguments"]["shortcut"] is shortcut
        }
        assert found == grid
    assert {r["lr"] for r in runs.values()} == {0.001, 0.01, 0.05, 0.1, 0.15, 0.3, 0.5}
    assert any(r["epochs"] == 5000 for r in runs.values())
    assert runs["resnet14-b1024-window500"]["windows_of"] == "resnet14-b1024"
    assert {r["dataset"] for r in runs.values()} == {"cifar10", "mnist", "surrogate"}
    assert {"vit", "resnet14-nobn"} < {r["model"] for r in runs.values()}
    assert {r["loss"] for r in runs.values()} == {"cross-entropy", "kl-divergence", "mse"}


def test_the_readme_of_config_is_what_the_schemas_say():
    text = config_reference.README.read_text()
    assert text.split(config_reference.BEGIN)[1] == "\n" + config_reference.rendered(), "run `make docs`"


@pytest.mark.parametrize("kind", ["config", "figures"])
@pytest.mark.parametrize("study", STUDIES)
def test_the_schema_that_a_file_names_for_editors_allows_it(study, kind):
    path = ROOT / "config" / study / f"{kind}.yaml"
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text())[1]
    text = (path.parent / named).read_text()
    rules = json.loads(text) if named.endswith(".json") else yaml.safe_load(text)
    jsonschema.validate(yaml.safe_load(path.read_text()) or {}, rules)
    assert config_reference.EDITOR.read_text() == config_reference.for_editors(), "run `make docs`"


def test_reading_the_workflow_imports_neither_torch_nor_xarray(fresh):
    code = "import sys; from snakemake.cli import main; sys.argv[1:] = ['-n', '-q', 'all', '--config', 'study=tiny']\n"
    code += "try:\n    main()\nexcept SystemExit as e:\n    assert not e.code, e.code\n"
    code += "print([m for m in ('torch', 'xarray', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=fresh, capture_output=True, text=True)
    assert done.stdout.strip().endswith("[]"), done.stdout + done.stderr
