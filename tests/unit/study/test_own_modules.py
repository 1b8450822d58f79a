"""Modules of the user's own in a study: what is made of them, and what is refused in one line before any work."""

import re
import sys

import pytest
from sgdwalk.study.figure_specs import caption
from sgdwalk.study.load import load_study
from sgdwalk.study.targets import check_targets
from sgdwalk.study.validation import ConfigError

ANALYSIS = """\
from nowhere import nothing  # a module is not imported

CONTRACT = Contract("turning", {})
SETTINGS = {"longest": {"minimum": 1}}
MINUTES = 3


def compute(distances, *, longest: int = 20, weighted: bool = False, shares: tuple = (0.5, 1)):
    pass
"""
OTHERS = {
    "ratio.py": "CONTRACT = contract_of(msd)\n\n\ndef compute(turning, msd, hessian):\n    pass\n",
    "network.py": "CONTRACT: C = Contract(name='network')\n\n\ndef compute(checkpoints, *, run, images: int = 5):\n    pass\n",
    "plot.py": "ROLES = {'a': 'turning', 'b': 'msd'}\nABSENT = {'b': 'a walk'}\n\n\ndef draw(a, b=None):\n    pass\n",
}
CONFIG = """\
training: {model: mlp3, steps: 100, window: 20}
own: {analyses: [mine.turning, mine.ratio, mine.network], figures: [mine.plot]}
"""
FIGURES = "plot:\n  caption: Mine.\n  data: {a: turning/r}\n"
RUNS = "run\tanalyses\twalk\nr\t\t\nh\thessian\t\nw\t\twalk.nc\n"


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A function that writes a study and its modules, with changes, and reads it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "walk.nc").touch()
    (tmp_path / "mine" / "sub").mkdir(parents=True)
    (tmp_path / "config" / "s").mkdir(parents=True)

    def read(config=CONFIG, figures=FIGURES, **modules):
        own = {"turning.py": ANALYSIS, **OTHERS} | {f"{name}.py": text for name, text in modules.items()}
        files = {f"mine/{name}": text for name, text in own.items()}
        files |= {"config/s/config.yaml": config, "config/s/figures.yaml": figures, "config/s/runs.tsv": RUNS}
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        return load_study("s", tmp_path / "config")

    return read


def test_an_analysis_has_settings_files_and_requests_like_the_others(study):
    read = study(CONFIG + "turning: {longest: 50}\n")
    assert read.settings["turning"] == {"longest": 50, "weighted": False, "shares": [0.5, 1]}
    assert read.settings["network"] == {"images": 5}
    turning, ratio, network = read.own.analyses
    assert (turning.reads, turning.writes, turning.module, turning.minutes) == (
        ("distances",),
        "turning",
        "mine.turning",
        3,
    )
    assert (turning.network, network.network) == (False, True)
    assert ratio.reads == ("turning", "msd", "hessian")
    assert "mine" not in sys.modules


def test_an_analysis_is_made_of_the_runs_that_have_what_it_reads(study):
    read = study()
    assert {run: read.own.made(read.analyses(run)) for run in "rw"} == {"r": ("turning",), "w": ("turning",)}
    assert [{"turning", "ratio", "network"} & {*read.analyses(run)} for run in "rhw"] == [
        {"turning", "network"},
        {"turning", "network", "ratio"},
        {"turning"},
    ]
    check_targets(read, ["results/s/runs/h/ratio.nc", "results/s/figures/plot.pdf"], None)
    with pytest.raises(ConfigError, match=r"runs/r/ratio\.nc: is not made"):
        check_targets(read, ["results/s/runs/r/ratio.nc"], None)


def test_a_figure_has_roles_and_a_caption_like_the_others(study):
    read = study()
    assert caption("plot", read.figures["plot"], read.own.signatures) == "Mine. Not in this study: a walk."
    assert read.own.figures["plot"].module == "mine.plot"
    assert read.own.modules(["turning", "msd"]) == ["mine.turning"]


REFUSED = {
    "no module": (
        {"config": "own: {analyses: [mine.nothing]}"},
        r"own\.analyses = 'mine\.nothing': no module 'mine\.nothing' in /",
    ),
    "no package": (
        {"config": "own: {figures: [nopackage.x]}"},
        r"own\.figures = 'nopackage\.x': no module 'nopackage\.x' in /",
    ),
    "no contract": (
        {"turning": "def compute(distances): pass"},
        r"own\.analyses = 'mine\.turning': no CONTRACT in /.*turning\.py$",
    ),
    "no compute": ({"turning": "CONTRACT = 1"}, r"'mine\.turning': no function compute in /.*turning\.py$"),
    "no draw": ({"plot": "ROLES = {}"}, r"own\.figures = 'mine\.plot': no function draw in /.*plot\.py$"),
    "a role without a file": (
        {"plot": "def draw(a): pass"},
        "own.figures = 'mine.plot': .*ROLES must say which file the role 'a'",
    ),
    "not Python": ({"turning": "def compute(:"}, r"'mine\.turning': /.*turning\.py is not valid Python: .*line 1"),
    "a name of the project": (
        {"config": "own: {analyses: [mine.msd]}", "msd": ANALYSIS},
        "mine.msd': the name 'msd' is taken: rename",
    ),
    "a name of a rule": (
        {"config": "own: {analyses: [mine.train]}", "train": ANALYSIS},
        "mine.train': the name 'train' is taken",
    ),
    "a name of a section": (
        {"config": "own: {analyses: [mine.title]}", "title": ANALYSIS},
        "the name 'title' is taken",
    ),
    "a figure of the project": (
        {"config": "own: {figures: [mine.fig2]}", "fig2": OTHERS["plot.py"]},
        "the name 'fig2' is taken",
    ),
    "one name twice": (
        {"config": "own: {analyses: [mine.turning, mine.sub.turning]}", "sub/turning": ANALYSIS},
        "own.analyses = 'mine.sub.turning': the name 'turning' is taken: rename the module",
    ),
    "a module that is no package": (
        {"config": "own: {analyses: [mine.turning.x]}"},
        "own.analyses = 'mine.turning.x': no module 'mine.turning.x' in",
    ),
    "another contract": (
        {"turning": ANALYSIS.replace('"turning"', '"turn"')},
        "'mine.turning': CONTRACT is named 'turn': must be 'turning', as its module",
    ),
    "an unknown file": (
        {"turning": ANALYSIS.replace("distances,", "distance,")},
        r"'mine\.turning': compute reads 'distance': must be a file of a run \(training, distances, ",
    ),
    "nothing to read": ({"turning": ANALYSIS.replace("distances, ", "")}, "'mine.turning': compute reads ''"),
    "a file of an analysis below": (
        {"config": "own: {analyses: [mine.ratio, mine.turning]}"},
        "'mine.ratio': compute reads 'turning': must be",
    ),
    "a setting without a default": (
        {"turning": ANALYSIS.replace(" = 20", "")},
        "compute's setting 'longest' must have a default that is a plain value",
    ),
    "a run for an analysis without a network": (
        {"turning": ANALYSIS.replace("*, ", "*, run, ")},
        "compute reads no checkpoints: must not have a keyword argument 'run'",
    ),
    "no run for an analysis of a network": (
        {"network": OTHERS["network.py"].replace("run, ", "")},
        "compute reads checkpoints: must have a keyword argument 'run'",
    ),
    "settings that are no mapping": (
        {"turning": ANALYSIS.replace('{"longest": {"minimum": 1}}', '["longest"]')},
        r"SETTINGS = \['longest'\]: must be like {'lag': {'minimum': 1}}",
    ),
    "a limit that is none": ({"turning": ANALYSIS.replace(": 1}", ": 'x'}")}, "SETTINGS: 'x' is not of type 'number'"),
    "a default beyond its limits": (
        {"turning": ANALYSIS.replace("= 20", "= 0")},
        "default: longest = 0: must be at least 1",
    ),
    "a request that is no number": (
        {"turning": ANALYSIS.replace("MINUTES = 3", "MINUTES = 'x'")},
        "MINUTES = 'x': must be a number above 0",
    ),
    "a constant that is computed": (
        {"turning": ANALYSIS.replace("MINUTES = 3", "MINUTES = 2 * HALF")},
        "MINUTES must be a plain value, as it is read without an import",
    ),
    "limits of no setting": (
        {"turning": ANALYSIS.replace('{"longest"', '{"lag"')},
        r"SETTINGS: compute has no setting 'lag' \(it has: longest, weighted, shares\)",
    ),
    "a value that is not allowed": (
        {"config": CONFIG + "turning: {longest: 0}"},
        "turning.longest = 0: must be at least 1",
    ),
    "a value of another type": (
        {"config": CONFIG + "turning: {longest: x}"},
        "turning.longest = 'x': must be of type integer",
    ),
    "an unknown setting": (
        {"config": CONFIG + "turning: {lag: 1}"},
        "unknown key 'lag' in turning .allowed: longest, shares",
    ),
    "settings of what is not named": ({"config": "turning: {lag: 1}"}, "unknown key 'turning'"),
    "no list": ({"config": "own: {analyses: mine.turning}"}, "own.analyses = 'mine.turning': must be of type array"),
    "a path": (
        {"config": "own: {analyses: [mine/turning.py]}"},
        "own.analyses.0 = 'mine/turning.py': must be package.module",
    ),
    "an unknown key": ({"config": "own: {tables: []}"}, "unknown key 'tables' in own .allowed: analyses, figures"),
    "a source that is not made": ({"figures": FIGURES.replace("turning/r", "turning/x")}, "no run 'x' in this study"),
    "another file": ({"figures": FIGURES.replace("turning/r", "msd/r")}, "plot.a = 'msd/r': must be turning/RUN"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_is_named_in_one_line(case, study):
    changes, message = REFUSED[case]
    with pytest.raises(ConfigError) as caught:
        study(**changes)
    assert "\n" not in str(caught.value)
    assert re.search(message, str(caught.value)), caught.value
