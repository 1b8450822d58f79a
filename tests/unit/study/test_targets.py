"""Files that a command line asks for."""

import pytest
from sgdwalk.study.targets import check_targets
from sgdwalk.study.validation import ConfigError

TARGETS = {
    "a run": ("results/s/runs/x/msd.nc", "no run 'x' in this study .there are: r."),
    "a file of a run": ("results/s/runs/r/mds.nc", r"is not made .made there: training.nc, .*msd.nc.*hessian.nc"),
    "a file of a child": ("results/s/runs/r/modes.nc", "is not made .made there: training.nc"),
    "layers that are not recorded": ("results/s/runs/r/layers/msd.nc", "is not made"),
    "a figure": ("results/s/figures/fig9.pdf", "is not made .made there: fig6.pdf, fig6.svg, fig6.png."),
    "a format": ("results/s/figures/fig6.jpg", "is not made .made there: fig6.pdf, fig6.svg, fig6.png."),
    "a surface": (
        "results/s/toy/hill.nc",
        "is not made .made there: fractal.nc, random.nc, convex.nc, cone.nc, flat.nc, phases.nc.",
    ),
    "a group": ("results/s/ensembles/r.nc", "is not made .made there: summary.csv, "),
    "a table": ("results/s/summary.tsv", "is not made .made there: summary.csv, claims.csv"),
    "another study": ("results/other/runs/x/msd.nc", "is of study 'other', not 's': add --config study=other$"),
}


@pytest.mark.parametrize("case", TARGETS)
def test_a_file_that_the_study_does_not_make_is_refused_with_what_there_is(case, study, tmp_path):
    target, message = TARGETS[case]
    read = study(figures="fig6: {caption: c, data: {path: path/r, msl: msl/r}}\n")
    (tmp_path / "config" / "other").mkdir()
    (tmp_path / "config" / "other" / "config.yaml").touch()
    with pytest.raises(ConfigError, match=f"{target}: {message}"):
        check_targets(read, ["-n", target], tmp_path / "config")


@pytest.mark.parametrize("place", [".", "{here}", "results/.."])
def test_a_file_may_be_asked_for_by_any_path(place, study, tmp_path):
    read = study(figures="fig6: {caption: c, data: {path: path/r, msl: msl/r}}\n")
    results = f"{place.format(here=tmp_path)}/results/s"
    check_targets(read, [f"{results}/figures/fig6.pdf", f"{results}/.", f"{results}//", ""], tmp_path / "config")
    with pytest.raises(ConfigError, match=r"results/s/figures/fig9.pdf: is not made .made there: fig6.pdf"):
        check_targets(read, [f"{results}/figures/fig9.pdf"], tmp_path / "config")


def test_files_that_the_study_makes_and_files_elsewhere_can_be_asked_for(study, tmp_path):
    read = study(figures="fig6: {caption: c, data: {path: path/r, msl: msl/r}}\n")
    made = ("runs/r/msd.nc", "runs/r/hessian.nc", "runs/r/checkpoints", "runs/r/check.csv", "runs/r/snapshots.nc")
    made += ("summary.csv", "figures/fig6.svg", "toy/convex.nc", "toy/phases.nc", "regression/independent.nc")
    elsewhere = ("results/mine.html", "results/others/plot.pdf", "plots/s/runs/x/msd.nc", "train", "results")
    elsewhere += ("--report", "results/s/runs/report.html")
    check_targets(read, [*(f"results/s/{name}" for name in made), *elsewhere], tmp_path / "config")
