"""Resources that jobs request."""

import re
from pathlib import Path

import pytest
from sgdwalk.study import memory, registry, resources
from sgdwalk.study.load import load_study
from sgdwalk.study.validation import checked, schema
from study_files import paper, run

ROOT = Path(__file__).resolve().parents[3]


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
    assert 4000 < memory.training(row) < 16_000


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
    assert (memory.training(row), resources.training_minutes(row)) == (123, 7)


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


def test_analyses_of_more_windows_take_longer():
    short, long = paper(batch_size=1024), paper(batch_size=128)
    assert resources.analysis_minutes(long, {}) > resources.analysis_minutes(short, {}) >= 15
