"""Bad settings are refused before any work, in one line that names key, value and what is allowed.

The cases call what the Snakefile calls first; that it does, and what Snakemake prints, is seen in whole processes below.
"""

import re
import shutil
from pathlib import Path

import pytest
from sgdwalk.study.load import check_packages, load_study
from sgdwalk.study.targets import check_targets
from sgdwalk.study.validation import ConfigError
from studies import ROOT, a_walk, snakemake

CONFIG, RUNS, FIGURES = "config/tiny/config.yaml", "config/tiny/runs.tsv", "config/tiny/figures.yaml"


def replaced(path, old, new):
    """A change to one file of the study."""

    def change(folder):
        text = (folder / path).read_text()
        assert old in text
        (folder / path).write_text(text.replace(old, new, 1))

    return change


def removed(path):
    return lambda folder: (folder / path).unlink()


def row(text):
    """One more row in runs.tsv with columns run, seed and whatever the text names, as key=value pairs."""

    def change(folder):
        cells = dict(pair.split("=", 1) for pair in text.split(";"))
        path = folder / RUNS
        lines = path.read_text().splitlines()
        header = lines[1].split("\t")
        header += [key for key in cells if key not in header]
        lines[1] = "\t".join(header)
        path.write_text("\n".join([*lines, "\t".join(cells.get(key, "") for key in header)]) + "\n")

    return change


CASES = {
    "unknown key in config": (replaced(CONFIG, "title:", "titel: x\ntitle:"), "unknown key 'titel'.*allowed: base"),
    "unknown key in a section": (
        replaced(CONFIG, "{realisations: 10}", "{realizations: 10}"),
        "'realizations' in dimension.*allowed: .*realisations",
    ),
    "unknown key in training": (
        replaced(CONFIG, "model: mlp3", "modell: mlp3"),
        "unknown key 'modell' in training.*model",
    ),
    "unknown key in runs.tsv": (replaced(RUNS, "\tlr\t", "\tlearning\t"), "unknown key 'learning'.*lr"),
    "spaces between columns": (
        replaced(RUNS, "run\tseed", "run   seed"),
        "separated by tabs, not by spaces: 'run   seed'",
    ),
    "unknown model": (row("run=x;model=resnet15"), "model = 'resnet15': must be one of resnet14"),
    "pretrained weights with another initialisation": (
        row("run=x;model=torchvision:resnet18:DEFAULT;init=kaiming"),
        "init = 'kaiming': must be auto or pytorch beside pretrained weights",
    ),
    "a network in no package": (
        row("run=x;model=nopackage.nets:build"),
        "runs.tsv: model = 'nopackage.nets:build' of run 'x': no package 'nopackage' in ",
    ),
    "a loader in no package": (
        row("run=x;dataset=nopackage:load"),
        "dataset = 'nopackage:load' of run 'x': no package",
    ),
    "unknown data set": (row("run=x;dataset=cifar11"), "dataset = 'cifar11': must be one of digits"),
    "unknown loss": (row("run=x;loss=hinge"), "loss = 'hinge': must be one of cross-entropy"),
    "unknown optimiser": (row("run=x;optimiser=lion"), "optimiser = 'lion': must be one of sgd"),
    "lr zero": (row("run=x;lr=0"), "lr = 0: must be above 0"),
    "lr negative": (row("run=x;lr=-0.1"), r"lr = -0.1: must be above 0"),
    "lr no number": (row("run=x;lr=fast"), "lr = 'fast': must be of type number"),
    "lr not finite": (row("run=x;lr=nan"), "lr = nan: must be a finite number"),
    "lr that YAML reads as text": (
        replaced(CONFIG, "model: mlp3", "lr: 1e-3\n  model: mlp3"),
        "training.lr = '1e-3'.*write 0.001",
    ),
    "batch size zero": (row("run=x;batch_size=0"), "batch_size = 0: must be at least 1"),
    "batch size above the data": (row("run=x;batch_size=1598"), "batch_size = 1598: must be at most 1597"),
    "nesterov without momentum": (row("run=x;nesterov=true"), "nesterov = true: needs a momentum above 0"),
    "a subset above the data": (row("run=x;subset=1598"), "subset = 1598: must be at most 1597"),
    "batch size above the subset": (row("run=x;subset=20"), "batch_size = 32: must be at most 20"),
    "label noise above one": (row("run=x;label_noise=1.5"), "label_noise = 1.5: must be at most 1"),
    "unknown schedule": (row("run=x;schedule=linear"), "schedule = 'linear': must be one of constant, step, cosine"),
    "an anchor beyond the end": (
        row("run=x;record={anchors: [3, 120]}"),
        r"record.anchors = \[3, 120\]: must be below 120, the steps of the run",
    ),
    "an unknown key of record": (row("run=x;record={layer: true}"), "unknown key 'layer' in record.*layers"),
    "shorter windows of no run": (row("run=x;windows_of=bass;window=20"), "windows_of = 'bass': must be a run above"),
    "shorter windows that do not fit": (row("run=x;windows_of=base;window=30"), "window = 30: must divide 40"),
    "shorter windows of another lr": (row("run=x;windows_of=base;window=20;lr=1"), "lr = 1: must be empty beside"),
    "a parent that is not in the table": (
        row("run=x;parent=bass"),
        "parent = 'bass': must be a training above this row .base, other-seed, diverged, child, grandchild",
    ),
    "a parent below the row": (
        replaced(RUNS, "child\t3\t0.01\t\t\t\t\t\tbase", "child\t3\t0.01\t\t\t\t\t\tgrandchild"),
        "parent = 'grandchild': must be a training above this row .base, other-seed, diverged.",
    ),
    "a child of another network": (row("run=x;parent=base;model=mlp20"), "model = 'mlp20': must be 'mlp3' as of its"),
    "more images in a batch than the modes have": (
        row("run=x;parent=base;batch_size=128"),
        "modes.images = 96: must be at least 128, the batch_size of run 'x'",
    ),
    "epochs below one": (row("run=x;epochs=0"), "epochs = 0: must be at least 1"),
    "window longer than the run": (row("run=x;window=121"), "window = 121: must be at most 120"),
    "duplicate run names": (row("run=base"), "run = 'base': duplicate name"),
    "run name with a slash": (row("run=a/b"), "run = 'a/b': must be letters, digits"),
    "run name with a space": (row("run=a b"), "run = 'a b': must be letters, digits"),
    "unknown analysis": (row("run=x;analyses=hesian"), "analyses.0 = 'hesian': must be one of hessian"),
    "more cells than columns": (
        lambda f: (f / RUNS).write_text((f / RUNS).read_text() + "x\t" * 11 + "\n"),
        "12 cells for 10 columns",
    ),
    "a figure with an unknown run": (
        replaced(FIGURES, "msd/base", "msd/bass"),
        "msd/bass.*no run 'bass'.*base",
    ),
    "a figure with an analysis that is not made": (
        replaced(FIGURES, "hessian/base", "hessian/other-seed"),
        "'hessian' is not made for run 'other-seed'",
    ),
    "an unknown figure": (replaced(FIGURES, "fig2:", "fig22:"), "fig22.*must be one of.*fig2"),
    "a figure with an unknown role": (
        replaced(FIGURES, "base: msd/base", "bass: msd/base"),
        "fig2.data: unknown role 'bass'.*base",
    ),
    "a figure without a role": (replaced(FIGURES, "    base: msd/base\n", ""), "fig2.data: missing role 'base'.*base"),
    "an unknown base": (replaced(CONFIG, "base: base", "base: bass"), "base = 'bass': must be one of base"),
    "missing runs.tsv": (removed(RUNS), "runs.tsv: no such file"),
    "missing figures.yaml": (removed(FIGURES), "figures.yaml: no such file"),
    "a walk that does not exist": (
        row("run=x;walk=nowhere.nc"),
        "walk = 'nowhere.nc': must be a file or folder that exists",
    ),
    "an npz that does not exist": (
        row("run=x;dataset=npz;path=no.npz"),
        "path = 'no.npz': must be a file or folder that exists",
    ),
    "an image folder that does not exist": (
        row("run=x;dataset=image-folder;path=no"),
        "path = 'no': must be a file or folder that exists",
    ),
}


@pytest.fixture
def studies(tmp_path, monkeypatch):
    """The current folder, with all studies and the tiny one."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    shutil.copytree(ROOT / "tests" / "config" / "tiny", tmp_path / "config" / "tiny")
    a_walk(tmp_path / "walk.nc")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(study, arguments):
    """What the Snakefile calls first."""
    found = load_study(study, Path("config"))
    check_targets(found, arguments, Path("config"))
    check_packages(found, Path("config"))


def refused(message, *arguments, study="tiny"):
    """The study of the current folder is refused in one line."""
    with pytest.raises(ConfigError) as caught:
        read(study, arguments)
    said = str(caught.value)
    assert "\n" not in said
    assert re.search(message, said), said


@pytest.mark.parametrize("case", CASES)
def test_bad_input(case, studies):
    change, message = CASES[case]
    change(studies)
    refused(message)


@pytest.mark.parametrize("study", ["nowhere", 3, "", None])
def test_unknown_study(study, studies):
    name = "" if study is None else study
    here = ", ".join(sorted(path.parent.name for path in studies.glob("config/*/config.yaml")))
    assert "tiny" in here
    place = f"config/{name}/config.yaml" if name else "config/config.yaml"
    refused(f"study = '{name}': no {place} .studies here: {here}.$", study=study)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("results/tiny/runs/nosuch/msd.nc", "no run 'nosuch' in this study .there are: base, other-seed"),
        ("results/tiny/figures/fig99.pdf", "is not made .made there: fig1.pdf, fig1.svg, fig1.png"),
        ("results/tiny/figures/fig2.jpg", "is not made .made there: fig1.pdf, fig1.svg, fig1.png"),
        ("results/digits/figures/fig2.pdf", "is of study 'digits', not 'tiny': add --config study=digits"),
    ],
)
def test_a_requested_file_that_is_not_made(studies, target, message):
    refused(f"^{re.escape(target)}: {message}", "--cores", "1", target)


def test_yaml_that_does_not_parse(studies):
    (studies / CONFIG).write_text("title: [\n")
    refused(r"config/tiny/config.yaml: not valid YAML: .*line \d+")


PROCESSES = {
    # what is changed, the study and further arguments of the command line, what is said
    "a setting": (row("run=x;lr=0"), ("--config", "study=tiny"), "lr = 0: must be above 0"),
    "a network in no package": (row("run=x;model=nopackage:build"), ("--config", "study=tiny"), "no package 'nopack"),
    "a target": (None, ("results/tiny/runs/nosuch/msd.nc", "--config", "study=tiny"), "no run 'nosuch' in this study"),
    "a study that is a number": (None, ("--config", "study=3"), "study = '3': no config/3/config.yaml"),
    "a key on the command line": (None, ("--config", "sutdy=tiny"), "unknown key 'sutdy'.*allowed: study"),
}


@pytest.mark.parametrize("case", PROCESSES)
def test_snakemake_stops_at_once_prints_it_in_one_line_and_leaves_no_results(case, fresh):
    change, arguments, message = PROCESSES[case]
    if change:
        change(fresh)
    done = snakemake(fresh, "--cores", "1", *arguments)
    assert done.returncode != 0
    printed = done.stdout + done.stderr
    assert len([line for line in printed.splitlines() if re.search(message, line)]) == 1, printed[-2000:]
    assert "Traceback" not in printed
    assert not (fresh / "results").exists()


def test_top_configuration_that_does_not_parse(fresh):
    (fresh / "config/config.yaml").write_text("study: [\n")
    done = snakemake(fresh, "-n", study="")
    assert done.returncode != 0
    assert "Config file is not valid JSON or YAML" in done.stdout + done.stderr
