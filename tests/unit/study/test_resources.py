"""Resources that jobs request."""

import re
from pathlib import Path

import pytest
from runs import settings
from sgdwalk.study import registry, resources
from sgdwalk.study.analysis_table import ANALYSES
from sgdwalk.study.load import load_study
from sgdwalk.study.validation import checked, schema

ROOT = Path(__file__).resolve().parents[3]


def run(**given):
    """A run's settings with the keys that only a row of runs.tsv may set."""
    return settings(**{"mem_mb": None, "runtime": None, "image_size": None, "subset": None, **given})


def paper(**given):
    """A run as those of the paper's study."""
    plain = {"dataset": "cifar10", "epochs": 500, "steps": None, "window": 1000, "record": {"noise": False}}
    return run(**plain | given)


def sizes():
    """Parameters by name, from the table of docs/models.md."""
    rows = re.findall(r"^\| `(\S+)` \|.*\| ([\d,]+) \|$", (ROOT / "docs" / "models.md").read_text(), re.M)
    return {name: int(count.replace(",", "")) for name, count in rows}


def test_the_size_of_every_known_network_is_known_and_none_is_underrated():
    counts = sizes()
    assert set(counts) == set(registry.MODELS)
    for name, count in counts.items():
        assert 0.99 <= resources.parameters(paper(model=name)) / count <= 1.35, name


def test_user_defined_and_torchvision_networks_have_a_default_size():
    assert resources.parameters(paper(model="mine.nets:build")) == 2e6
    assert resources.parameters(paper(model="torchvision:resnet18")) == 3e7


def test_memory_on_a_cpu_holds_the_window_and_an_epoch_of_gradients():
    small, large = (resources.training_memory(paper(model="resnet110", device="cpu", window=w)) for w in (1000, 2000))
    assert large - small >= 1000 * 1.73e6 * 4 / 1e6
    noisy = resources.training_memory(paper(model="resnet110", device="cpu", record={"noise": True}))
    assert noisy - small >= 50_000 / 32 * 1.73e6 * 4 / 1e6
    double = resources.training_memory(paper(model="resnet110", device="cpu", dtype="float64"))
    assert double - small >= 1000 * 1.73e6 * 4 / 1e6


def test_weights_on_a_gpu_take_no_host_memory():
    host = resources.training_memory(paper(model="wrn110-8", device="cuda"))
    assert host < 16_000 < resources.training_memory(paper(model="wrn110-8", device="cpu"))


def test_larger_images_need_more_memory():
    small, large = (
        resources.training_memory(run(dataset="imagenet", image_size=side, steps=1000)) for side in (64, 224)
    )
    assert large - small >= 1.28e6 * 3 * (224**2 - 64**2) / 1e6


def test_time_grows_with_steps_batch_and_network_and_falls_with_a_gpu_and_threads():
    base = resources.training_minutes(paper(model="resnet20", batch_size=512, device="cpu"))
    assert resources.training_minutes(paper(model="resnet20", batch_size=512, device="cpu", epochs=5000)) > 9 * base
    assert resources.training_minutes(paper(model="resnet110", batch_size=512, device="cpu")) > 5 * base
    assert resources.training_minutes(paper(model="resnet20", batch_size=512, device="cpu", threads=4)) < base / 2
    assert resources.training_minutes(paper(model="resnet20", batch_size=512, device="auto")) < base / 10


@pytest.mark.parametrize("model", ["resnet14", "resnet110"])
def test_runs_of_the_paper_fit_into_a_day_of_a_gpu_and_a_node(model):
    row = paper(model=model, device="auto", batch_size=128, record={"noise": True})
    assert 60 < resources.training_minutes(row) < 1440
    assert 4000 < resources.training_memory(row) < 16_000


def test_hessian_and_loss_surface_of_the_paper_fit_into_a_day_of_a_gpu_and_not_of_a_thread():
    study = load_study("paper", ROOT / "config")
    for minutes, analysis, name in (
        (resources.hessian_minutes, "hessian", "resnet14-b1024"),
        (resources.landscape_minutes, "landscape", "resnet56-b1024"),
        (resources.path_planes_minutes, "path_planes", "resnet56-b1024"),
    ):
        run, settings = study.runs[name], study.settings[analysis]
        assert 30 < minutes(run, settings) < 1440 < minutes(run | {"device": "cpu"}, settings)
        assert minutes(run, settings | {"images": 100 * settings["images"]}) > 10 * minutes(run, settings)


def test_gradient_noise_of_a_child_fits_into_a_day_of_a_gpu_and_grows_with_its_batches():
    settings = checked({}, schema("config"), "")["noise_curvature"]
    child = paper(model="resnet18", batch_size=256, snapshots=6, device="cuda")
    minutes = resources.noise_curvature_minutes(child, settings)
    assert 30 < minutes < 1440
    more = [settings | {key: 10 * settings[key]} for key in ("batches", "curvature_batches")]
    assert all(resources.noise_curvature_minutes(child, given) > minutes for given in more)


def test_a_row_overrides_the_estimates():
    row = paper(mem_mb=123, runtime=7)
    assert (resources.training_memory(row), resources.training_minutes(row)) == (123, 7)


def test_a_training_requests_a_gpu_unless_it_is_set_to_the_cpu():
    assert [resources.gpus(run(device=device)) for device in ("auto", "cuda", "cpu")] == [1, 1, 0]


@pytest.mark.parametrize("there", [True, False])
def test_on_this_machine_a_training_takes_a_gpu_only_where_there_is_one(there, tmp_path, monkeypatch):
    if there:
        (tmp_path / "nvidia0").touch()
    found = resources.gpu_here(tmp_path)
    assert found is there
    monkeypatch.setattr(resources, "gpu_here", lambda: found)
    assert [resources.local_gpus(run(device=device)) for device in ("auto", "cuda", "cpu")] == [int(there), 1, 0]


def test_analyses_of_more_windows_request_more():
    short, long = paper(batch_size=1024), paper(batch_size=128)
    assert resources.analysis_memory(long, {}) > resources.analysis_memory(short, {}) > 250
    assert resources.own_memory(short, {}) > 2000
    assert resources.analysis_minutes(long, {}) > resources.analysis_minutes(short, {}) >= 15


MEASURED = {  # job: peak of its memory in MB, as `results/digits/benchmarks` has it
    "resnet14-a/train": 691, "cnn3/train": 438, "cnn3-shuffled-a/train": 462, "cnn3-shuffled-a/modes": 424,
    "resnet14-a/hessian": 785, "resnet14-a/msd": 162, "resnet14-a/path": 168, "resnet14-a/msl": 142,
    "resnet14-a/tails": 166, "cnn3-shuffled-a/path": 262,
}  # fmt: skip


@pytest.mark.parametrize("job", MEASURED)
def test_requests_are_above_the_measured_peak_and_at_most_twice_it(job):
    study, (name, rule) = load_study("digits", ROOT / "config"), job.split("/")
    run = study.runs[name]
    if rule == "train":
        requested = resources.training_memory(run, study.settings["modes"])
    else:
        memory = next(analysis.memory for analysis in ANALYSES if analysis.name == rule)
        requested = memory(run, study.settings[rule])
    assert 1.1 * MEASURED[job] < requested < 2 * MEASURED[job]


def test_deeper_networks_and_larger_batches_keep_more_activations():
    small, deep, large = (
        resources.activations(paper(model=model), images)
        for model, images in (("resnet14", 128), ("resnet110", 128), ("resnet14", 1024))
    )
    assert 1e8 < small < 5e8  # 15 layers of 8,000 to 16,000 numbers, three times, of 128 images
    assert deep > 8 * small
    assert large == pytest.approx(8 * small)
    row = paper(model="resnet110", device="cpu", batch_size=128, steps=2000)
    assert resources.training_memory(row) > resources.training_memory({**row, "batch_size": 64}) + 0.4 * deep / 1e6
