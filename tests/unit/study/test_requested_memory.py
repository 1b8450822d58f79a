"""Memory that jobs request: of the study digits as measured, of larger ones what they hold at once."""

from pathlib import Path

import pytest
from sgdwalk.study import memory, sizes
from sgdwalk.study.analysis_table import ANALYSES
from sgdwalk.study.load import load_study
from sgdwalk.study.requested_memory import of_job
from study_files import paper, run

ROOT = Path(__file__).resolve().parents[3]
BY_NAME = {analysis.name: analysis for analysis in ANALYSES}


def study(name):
    return load_study(name, ROOT / "config")


# Peaks in MB of jobs of `digits`, as the system counts them (ru_maxrss), on Linux with a torch for CPUs.
MEASURED = {
    "train resnet14-a": 715, "train resnet20": 724, "train cnn3": 467, "train cnn3-shuffled-a": 464,
    "modes cnn3-independent-a": 365, "modes cnn3-shuffled-a": 133, "hessian resnet14-a": 780, "landscape resnet14-a": 349,
    "path_planes resnet14-a": 329, "sensitivity resnet14-a": 419, "noise_curvature cnn3-shuffled-a": 364,
    "extract resnet14-a": 314, "msd resnet14-a": 161, "msd cnn3-shuffled-a": 225, "path resnet14-a": 168,
    "path cnn3-shuffled-a": 268, "msl resnet14-a": 141, "msl cnn3-shuffled-a": 165, "tails resnet14-a": 182,
    "tails resnet14-a-w125": 197, "tails cnn3-shuffled-a": 173, "fluctuations resnet14-a": 169,
    "walk_models resnet14-a": 215, "long_msd resnet14-a": 150, "variance_flatness resnet14-a": 135,
    "dimension resnet14-a": 135, "displacement cnn3-shuffled-a": 154, "speed cnn3-shuffled-a": 166,
    "phase_space cnn3-independent-a": 315, "phase_space cnn3-shuffled-a": 202, "epoch_memory cnn3-shuffled-a": 168,
    "cut_windows resnet14-a-w125": 167, "check resnet14-a": 163, "ensemble resnet14": 135,
    "limiting_ensemble cnn3-shuffled": 135, "toy fractal": 213, "toy flat": 217, "toy_phases phases": 175,
    "toy_noiseless noiseless": 262, "regression independent": 393, "summary": 162, "claims": 236,
    "figure fig2": 201, "figure fig4": 207, "figure fig5": 221, "figure fig8": 310, "figure toy_phases": 232,
    "figure limiting_process": 162, "figure limiting_displacement": 198, "figure limiting_regression": 186,
}  # fmt: skip


@pytest.mark.parametrize("job", MEASURED)
def test_requests_are_above_the_measured_peak_and_at_most_twice_it(job):
    assert 1.1 * MEASURED[job] < of_job(study("digits"), *job.split()) < 2 * MEASURED[job]


def test_memory_on_a_cpu_holds_the_window_and_an_epoch_of_gradients():
    small, large = (memory.training(paper(model="resnet110", device="cpu", window=w)) for w in (1000, 2000))
    assert large - small >= 1000 * 1.73e6 * 4 / 1e6
    noisy = memory.training(paper(model="resnet110", device="cpu", record={"noise": True}))
    assert noisy - small >= 50_000 / 32 * 1.73e6 * 4 / 1e6
    double = memory.training(paper(model="resnet110", device="cpu", dtype="float64"))
    assert double - small >= 1000 * 1.73e6 * 4 / 1e6


def test_weights_on_a_gpu_take_no_host_memory():
    host = memory.training(paper(model="wrn110-8", device="cuda"))
    assert host < 16_000 < memory.training(paper(model="wrn110-8", device="cpu"))


def test_larger_images_need_more_memory():
    small, large = (memory.training(run(dataset="imagenet", image_size=side, steps=1000)) for side in (64, 224))
    assert large - small >= 1.28e6 * 3 * (224**2 - 64**2) / 1e6


def test_deeper_networks_and_larger_batches_keep_more_activations():
    small, deep, large = (
        sizes.activations(paper(model=model), images)
        for model, images in (("resnet14", 128), ("resnet110", 128), ("resnet14", 1024))
    )
    assert 1e8 < small < 5e8  # 15 layers of 8,000 to 16,000 numbers, three times, of 128 images
    assert deep > 8 * small
    assert large == pytest.approx(8 * small)
    row = paper(model="resnet110", device="cpu", batch_size=128, steps=2000)
    assert memory.training(row) > memory.training({**row, "batch_size": 64}) + 0.4 * deep / 1e6


def test_analyses_of_more_windows_request_more():
    short, long = paper(batch_size=1024), paper(batch_size=128)
    assert memory.of_windows(long, {}) > memory.of_windows(short, {}) > 3 * 24 * 1000**2 / 2 * 8 / 1e6
    assert memory.own(short, {}) > 2000
    assert memory.of_layers(short, {}) > 5 * 3 * 24 * 1000**2 / 2 * 8 / 1e6


@pytest.mark.parametrize("job", ["extract", "landscape", "path_planes", "sensitivity"])
def test_snapshots_of_a_large_network_are_in_what_reads_them(job):
    given = study("paper").settings[job] if job != "extract" else {}
    few, many = (BY_NAME[job].memory(paper(model="wrn110-8", device="cuda", snapshots=n), given) for n in (10, 20))
    assert many - few >= 10 * 110e6 * (4 + 4) / 1e6  # the checkpoints themselves, with momentum


def test_a_pass_over_a_large_batch_of_a_wide_network_is_in_the_surface():
    """As measured (ru_maxrss) of passes without gradients over images of 32 x 32 pixels."""
    for model, images, peak in (
        ("resnet14", 500, 234), ("resnet56", 200, 141), ("resnet110", 100, 78), ("wrn14-4", 50, 97),
        ("wrn14-8", 32, 112), ("vgg16", 100, 139), ("densenet121", 50, 237), ("vit", 100, 129), ("resnet18", 100, 191),
    ):  # fmt: skip
        assert sizes.largest_layer(paper(model=model), images) > 1e6 * peak, model


def test_a_graph_of_a_gradient_is_in_what_differentiates_twice():
    """As measured of second derivatives over so many images of 32 x 32 pixels."""
    for model, images, peak in (
        ("resnet14", 64, 292), ("resnet56", 16, 259), ("vgg16", 16, 328), ("densenet121", 8, 1011), ("vit", 16, 366),
    ):  # fmt: skip
        assert memory.GRAPH * sizes.activations(paper(model=model), images) > 1e6 * peak, model


def test_tables_and_figures_of_many_long_runs_request_more():
    large = study("paper")
    steps = sum(sizes.steps(row) for row in large.runs.values())
    assert of_job(large, "claims") > 25 * 8 * steps / 1e6  # measured: 25 numbers a step
    small = study("digits")
    for figure in ("fig3", "fig4"):
        assert of_job(large, "figure", figure) > of_job(small, "figure", figure)
    limiting = study("limiting")
    seen = [name.split("/")[1] for name in limiting.figures["limiting_displacement"]["data"]["directions"]]
    series = sum(8 * 3 * limiting.settings["modes"]["count"] * sizes.steps(limiting.runs[name]) for name in seen)
    assert of_job(limiting, "figure", "limiting_displacement") > series / 1e6


def test_finer_surfaces_and_more_walkers_request_more():
    settings = study("digits").settings
    for change in ({"levels": 12}, {"walkers": 10_000}):
        assert memory.toy("fractal", settings["toy"] | change) > 2 * memory.toy("fractal", settings["toy"])
    assert memory.toy("brownian", settings["toy"] | {"levels": 10}) > 1803  # as measured at H = 0.9
    fine = settings["landscape"] | {"points": 513, "planes": 2}
    assert memory.dimension(None, fine) > 592  # as measured


def test_a_regression_holds_its_images_as_features():
    settings = study("digits").settings["regression"]
    large = settings | {"data": settings["data"] | {"dataset": "cifar10", "subset": None}}
    assert memory.regression("independent", large) > 50_000 * 3072 * 8 / 1e6
