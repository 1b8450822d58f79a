"""`make data`: every data set once, to its folder, and nothing else."""

import runpy
from types import SimpleNamespace

import pytest
from sgdwalk.study import download, factories
from sgdwalk.study.load import load_study

TABLE = """\
run	dataset	path	model	init
a	cifar10	here	resnet14
b	cifar10	here	resnet20
c	cifar10	there	resnet14
d	mnist	here	torchvision:resnet18:DEFAULT	pytorch
e	digits	here	torchvision:resnet18
f	surrogate	here	resnet14
"""


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "config" / "mixed"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("regression: {data: {dataset: cifar100, path: here}}\n")
    (folder / "runs.tsv").write_text(TABLE)
    (folder / "figures.yaml").write_text("{}\n")
    return load_study("mixed", tmp_path / "config")


def test_every_data_set_is_fetched_once_to_its_folder(study, monkeypatch, capsys):
    calls = []

    def load(**given):
        calls.append(given)
        return SimpleNamespace(train=[0] * 3, test=[0])

    monkeypatch.setattr(factories, "factory", lambda spec: load)
    monkeypatch.setattr(download, "weights", lambda study: [])
    download.fetch(study)
    assert calls == [
        {"name": "cifar10", "path": "here", "download": True},
        {"name": "cifar10", "path": "there", "download": True},
        {"name": "cifar100", "path": "here", "download": True},
        {"name": "mnist", "path": "here", "download": True},
    ]
    assert "cifar10: 3 training and 1 test images under there" in capsys.readouterr().out


@pytest.mark.slow
def test_only_pretrained_weights_are_fetched(study, monkeypatch):
    from sgdwalk.data import torchvision_compat  # noqa: F401
    from torchvision import models

    fetched = []
    monkeypatch.setattr(models, "get_model", lambda name, weights: fetched.append((name, weights)))
    monkeypatch.setattr(download, "datasets", lambda study: [])
    download.fetch(study)
    assert fetched == [("resnet18", "DEFAULT")]


def test_without_a_connection_weights_are_named_in_one_line(study, tmp_path, monkeypatch):
    from sgdwalk.data import torchvision_compat  # noqa: F401
    from torchvision import models

    def fails(name, weights):
        raise OSError("no route\nto host")

    monkeypatch.setattr(models, "get_model", fails)
    monkeypatch.setattr(download, "datasets", lambda study: [])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"^resnet18: weights DEFAULT could not be downloaded \(no route to host\)$"):
        download.main("mixed")


def test_an_unknown_study_is_named_in_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="study = 'nowhere'"):
        download.main("nowhere")


def test_without_a_study_the_usage_is_printed(monkeypatch):
    monkeypatch.setattr("sys.argv", ["fetch"])
    with pytest.raises(SystemExit, match=r"^usage: python -m sgdwalk.study.download STUDY$"):
        runpy.run_path(download.__file__, run_name="__main__")
