"""The real DAG, on a study of a minute."""

import json
import re
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sgdwalk
import torch
import xarray as xr
import yaml
from scipy.spatial.distance import pdist
from sgdwalk.tables.verdicts import REASONS
from studies import HURST, planned, snakemake

FILES = ("training", "distances", "gradients", "msd", "path", "msl", "tails", "fluctuations")
DEAR = ("snapshots", "hessian", "landscape", "dimension")


def results(folder):
    return folder / "results" / "tiny"


@pytest.fixture(scope="module")
def edited(finished, tmp_path_factory):
    """The finished study once more, for tests that edit its files and put them back."""
    return Path(shutil.copytree(finished, tmp_path_factory.mktemp("edited") / "tiny", symlinks=True))


def test_every_file_of_a_run_is_made_with_units_and_provenance(finished):
    with xr.open_dataset(results(finished) / "runs" / "base" / "training.nc") as training:
        trained = training.attrs["settings"]
    for path in [results(finished) / "runs" / "base" / f"{name}.nc" for name in (*FILES, *DEAR)]:
        with xr.open_dataset(path) as data:
            assert {"contract", "schema_version", "code", "run", "run_seed", "settings"} <= set(data.attrs)
            assert {"run_settings", "software", "hardware"} <= set(data.attrs)
            assert data.attrs["run_settings"] == trained
            assert all({"units", "long_name"} <= set(v.attrs) for v in data.variables.values()), path


def test_every_figure_is_there_in_three_formats(finished):
    figures = yaml.safe_load((finished / "config" / "tiny" / "figures.yaml").read_text())
    for suffix in ("pdf", "svg", "png"):
        made = {p.stem for p in (results(finished) / "figures").glob(f"*.{suffix}")}
        assert made == set(figures)


@pytest.mark.parametrize(("figure", "files"), [
    ("fig1_checks", {"dimension": "dimension"}),
    ("fig2_others", {"runs": ["msd"]}),
    ("fig5_checks", {"tails": "tails", "fluctuations": "fluctuations"}),
    ("flatness", {"hessian": "hessian", "msd": "msd", "tails": "tails", "training": "training"}),
    ("trajectory_map", {"training": "training"}),
    ("curvature", {"hessian": "hessian"}),
])  # fmt: skip
def test_figures_that_are_not_in_the_study_can_be_drawn_of_its_files(finished, figure, files):
    base = results(finished) / "runs" / "base"
    paths = {
        role: [base / f"{name}.nc" for name in names] if isinstance(names, list) else base / f"{names}.nc"
        for role, names in files.items()
    }
    assert sgdwalk.draw(figure, **paths)._repr_png_().startswith(b"\x89PNG")


def test_the_momentum_of_a_run_is_taken_out_of_the_models_of_its_walk(finished):
    runs = results(finished) / "runs"
    with (
        xr.open_dataset(runs / "child" / "distances.nc") as child,
        xr.open_dataset(runs / "base" / "distances.nc") as base,
    ):
        found = {
            run: sgdwalk.analyse("walk_models", data.load(), copies=20)
            for run, data in (("child", child), ("base", base))
        }
    assert found["child"].momentum == 0.9
    assert found["base"].momentum == 0
    assert (found["child"].status != "fewer than 20 steps").all()


def test_a_walk_stored_whole_gives_the_distances_that_were_reduced_on_the_fly(finished):
    run = results(finished) / "runs" / "base"
    with (
        xr.open_dataset(run / "checkpoints" / "walk.nc") as walk,
        xr.open_dataset(run / "distances.nc") as made,
    ):
        weights = walk.weight.values.astype(np.float64)
        for start, pairs in zip(made.window_start.values, made.distance2.values, strict=True):
            np.testing.assert_allclose(pairs, pdist(weights[start : start + 40], "sqeuclidean"), rtol=1e-9)


def test_a_run_that_diverges_is_a_result(finished):
    run = results(finished) / "runs" / "diverged"
    with xr.open_dataset(run / "training.nc") as training, xr.open_dataset(run / "msd.nc") as msd:
        step = int(training.diverged_step)
        assert 0 < step < 120
        assert np.isfinite(training.loss[:step]).all()
        assert np.isnan(training.loss[step:]).all()
        assert np.isnan(msd.msd.isel(window=-1)).all()
    summary = pd.read_csv(results(finished) / "summary.csv", index_col="run")
    assert summary.diverged_step["diverged"] == step
    assert summary.diverged_step["base"] == -1


def test_the_exponent_of_an_imported_walk_is_read_back(finished):
    with xr.open_dataset(results(finished) / "runs" / "walk" / "msd.nc") as msd:
        whole = msd.sel(fit="whole")
        assert whole.sizes["window"] == 3
        assert ((whole.exponent_low < 2 * HURST) & (whole.exponent_high > 2 * HURST)).all()
        assert (whole.exponent_high - whole.exponent_low < 0.3).all()
    with xr.open_dataset(results(finished) / "runs" / "walk" / "msl.nc") as msl:
        assert np.isnan(msl.msl).all()


def test_a_run_in_shorter_windows_is_cut_from_what_was_recorded(finished):
    runs = results(finished) / "runs"
    with (
        xr.open_dataset(runs / "base" / "distances.nc") as long,
        xr.open_dataset(runs / "short" / "distances.nc") as cut,
    ):
        assert cut.sizes["window"] == 2 * long.sizes["window"]
        np.testing.assert_array_equal(cut.distance2.values[::2, 0], long.distance2.values[:, 0])
    with xr.open_dataset(runs / "short" / "msd.nc") as msd:
        assert msd.sizes["lag"] == 19
    assert not (runs / "short" / "checkpoints").exists()


def test_a_run_with_a_parent_begins_where_that_one_ended(finished):
    runs = results(finished) / "runs"
    for name, parent in (("child", "base"), ("grandchild", "child")):
        start, end = (
            torch.load(runs / run / "checkpoints" / f"step-{step:09d}.pt")["model"]
            for run, step in ((name, 0), (parent, 120))
        )
        assert start.keys() == end.keys()
        assert all(torch.equal(start[key], end[key]) for key in end)
        with (
            xr.open_dataset(runs / name / "modes.nc") as modes,
            xr.open_dataset(runs / name / "directions.nc") as made,
            xr.open_dataset(runs / name / "training.nc") as training,
        ):
            assert json.loads(modes.attrs["run_settings"])["parent"] == parent
            assert modes.attrs["run_settings"] == made.attrs["run_settings"]
            flat = torch.cat([value.reshape(-1) for value in end.values()]).double().numpy()
            np.testing.assert_allclose(made.start, modes.vector.values @ flat, rtol=1e-9)
            assert dict(made.sizes) == {"step": 120, "mode": 4}
            moved = float(training.learning_rate[0]) * made.velocity.values[1:]
            np.testing.assert_allclose(np.diff(made.position, axis=0), moved, atol=1e-7)
            np.testing.assert_allclose(made.squared_displacement, training.displacement**2, rtol=1e-12)
            assert np.isfinite(made.velocity).all()
    with xr.open_dataset(runs / "base" / "directions.nc") as made:
        assert dict(made.sizes) == {"step": 120, "mode": 0}
    assert not (runs / "base" / "modes.nc").exists()


def test_what_was_recorded_beside_distances_is_analysed(finished):
    run = results(finished) / "runs" / "base"
    with xr.open_dataset(run / "layers" / "msd.nc") as layers, xr.open_dataset(run / "msd.nc") as whole:
        np.testing.assert_allclose(layers.msd.sum("layer"), whole.msd)
    with xr.open_dataset(run / "long_msd.nc") as long, xr.open_dataset(run / "msd.nc") as whole:
        assert int(long.lag.max()) == 119
        assert np.isfinite(long.msd).all()


def test_summary_has_a_row_per_run_and_claims_a_verdict_each(finished):
    assert list(pd.read_csv(results(finished) / "summary.csv").run) == [
        "base",
        "other-seed",
        "diverged",
        "walk",
        "short",
        "child",
        "grandchild",
    ]
    claims = pd.read_csv(results(finished) / "claims.csv")
    assert set(claims.verdict) <= {"agrees", "differs", "undecided", "not run"}
    assert len(claims) > 15
    reasons = set(claims.reason.dropna())
    assert reasons <= set(REASONS)
    assert set(claims.verdict[claims.reason.notna()]) <= {"undecided"}


def test_checks_passed(finished):
    assert pd.read_csv(results(finished) / "checks.csv").passed.all()


def test_logs_are_kept(finished):
    log = results(finished) / "logs" / "base" / "train.log"
    assert re.search(r"step 120/120 .* steps/s .* s left", log.read_text())


def test_the_scheduler_looks_at_waiting_jobs_when_others_have_ended_and_not_in_between(finished):
    said = (finished / "said").read_text()
    assert 50 < said.count("Ready jobs: ") <= said.count("Finished jobid: ") + 1


def test_one_figure_needs_only_what_it_is_drawn_from(fresh):
    jobs = planned(fresh, "results/tiny/figures/fig2.pdf")
    assert set(jobs) == {"train", "import_walk", "msd", "figure"}
    assert jobs["figure"] == 1


@contextmanager
def changed(path, change):
    """A file with other content, put back in the end."""
    before = path.read_text()
    path.write_text(change(before))
    try:
        yield
    finally:
        path.write_text(before)


def with_a_name(source):
    return source + "\nEDITED = 1\n"


def with_words(source):
    return source + '\n# a comment\n"""A bare string."""\n'


EDITS = {
    "figures/fig3.py": {"figure": 1},
    "analyses/dimension.py": {"dimension": 1, "figure": 1, "claims": 1},
}


def source(folder, module):
    return folder / "workflow" / "src" / "sgdwalk" / module


@pytest.mark.parametrize("module", EDITS)
def test_an_edit_reruns_what_it_affects(edited, module):
    with changed(source(edited, module), with_a_name):
        assert planned(edited) == EDITS[module]


def test_editing_msl_reruns_msl_and_what_follows_but_no_training(edited):
    with changed(source(edited, "analyses/msl.py"), with_a_name):
        jobs = planned(edited)
    assert jobs["msl"] == 7
    assert set(jobs) == {"msl", "layerwise_msl", "figure", "summary", "claims", "check", "checks", "verdict"}


def test_editing_the_network_of_a_run_retrains_it(edited):
    with changed(source(edited, "models/mlp.py"), with_a_name):
        assert planned(edited)["train"] == 5


def test_a_new_row_trains_that_row_alone(edited):
    with changed(edited / "config" / "tiny" / "runs.tsv", lambda rows: rows + "new\t2\t0.05\t\t\t\n"):
        jobs = planned(edited)
    assert jobs["train"] == 1
    assert jobs["msd"] == 1


def with_requests(rows):
    """What each run asks a scheduler for, in two more columns."""
    title, header, first, *others = rows.splitlines()
    return "\n".join([title, f"{header}\tmem_mb\truntime", f"{first}\t9000\t33", *others]) + "\n"


def test_what_changes_no_result_reruns_nothing(edited):
    """Edits that were taken back, networks and images of no run, comments, requests, threads, and a checkout's times."""
    for path in [*(edited / "workflow").rglob("*"), *(edited / "config").rglob("*"), edited / "Snakefile"]:
        path.touch()
    with ExitStack() as stack:
        stack.enter_context(changed(source(edited, "models/resnet.py"), with_a_name))
        stack.enter_context(changed(source(edited, "data/vision.py"), with_a_name))
        stack.enter_context(changed(source(edited, "recorder/window_recorder.py"), with_words))
        stack.enter_context(changed(edited / "config" / "tiny" / "runs.tsv", with_requests))
        assert planned(edited, "--set-threads", "msd=2") == {}


def test_a_network_and_images_of_ones_own_train_and_edits_of_them_train_again(fresh):
    (fresh / "mynets.py").write_text(
        "from torch import nn\n"
        "def build(channels, size, classes):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size**2, classes))\n"
    )
    rng = np.random.default_rng(0)
    parts = {f"x_{k}": rng.integers(0, 256, (n, 6, 6, 3), dtype=np.uint8) for k, n in (("train", 60), ("test", 9))}
    np.savez(fresh / "mine.npz", **parts, y_train=np.arange(60) % 3, y_test=np.arange(9) % 3)
    runs = fresh / "config" / "tiny" / "runs.tsv"
    runs.write_text("run\tmodel\tdataset\tpath\nbase\tmynets:build\tnpz\tmine.npz\n")
    (fresh / "config" / "tiny" / "figures.yaml").write_text("{}\n")
    msd = "results/tiny/runs/base/msd.nc"
    done = snakemake(fresh, "--cores", "1", msd)
    assert done.returncode == 0, done.stderr[-3000:]
    with xr.open_dataset(results(fresh) / "runs" / "base" / "training.nc") as training:
        assert training.attrs["run"] == "base"
        assert np.isfinite(training.test_loss).all()
    network = (fresh / "mynets.py").read_text()
    (fresh / "mynets.py").write_text(network.replace("nn.Flatten()", "nn.Flatten(), nn.ReLU()"))
    assert planned(fresh, msd) == {"train": 1, "msd": 1}
    (fresh / "mynets.py").write_text(network)
    assert planned(fresh, msd) == {}
    np.savez(fresh / "mine.npz", **parts, y_train=np.arange(60) % 3, y_test=np.arange(9) % 2)
    assert planned(fresh, msd) == {"train": 1, "msd": 1}


def test_a_failing_check_fails_the_last_rule_says_which_and_leaves_the_table(edited):
    """After all others that use the copy, since its results are no longer those of the study."""
    path = results(edited) / "runs" / "base" / "check.csv"
    path.write_text(path.read_text().replace("True", "False", 1))
    limit = ("--max-jobs-per-timespan", "1/2s")
    done = snakemake(edited, "--cores", "1", *limit, "results/tiny/checks.passed")
    assert done.returncode != 0
    assert "Job rate limit reached" in done.stdout + done.stderr, "a limit that was asked for stays"
    assert "recorded is what was trained" in done.stdout + done.stderr
    assert not pd.read_csv(results(edited) / "checks.csv").passed.all()
