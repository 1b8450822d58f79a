"""Every rule as Snakemake has it: name, inputs, outputs, code, requests. Half of them are made in loops."""

import ast
import json
import subprocess
import sys

import pytest
import yaml
from sgdwalk.study import analysis_table, own_modules
from studies import ROOT, copy_of_the_workflow

SAMPLE = {
    "run": "base",
    "cut_windows.run": "short",
    "train.run": "child",
    "modes.run": "child",
    "import_walk.run": "walk",
    "group": "base",
    "landscape": "fractal",
    "sampler": "independent",
    "figure": "fig4",
}
RUN = "results/tiny/runs/base"
RECORDED = ("training", "distances", "layers", "sketch", "gradients", "directions")
LIGHT, NETWORK_MB = 225, 500  # MB, at least and for small runs less than twice: without a network, and with one
ESTIMATED = (LIGHT, 15)  # and minutes at least, of an analysis of a run's windows
SEARCHED = (800, 30)  # and of a search for eigenvalues, with its space
ANALYSES = {
    # rule: reads, makes, environment, MB and minutes of a first attempt, priority
    "msd": ("distances.nc", "msd.nc", "analysis", ESTIMATED, 0),
    "path": ("distances.nc", "path.nc", "analysis", ESTIMATED, 0),
    "msl": ("distances.nc", "msl.nc", "analysis", ESTIMATED, 0),
    "tails": ("gradients.nc", "tails.nc", "analysis", ESTIMATED, 0),
    "fluctuations": ("training.nc", "fluctuations.nc", "analysis", ESTIMATED, 0),
    "layerwise_msd": ("layers.nc", "layers/msd.nc", "analysis", (LIGHT, 240), 0),
    "layerwise_path": ("layers.nc", "layers/path.nc", "analysis", (LIGHT, 240), 0),
    "layerwise_msl": ("layers.nc", "layers/msl.nc", "analysis", (LIGHT, 240), 0),
    "long_msd": ("sketch.nc", "long_msd.nc", "analysis", (LIGHT, 60), 0),
    "variance_flatness": ("training.nc", "variance_flatness.nc", "analysis", (LIGHT, 30), 0),
    "sensitivity": ("checkpoints", "sensitivity.nc", "curvature", (NETWORK_MB, 30), 25),
    "extract": ("checkpoints", "snapshots.nc", "train", (NETWORK_MB, 20), 0),
    "hessian": ("checkpoints", "hessian.nc", "curvature", SEARCHED, 30),
    "landscape": ("checkpoints", "landscape.nc", "train", (NETWORK_MB, 30), 25),
    "path_planes": ("checkpoints", "path_planes.nc", "train", (NETWORK_MB, 30), 25),
    "dimension": ("landscape.nc", "dimension.nc", "analysis", (LIGHT, 60), 0),
    "walk_models": ("distances.nc", "walk_models.nc", "analysis", ESTIMATED, 0),
    "displacement": ("directions.nc distances.nc sketch.nc", "displacement.nc", "analysis", ESTIMATED, 0),
    "noise_curvature": ("checkpoints modes.nc", "noise_curvature.nc", "curvature", (NETWORK_MB, 30), 30),
    "speed": ("directions.nc noise_curvature.nc", "speed.nc", "analysis", (LIGHT, 60), 0),
    "phase_space": ("directions.nc noise_curvature.nc", "phase_space.nc", "analysis", (LIGHT, 60), 0),
    "epoch_memory": ("directions.nc noise_curvature.nc", "epoch_memory.nc", "analysis", (LIGHT, 60), 0),
}
NETWORK = ("extract", "modes", "hessian", "landscape", "path_planes", "sensitivity", "noise_curvature")
EXPENSIVE = {
    "train",
    "import_walk",
    "modes",
    "hessian",
    "sensitivity",
    "noise_curvature",
}  # a job each in a cluster's queue
COLLECTED = {"summary", "claims", "checks", "verdict", "all", "study"}  # one each in a study


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    folder = copy_of_the_workflow(tmp_path_factory.mktemp("rules"))
    command = [sys.executable, ROOT / "tests" / "workflow" / "rules_of.py", "Snakefile", "tiny", json.dumps(SAMPLE)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_of_a_run_has_its_own_files_settings_code_and_requests(rules, name):
    reads, makes, environment, (memory, minutes), priority = ANALYSES[name]
    rule = rules[name]
    assert rule["input"] == [f"{RUN}/{file}" for file in reads.split()]
    assert rule["output"] == [f"results/tiny/runs/{{run}}/{makes}"]
    assert rule["log"] == [f"results/tiny/logs/{{run}}/{name}.log"]
    assert rule["benchmark"] == f"results/tiny/benchmarks/{{run}}/{name}.tsv"
    assert (rule["conda"], rule["script"], rule["priority"]) == (environment, "analyse.py", priority)
    assert rule["params"]["analysis"] == name
    assert rule["params"]["run_seed"] == 0
    assert f"sgdwalk.analyses.{name}" in rule["params"]["code"]
    other = {f"sgdwalk.analyses.{analysis}" for analysis in ANALYSES} - {f"sgdwalk.analyses.{name}"}
    shared = {f"sgdwalk.analyses.{name.removeprefix('layerwise_')}"}
    assert not (other - shared) & set(rule["params"]["code"])
    requests = rule["resources"]
    assert 2 * memory <= requests["mem_mb"] < 2 * 2 * memory
    if (memory, minutes) in (ESTIMATED, SEARCHED):
        assert 2 * minutes <= requests["runtime"] < 2 * 2 * minutes
    else:
        assert 2 * minutes <= requests["runtime"] <= 2 * minutes + 2
    assert ("gpu" in requests) == ("local_gpu" in requests) == (name in NETWORK[1:])
    assert rule["message"].endswith("{wildcards.run}")


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_computes_with_its_own_section_of_the_settings(rules, name):
    given = rules[name]["params"]["settings"]
    schema = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text())["properties"]
    section = schema.get(name.removeprefix("layerwise_"), {}).get("properties", {})
    assert set(given) == set(section) | ({"run"} if name in NETWORK else set())
    if name in NETWORK:
        assert given["run"]["run"] == "base"
        assert not {"analyses", "mem_mb", "runtime", "scratch"} & set(given["run"])


def test_a_run_with_a_parent_starts_from_its_files_and_from_the_modes_at_its_start(rules):
    of_parent = [f"{RUN}/checkpoints", f"{RUN}/training.nc"]
    modes = rules["modes"]
    assert modes["input"] == of_parent
    assert modes["output"] == ["results/tiny/runs/{run}/modes.nc"]
    assert (modes["conda"], modes["script"], modes["priority"]) == ("curvature", "analyse.py", 30)
    assert modes["params"]["settings"].keys() == {"count", "images", "tolerance", "most_products", "seed", "run"}
    assert modes["params"]["settings"]["run"]["run"] == "child"
    assert {"sgdwalk.analyses.modes", "sgdwalk.training.parents"} <= set(modes["params"]["code"])
    assert {"gpu", "local_gpu"} <= set(modes["resources"])
    assert 2 * 30 <= modes["resources"]["runtime"] <= 2 * 32
    assert 2 * SEARCHED[0] <= modes["resources"]["mem_mb"] <= 2 * 2 * SEARCHED[0]
    assert rules["train"]["input"] == sorted([*of_parent, "results/tiny/runs/child/modes.nc"])
    assert rules["train"]["params"]["settings"]["parent"] == "base"


def test_analyses_without_a_run_of_their_own(rules):
    assert rules["ensemble"]["input"] == [f"results/tiny/runs/{run}/msd.nc" for run in ("base", "other-seed")]
    assert rules["ensemble"]["output"] == ["results/tiny/ensembles/{group}.nc"]
    assert rules["ensemble"]["params"]["settings"] == {}
    assert rules["limiting_ensemble"]["output"] == ["results/tiny/ensembles/limiting/{group}.nc"]
    assert rules["limiting_ensemble"]["input"] == []  # no run of this group requests a displacement
    assert rules["toy"]["input"] == []
    assert rules["toy"]["output"] == ["results/tiny/toy/{landscape}.nc"]
    assert rules["toy"]["params"]["settings"]["landscape"] == "fractal"
    assert rules["toy"]["params"]["settings"]["walkers"] == 10
    assert rules["toy_phases"]["output"] == ["results/tiny/toy/phases.nc"]
    assert rules["toy_phases"]["log"] == ["results/tiny/logs/toy/phases.log"]
    assert rules["toy_phases"]["params"]["settings"]["step_sizes"] == [0.01, 0.02]
    assert rules["regression"]["input"] == []
    assert rules["regression"]["output"] == ["results/tiny/regression/{sampler}.nc"]
    assert rules["regression"]["log"] == ["results/tiny/logs/regression/{sampler}.log"]
    given = rules["regression"]["params"]["settings"]
    assert (given["sampler"], given["walkers"], given["data"]["dataset"]) == ("independent", 5, "digits")
    assert {"sgdwalk.analyses.regression", "sgdwalk.data.digits"} <= set(rules["regression"]["params"]["code"])


def test_every_way_to_a_run_makes_the_same_files(rules):
    files = [f"results/tiny/runs/{{run}}/{name}.nc" for name in RECORDED]
    assert rules["train"]["output"] == sorted([*files, "results/tiny/runs/{run}/checkpoints"])
    assert rules["import_walk"]["output"] == rules["cut_windows"]["output"] == sorted(files)
    assert rules["import_walk"]["input"] == ["walk.nc"]
    assert rules["cut_windows"]["input"] == sorted(f"{RUN}/{name}.nc" for name in RECORDED)


def test_tables_have_the_files_of_all_runs(rules):
    def all_runs(*kinds):
        made = ("base", "other-seed", "diverged", "walk", "short", "child", "grandchild")
        return {f"results/tiny/runs/{run}/{kind}.nc" for run in made for kind in kinds}

    cheap = ("training", "msd", "path", "msl", "tails")
    assert set(rules["summary"]["input"]) == all_runs(*cheap)
    toy = {f"results/tiny/toy/{name}.nc" for name in ("fractal", "random", "convex", "cone", "flat")}
    on_request = {f"{RUN}/{name}.nc" for name in ("hessian", "dimension", "variance_flatness", "sensitivity")}
    regression = {f"results/tiny/regression/{name}.nc" for name in ("independent", "shuffled-epochs")}
    assert set(rules["claims"]["input"]) == all_runs(*cheap, "fluctuations") | on_request | toy | regression
    checked = ("training", "distances", "gradients", "msd", "path", "msl", "tails", "fluctuations")
    assert set(rules["check"]["input"]) == {f"{RUN}/{name}.nc" for name in checked}
    assert len(rules["checks"]["input"]) == 7
    assert rules["claims"]["params"]["parameters"] == {"base": "base"}
    for name in ("summary", "claims", "check", "checks"):
        assert rules[name]["params"]["table"] == name


def test_a_figure_has_the_files_of_its_roles(rules):
    found = rules["figure"]
    assert found["input"] == [
        f"results/tiny/runs/{run}/{kind}.nc" for run in ("base", "diverged") for kind in ("msd", "training")
    ]
    assert found["params"]["absent"] == []
    assert found["params"]["width"] == "double"
    assert "sgdwalk.figures.fig4" in found["params"]["code"]


def test_the_code_that_a_script_calls_is_in_the_hash_of_its_rule(rules):
    """All but the log of a job and how it imports, which change no result."""
    unlisted = {"sgdwalk.jobs.imports", "sgdwalk.jobs.logs"}
    for name, rule in rules.items():
        if rule["script"]:
            tree = ast.parse((ROOT / "workflow" / "scripts" / rule["script"]).read_text())
            called = {
                module
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and node.module.startswith("sgdwalk.")
                for module in (f"{node.module}.{node.names[0].name}", node.module)
                if (ROOT / "workflow" / "src" / (module.replace(".", "/") + ".py")).is_file()
            }
            assert called - unlisted, name
            assert called - unlisted <= set(rule["params"]["code"]), name


def test_no_hash_of_a_result_has_the_names_of_networks_and_data_sets(rules):
    for name, rule in rules.items():
        code = set(rule["params"].get("code", ()))
        assert "sgdwalk.study.registry" not in code, name
        models = {module for module in code if module.startswith("sgdwalk.models.")}
        assert models == ({"sgdwalk.models.mlp"} if name == "train" or name in NETWORK else set()), name


def test_training_is_known_by_all_that_it_runs(rules):
    code = {module.removeprefix("sgdwalk.") for module in rules["train"]["params"]["code"]}
    assert {"training.job", "training.problem", "training.trainer", "data.choice", "data.digits", "models.mlp"} <= code
    assert {"recorder.window_recorder", "storage.netcdf", "storage.run_files"} <= code
    assert not {module for module in code if module.startswith(("analyses", "figures", "tables", "trajectory"))}


def test_no_analysis_of_ones_own_can_have_the_name_of_a_rule(rules):
    assert set(rules) <= {*own_modules.RULES, *(analysis.name for analysis in analysis_table.ANALYSES)}


@pytest.mark.parametrize("profile", ["pbs", "slurm"])
def test_a_cluster_groups_all_light_jobs(rules, profile):
    settings = yaml.safe_load((ROOT / "profiles" / profile / "config.yaml").read_text())
    grouped = [line.split("=")[0] for line in settings["groups"]]
    assert sorted(grouped) == sorted(set(rules) - EXPENSIVE - COLLECTED)
