"""What the cluster profiles and the default profile make of the jobs; no cluster is needed to plan them."""

import re
import shutil

import yaml
from studies import ROOT, snakemake

MESSAGE = '    message:\n        "Training {wildcards.run}"\n'
HEADER = "run\tseed\tlr\tdevice\tmem_mb\truntime\n"


def table(folder, *rows):
    """A study of these runs, without figures."""
    (folder / "config" / "tiny" / "runs.tsv").write_text(HEADER + "".join("\t".join(row) + "\n" for row in rows))
    (folder / "config" / "tiny" / "figures.yaml").write_text("{}\n")


def profile(name):
    return yaml.safe_load((ROOT / "profiles" / name / "config.yaml").read_text())


def asked(folder, *arguments):
    """Resources of each run's training, by run; Snakemake tells them of rules without a message."""
    rules = folder / "workflow" / "rules" / "train.smk"
    rules.write_text(rules.read_text().replace(MESSAGE, ""))
    done = snakemake(folder, "-n", "-R", "train", *arguments)
    assert done.returncode == 0, done.stderr
    said = re.findall(r"rule train:.*?wildcards: run=(\w+)\n.*?resources: ([^\n]*)", done.stdout + done.stderr, re.S)
    return {run: dict(pair.split("=", 1) for pair in line.split(", ")) for run, line in said}


def test_forty_runs_are_few_entries_in_the_queue(fresh):
    """With one profile: the other is alike."""
    table(fresh, *((f"run{k:02d}", str(k % 4), f"0.{k // 4 + 1}") for k in range(40)), ("base", "0"))
    done = snakemake(fresh, "-n", "--profile", "slurm", "--quiet", "reason")
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    groups = re.findall(r"Group job (\w+) ", said)
    alone = re.findall(r"^Job \d+: (\w+) ", said, re.M)
    assert groups.count("analyses") == 11
    assert alone.count("Training") == 41
    assert len(groups) + len(alone) < 41 + 11 + 10


def test_local_runs_are_not_grouped(fresh):
    done = snakemake(fresh, "-n", "--cores", "2")
    assert "Group job" not in done.stdout + done.stderr


def test_both_cluster_profiles_are_alike_but_for_the_scheduler():
    slurm, pbs = profile("slurm"), profile("pbs")
    own = {"executor", "default-resources"}
    shared = set(pbs) - own
    assert {key: slurm[key] for key in shared} == {key: pbs[key] for key in shared}
    assert all(key.startswith("slurm-") for key in set(slurm) - set(pbs))
    assert profile("default").keys() & (slurm.keys() | pbs.keys()) == set()


def test_the_limits_of_the_default_profile_hold_in_each_job_of_a_cluster_and_not_over_all():
    limited = {limit.partition("=")[0] for limit in profile("default")["resources"]}
    for name in ("slurm", "pbs"):
        scopes = dict(scope.split("=") for scope in profile(name)["set-resource-scopes"])
        assert {key for key, scope in scopes.items() if scope == "local"} == limited


def test_a_row_says_what_its_training_asks_for_and_each_attempt_asks_for_more(fresh):
    """A training set to the CPU asks for no GPU, and one that is not for one."""
    table(fresh, ("base", "0", "", "cpu", "5000", "90"), ("other", "1", "", "auto"))
    targets = [f"results/tiny/runs/{run}/training.nc" for run in ("base", "other")]
    first, second = asked(fresh, *targets), asked(fresh, "--attempt", "2", *targets)
    assert [first[run]["gpu"] for run in ("base", "other")] == ["0", "1"]
    assert {"mem_mb": "5000", "runtime": "90"}.items() <= first["base"].items()
    assert {"mem_mb": "10000", "runtime": "180"}.items() <= second["base"].items()


def test_a_study_elsewhere_takes_the_workflow_from_here(fresh, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.move(fresh / "config", elsewhere / "config")
    shutil.move(fresh / "walk.nc", elsewhere / "walk.nc")
    done = snakemake(fresh, "-n", "-q", "rules", "--profile", "pbs", "--directory", str(elsewhere))
    assert done.returncode == 0, done.stderr
    shutil.rmtree(elsewhere / "config")
    done = snakemake(fresh, "-n", "--profile", "slurm", "--directory", str(elsewhere))
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert len([line for line in said.splitlines() if "no config/tiny/config.yaml (studies here: none)" in line]) == 1
    assert "Traceback" not in said
