"""figures.yaml: sources, captions and widths of a study's figures."""

import pytest
from sgdwalk.study import figure_specs
from sgdwalk.study.validation import ConfigError
from study_files import refused

FIGURE = {
    "a module without a figure": (
        "tail_panels: {caption: c, data: {}}",
        "figure = 'tail_panels'.*fig1.*fig8",
    ),
    "a list for one source": ("fig2: {caption: c, data: {base: [msd/r]}}", "fig2.base = .'msd/r'.: must be one source"),
    "one source for a list": (
        "fig3: {caption: c, data: {runs: msd/r}}",
        "fig3.runs = 'msd/r': must be a list of sources",
    ),
    "another file than the role says": (
        "fig6: {caption: c, data: {path: msd/r, msl: msl/r}}",
        "fig6.path = 'msd/r': must be path/RUN$",
    ),
    "another file in a list": (
        "fig4: {caption: c, data: {runs: [msd/r], training: [msd/r]}}",
        "fig4.training = 'msd/r': must be training/RUN",
    ),
    "another file than the figure says": (
        "fig1: {caption: c, data: {surface: msd/r}}",
        "surface = 'msd/r': must be land",
    ),
    "another file for the base run": (
        "fig2: {caption: c, data: {base: path/r}}",
        "fig2.base = 'path/r': must be msd/RUN",
    ),
    "a run for a toy surface": (
        "fig8: {caption: c, data: {fractal: msd/r, random: toy/random, convex: toy/convex}}",
        "fig8.fractal = 'msd/r': must be toy/fractal$",
    ),
    "another toy surface": (
        "fig8: {caption: c, data: {fractal: toy/convex, random: toy/random, convex: toy/convex}}",
        "fig8.fractal = 'toy/convex': must be toy/fractal$",
    ),
    "another sampler": (
        "limiting_regression: {caption: c, data: {independent: regression/shuffled-epochs, shuffled: null}}",
        "independent = 'regression/shuffled-epochs': must be regression/independent$",
    ),
    "a run for a group": ("ensembles: {caption: c, data: {groups: [msd/r]}}", "'msd/r': must be ensemble/GROUP$"),
    "lists of unlike runs": (
        "fig4: {caption: c, data: {runs: [msd/r], training: []}}",
        "fig4.training: must list the same runs as runs .only in one: r.$",
    ),
    "one list without the other": (
        "fig4: {caption: c, data: {runs: null, training: [training/r]}}",
        "fig4.training: must list the same runs as runs",
    ),
    "more runs than panels": (
        "fig2_others: {caption: c, data: {runs: [msd/r, msd/r, msd/r, msd/r, msd/r, msd/r, msd/r]}}",
        "fig2_others.runs = 7 sources: must be at most 6$",
    ),
    "another width": (
        "fig6: {caption: c, width: full, data: {path: path/r, msl: msl/r}}",
        "figures.yaml: fig6.width = 'full': must be one of single, double$",
    ),
    "two for one panel": (
        "fig2: {caption: c, data: {base: msd/r, long: msd/r, whole: long_msd/r}}",
        "fig2.whole = 'long_msd/r': must be empty beside long$",
    ),
}


@pytest.mark.parametrize("case", FIGURE)
def test_sources_that_a_role_does_not_take_are_refused(case, study):
    text, message = FIGURE[case]
    refused(study, message, figures=text + "\n")


@pytest.mark.parametrize("constants", ["", 'ROLES = {"base": "msd"}\n'])
def test_a_figure_that_does_not_say_which_file_a_role_takes_is_named(constants, tmp_path):
    (tmp_path / "mine.py").write_text(f"{constants}\n\ndef draw(base, other=None):\n    pass\n")
    with pytest.raises(ConfigError, match=r"mine.py: ROLES must say which file the role '(base|other)' of draw takes$"):
        figure_specs.signature(tmp_path / "mine.py")


def test_a_figure_is_as_wide_as_a_page_unless_its_study_says_otherwise(study):
    text = "fig6: {caption: c, data: {path: path/r, msl: msl/r}}\nfig7: {caption: c, width: single, data: {hessian: null}}\n"
    figures = study(figures=text).figures
    assert {name: spec["width"] for name, spec in figures.items()} == {"fig6": "double", "fig7": "single"}


@pytest.mark.parametrize(
    ("data", "lacking"),
    [
        ({"base": "msd/r", "window": "msd/r", "whole": "long_msd/r"}, ""),
        (
            {"base": "msd/r", "window": None, "long": "msd/r"},
            " Not in this study: a run with windows of another length.",
        ),
        ({"base": None, "window": "msd/r", "long": "msd/r"}, " Not in this study: the base run."),
    ],
)
def test_a_caption_names_what_the_study_lacks(data, lacking):
    assert figure_specs.caption("fig2", {"caption": "Walks.\n", "data": data}) == f"Walks.{lacking}"


def test_a_role_may_be_null(study):
    assert study(figures="fig6: {caption: c, data: {path: path/r, msl: null}}\n").figures["fig6"]["data"]["msl"] is None
