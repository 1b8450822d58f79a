"""Figures drawn by hand: the same bytes as the workflow's, whatever the user's settings; what is wrong is named."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
import sgdwalk
from sgdwalk.analyses import msd
from sgdwalk.jobs import draw as job
from sgdwalk.storage import netcdf, provenance
from walks import distances_of, fbm

RUN = {"run": "walk", "walk": "walk.nc", "window": 60}
MINE = {"text.usetex": True, "savefig.facecolor": "black", "savefig.bbox": "tight", "axes.grid": True, "font.size": 20}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """msd.nc of a walk."""
    path = tmp_path_factory.mktemp("drawn") / "msd.nc"
    rng = np.random.default_rng(0)
    distances = distances_of(*(fbm(0.5, 60, 20, rng) for _ in range(3)))
    stamp = provenance.attributes({}, "code", "walk", 0, RUN)
    netcdf.write(msd.compute(distances, copies=10), path, msd.CONTRACT, stamp)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("width", ["single", "double"])
def test_a_figure_drawn_by_hand_has_the_bytes_of_the_workflow(width, measured, tmp_path):
    outputs = [tmp_path / f"job.{suffix}" for suffix in ("svg", "png", "pdf")]
    job.draw_files("fig2", {"base": str(measured), "window": None}, [str(output) for output in outputs], width)
    with matplotlib.rc_context(MINE):
        drawn = sgdwalk.draw("fig2", base=sgdwalk.read(measured), width=width)
        for output in outputs:
            drawn.savefig(output.with_stem("mine"))
            assert output.with_stem("mine").read_bytes() == output.read_bytes()


@pytest.mark.slow
def test_a_notebook_shows_the_figure(measured):
    assert sgdwalk.draw("fig2", base=measured)._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"figure": "fig9"}, r"^figure = 'fig9': must be one of curvature, ensembles, fig1, fig1_checks, fig2, "),
        ({"figure": "fig2", "base": None, "width": "full"}, r"^width = 'full': must be one of single, double$"),
        ({"figure": "fig2", "bass": None}, r"^fig2: unknown role 'bass' \(its roles: base, window, long, whole\)$"),
        ({"figure": "fig6", "path": None}, r"^fig6: missing role 'msl' \(its roles: path, msl\)$"),
    ],
)
def test_what_cannot_be_drawn_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        sgdwalk.draw(**arguments)


def test_all_figures_are_found_without_importing_them():
    from sgdwalk.study.figure_specs import figure_signatures

    assert job.figures() == sorted(figure_signatures())


@pytest.mark.slow
def test_drawing_needs_no_torch():
    command = "import sys, sgdwalk; sgdwalk.draw('fig2', base=None); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command]).returncode == 0
