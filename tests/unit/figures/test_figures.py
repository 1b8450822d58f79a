import importlib
import io
import json

import matplotlib
import numpy as np
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from sgdwalk.figures import style
from sgdwalk.storage import contracts, netcdf

FIGURES = [*(f"fig{k}" for k in range(1, 9)), "ensembles"]
SIZES = {
    "window": 4, "lag": 30, "fit": 4, "bin": 16, "tail_bin": 16, "rival": 3, "fragment": 12, "step": 60, "epoch": 3,
    "rank": 5, "scale": 6, "box": 3, "control": 4, "x": 12, "y": 12, "zoom_x": 12, "zoom_y": 12, "walker": 6,
    "axis": 2, "stage": 3, "gradient_bin": 15, "run": 2, "avalanche": 2, "anchor": 2, "layer": 3, "tracked": 5, "probability": 9, "law": 4,
}  # fmt: skip
LAG = np.arange(1, 31)
SPREAD = {"": 1.0, "_low": 0.9, "_high": 1.1}


def build(contract, attributes=None, **values):
    """A small data set of a contract: what is not given is noise around 1."""
    rng = np.random.default_rng(0)
    data = xr.Dataset(attrs={"run": "walk-a", "contract": contract} | (attributes or {}))
    found = netcdf.find(contract)
    for name, spec in found.variables.items():
        shape = tuple(len(values[dim]) if np.ndim(values.get(dim)) == 1 else SIZES[dim] for dim in spec.dims)
        default = np.arange(shape[0]) if spec.dims == (name,) else rng.uniform(0.5, 1.5, shape)
        value = np.asarray(values.get(name, default))
        value = np.broadcast_to(value, shape) if value.shape != shape else value
        data[name] = (spec.dims, value.copy())
    data = data.set_coords([n for n in ("window_start", "epoch_step") if n in data])
    contracts.check(data, found)
    return contracts.named(data, found)


def with_interval(name, value):
    return {name + end: np.asarray(value) * factor for end, factor in SPREAD.items()}


STARTS = {"window_start": np.arange(4) * 30}


def msd(run="walk-a", exponent=1.2, windows=(), **more):
    """MSD file of a run whose `windows` are lost."""
    curve = LAG**exponent * np.arange(4, 0, -1)[:, None]
    data = build(
        "msd", {"run": run}, **STARTS, lag=LAG, fit=["paper", "short", "long", "whole"], msd=curve,
        independent_pairs=100 / LAG, supported=LAG <= 10, first_lag=4, last_lag=24, **with_interval("exponent", exponent),
        **with_interval("crossover_lag", 4.0), **more,
    )  # fmt: skip
    for name in (n for n in data.data_vars if data[n].dims[:1] == ("window",)):
        data[name][list(windows)] = np.nan
    return data


def training(run, depth=14, batch_size=32, shortcut=True, lr=0.1, diverged=-1, dataset="digits"):
    built = {name: value for name, value in {"depth": depth, "shortcut": shortcut}.items() if value is not None}
    model = {"factory": "resnet", "arguments": built}
    settings = {"run": run, "dataset": dataset, "lr": lr, "batch_size": batch_size, "model_spec": model, "seed": 0}
    return build("training", {"run": run, "settings": json.dumps(settings)}, diverged_step=diverged)


def landscape(loss=None):
    x, zoom = np.linspace(-1, 1, 12), np.linspace(-0.1, 0.1, 12)
    bowl = np.exp(4 * (x[:, None] ** 2 + x**2)) if loss is None else loss
    run = {"path_x": [0.4, 0.2, 0], "path_y": [0.4, 0.1, 0], "path_share": [0.1, 0.2, np.nan]}
    return build("landscape", x=x, y=x, zoom_x=zoom, zoom_y=zoom, loss=bowl, **run)


def dimension(status="ok"):
    value = 2.3 if status == "ok" else np.nan
    scale = np.arange(1.0, 7)
    return build(
        "dimension", scale=scale, variogram=scale**1.4 * value, status=status, fit_scale_low=1, fit_scale_high=6,
        control=["bowl", "fractional 2.2", "fractional 2.5", "fractional 2.8"], **with_interval("dimension", value),
    )  # fmt: skip


def tails(lost=False, **more):
    rivals = ["gaussian", "laplace", "student-t", "mixture"]
    bins = {"bin": np.linspace(-12, 12, 16), "tail_bin": np.geomspace(1e-2, 1e4, 16)}
    alpha = with_interval("alpha", np.full(4, np.nan) if lost else np.array([np.nan, 1.2, 1.3, 1.4]))
    views = dict(more)
    for name in ("time_alpha", "layer_alpha", "mean_alpha", "noise_alpha") if lost else ():
        views |= with_interval(name, np.nan)
    if lost:
        views["log_likelihood_ratio"] = np.nan
    return build("tails", **STARTS, status="ok", rival=rivals, law=["stable", *rivals[:3]], **bins, **alpha, **views)


def path(lost=False):
    length = np.geomspace(0.1, 10, 16)
    factor = np.nan if lost else 1.0
    return build(
        "path", **STARTS, fit=["short", "long"], contour_length=length * factor, crossover_length=1.0,
        end_to_end2=length**1.5 * factor, pairs=np.arange(16) * 8.0, end_to_end2_null=length * factor, exponent_null=1.0, **with_interval("exponent", 1.5),
        transverse2=np.geomspace(0.1, 1, 12) * factor,
    )  # fmt: skip


def msl(lost=False):
    distance = np.geomspace(0.1, 10, 16)
    factor = np.nan if lost else 1.0
    return build(
        "msl", **STARTS, fit=["short", "long", "whole"], distance=distance, msl=distance * factor,
        count=np.arange(16) * 8.0, crossover_distance=1.0, **with_interval("exponent", -1.0),
    )  # fmt: skip


def toy(exponent=1.5, side=12):
    rng = np.random.default_rng(1)
    side = np.linspace(-1, 1, side)
    return build(
        "toy", x=side, y=side, axis=["x", "y"], stage=["descent", "basin", "whole"], lag=LAG, msd=LAG**1.5,
        **with_interval("exponent", [exponent, np.nan, 1.0]), fit_lag_low=1, fit_lag_high=20, status="ok",
        position=rng.uniform(-1, 1, (6, 60, 2)), entry=[0, 10, 30, 60, 60, 40], gradient_bin=np.linspace(-3, 3, 15),
    )  # fmt: skip


def ensemble(lost=False):
    factor = np.nan if lost else 1.0
    return build(
        "ensemble", **STARTS, lag=LAG, fit=["paper", "short", "long", "whole"], run=["walk-a", "walk-b"],
        ergodicity_breaking=np.full(30, factor), mean_time_averaged=LAG * factor,
        **with_interval("exponent", 1.2 * factor),
    )  # fmt: skip


RUNS = [msd("walk-a"), msd("walk-b", 0.8, windows=[0, 3]), msd("walk-c", windows=range(4))]
TRAINING = [training("walk-a"), training("walk-b", 20, 64, False, 0.3), training("walk-c", 20, lr=0.5, diverged=7)]
LOST = RUNS[2]
BY_RATE = {"runs": RUNS, "training": TRAINING}
WHOLE = {
    "fig1": {"surface": landscape(), "dimension": dimension()},
    "fig2": {"base": RUNS[0], "window": RUNS[1], "long": None, "others": RUNS[1:], "whole": build("long_msd")},
    "fig3": BY_RATE,
    "fig4": BY_RATE,
    "fig5": {"tails": tails(), "fluctuations": build("fluctuations")},
    "fig6": {"path": path(), "msl": msl()},
    "fig7": {"hessian": [build("hessian", converged=[0, 1, 1, 0, 1]), build("hessian", eigenvalue=-1.0)]},
    "fig8": {"fractal": toy(), "random": toy(np.nan), "convex": toy()},
    "ensembles": {"groups": [ensemble()]},
}
EMPTY = {
    "fig1": {"surface": landscape(np.nan), "dimension": dimension("not finite")},
    "fig2": {"base": LOST, "window": LOST, "others": [LOST], "whole": build("long_msd").isel(lag=slice(0))},
    "fig3": {"runs": [LOST], "training": TRAINING},
    "fig4": {"runs": [LOST], "training": TRAINING},
    "fig5": {
        "tails": tails(lost=True),
        "fluctuations": build("fluctuations", loss_change=np.nan, moving_variance=np.nan),
    },
    "fig6": {"path": path(lost=True), "msl": msl(lost=True)},
    "fig7": {"hessian": [build("hessian", eigenvalue=np.nan)]},
    "fig8": {"fractal": toy(np.nan), "random": toy(np.nan), "convex": toy(np.nan)},
    "ensembles": {"groups": [ensemble(lost=True)]},
}


def draw(figure, data):
    with matplotlib.rc_context(style.RC):
        return importlib.import_module(f"sgdwalk.figures.{figure}").draw(**data)


def svg(figure, data):
    """The figure, and its SVG as the workflow saves it."""
    drawn, file = draw(figure, data), io.BytesIO()
    with matplotlib.rc_context(style.RC):
        drawn.savefig(file, format="svg", metadata={"Date": None})
    return drawn, file.getvalue()


def words(drawn):
    return [text.get_text() for axes in drawn.axes for text in axes.texts]


@pytest.mark.parametrize("figure", FIGURES)
def test_same_bytes_and_labelled_axes(figure):
    drawn, first = svg(figure, WHOLE[figure])
    assert first == svg(figure, WHOLE[figure])[1]
    for axes in drawn.axes:
        filled = axes.axison and (axes.lines or axes.collections or axes.images)
        if filled and axes.get_label() != "<colorbar>":
            assert axes.get_xlabel(), f"{figure}: a panel without a label below"
            named = [label.get_text() for label in axes.get_yticklabels() if label.get_text().isalpha()]
            assert axes.get_ylabel() or named, f"{figure}: a panel without a label at its side"


@pytest.mark.parametrize("figure", FIGURES)
def test_nothing_sticks_out_of_a_figure(figure):
    drawn = draw(figure, WHOLE[figure])
    with matplotlib.rc_context(style.RC):
        style.settle(drawn)
        inside = drawn.get_tightbbox(FigureCanvasAgg(drawn).get_renderer())
    assert inside.min.min() > 0
    assert (inside.max < drawn.get_size_inches()).all()


@pytest.mark.parametrize("figure", FIGURES)
def test_absent_runs_are_said_in_words(figure):
    nothing = dict.fromkeys(WHOLE[figure])
    drawn = draw(figure, nothing)
    assert any("not in this study" in text for text in words(drawn))
    lists = {role: [] for role, value in WHOLE[figure].items() if isinstance(value, list)}
    draw(figure, nothing | lists)


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_runs_without_finite_values_are_drawn(figure):
    svg(figure, EMPTY[figure])


def test_lost_windows_are_skipped_and_lost_runs_named():
    drawn = draw("fig2", WHOLE["fig2"])
    assert any(text.startswith("walk-c") for text in words(drawn))
    labels = [text.get_text() for text in drawn.axes[3].get_legend().get_texts()]
    assert labels == ["30: 0.80 [0.72, 0.88]", "60: 0.80 [0.72, 0.88]"]


def test_units_stand_on_the_axes():
    data = RUNS[0]
    assert style.name(data.lag) == "lag (steps)"
    assert style.name(data.msd) == "time-averaged MSD"
    assert style.name(build("msl").msl) == "mean squared loss difference (nat²)"


def test_a_power_law_is_drawn_through_the_curve():
    with matplotlib.rc_context(style.RC):
        _, panels = style.panels("a", 2)
        x = np.arange(1.0, 50)
        style.power_line(panels["a"], x, 3 * x**1.5, 1.5, (2, 20))
    drawn = panels["a"].lines[0]
    np.testing.assert_allclose(drawn.get_xdata(), [2, 20])
    np.testing.assert_allclose(drawn.get_ydata(), 3 * np.array([2, 20]) ** 1.5)


@pytest.mark.parametrize("figure", ["fig3", "fig4"])
def test_published_exponents_stand_beside_runs_of_their_data_set_alone(figure):
    def labels(dataset):
        data = {"runs": [RUNS[0]], "training": [training("walk-a", dataset=dataset)]}
        drawn = draw(figure, data)
        legends = [*drawn.legends, drawn.axes[0].get_legend()]
        return " ".join(text.get_text() for legend in legends for text in legend.get_texts())

    assert "Chen et al., CIFAR-10" in labels("cifar10")
    assert "Chen et al." not in labels("digits")


def test_published_exponents_are_drawn_where_they_belong():
    data = {"runs": [RUNS[0]], "training": [training("walk-a", dataset="cifar10")]}
    drawn = draw("fig3", data)
    grey = [line for line in drawn.axes[0].lines if line.get_color() == "0.6"]
    assert len(grey) == 24
    assert (128, 1.359) in [(line.get_xdata()[0], round(line.get_ydata()[0], 3)) for line in grey]


def test_bins_of_few_pairs_are_hollow():
    drawn = draw("fig6", WHOLE["fig6"])
    for panel in "bc":
        lines = [line for line in drawn.axes["abc".index(panel)].lines if line.get_marker() == "o"]
        sizes = {(line.get_markerfacecolor() == "white", len(line.get_xdata())) for line in lines}
        assert sizes == {(True, 3), (False, 13)}, panel


def test_shade_begins_where_any_window_has_too_few_pairs():
    with matplotlib.rc_context(style.RC):
        _, panels = style.panels("a", 2)
        style.unsupported(panels["a"], RUNS[0])
    assert panels["a"].patches[0].get_x() == 11


def test_a_window_that_a_panel_does_not_show_does_not_shade_it():
    hidden = RUNS[0].copy(deep=True)
    hidden.supported[:] = (np.arange(4) != 2)[:, None]
    a, b, *_ = draw("fig2", WHOLE["fig2"] | {"base": hidden}).axes
    assert (len(a.patches), len(b.patches)) == (0, 1)


def test_first_fifth_and_last_window():
    assert style.three(list(range(10))) == [0, 2, 9]
    assert style.three([3, 4]) == [3, 4]
    assert style.three([5]) == [5]


def test_seeds_stand_side_by_side():
    fig3 = importlib.import_module("sgdwalk.figures.fig3")
    factors = {"depth": 14, "batch_size": 32, "shortcut": True}
    points = [fig3.Point(factors, []), fig3.Point(factors, []), fig3.Point(factors | {"depth": 20}, [])]
    first, second, alone = fig3.shifts(points, "depth")
    assert first < 0 < second
    assert alone == 0


def lettered(drawn, letter):
    """The panel of this letter."""
    return next(axes for axes in drawn.axes if axes.get_title("left") == letter)


def entries(axes):
    """The entries of a panel's legend."""
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_fig6_says_where_there_is_no_power_law():
    broken = {"path": path(), "msl": msl()}
    broken["msl"].exponent_low[-1, 1] = np.nan
    broken["path"].exponent[-1] = np.nan
    broken["path"].transverse_exponent_high[-1] = np.nan
    _, b, c, d = draw("fig6", broken).axes
    assert entries(b)[2] == "90: no power law | no power law"
    assert entries(c)[2] == "90: −1.00 [−0.90, −1.10] | no power law"
    assert entries(d)[2] == "90: no power law"


@pytest.mark.parametrize(
    ("more", "message"),
    [({"others": RUNS * 2}, "others: 6 runs"), ({"long": RUNS[0], "whole": build("long_msd")}, "whole: panel e")],
)
def test_fig2_refuses_what_it_has_no_panel_for(more, message):
    with pytest.raises(ValueError, match=message):
        draw("fig2", WHOLE["fig2"] | more)


@pytest.mark.parametrize(("figure", "panels"), [("fig1", "ac"), ("fig5", "ae"), ("fig6", "bc")])
def test_figures_of_one_run_name_it_above_the_first_panel_of_each_file(figure, panels):
    titles = {axes.get_title("left"): axes.get_title("right") for axes in draw(figure, WHOLE[figure]).axes}
    assert [titles[letter] for letter in panels] == ["walk-a", "walk-a"]


def box(axes, words):
    """Where these words of a panel stand on the drawn figure."""
    return next(text for text in axes.findobj(Text) if text.get_text() == words).get_window_extent()


def test_fig2_has_no_row_without_a_run():
    assert not any("another network" in text for text in words(draw("fig2", {"base": RUNS[0], "others": RUNS[:1]})))
    assert any("another network" in text for text in words(draw("fig2", {"base": RUNS[0], "others": RUNS[:2]})))


@pytest.mark.parametrize(("high", "ticks"), [(0.2, {0.01, 0.02, 0.05, 0.1, 0.2}), (90.0, {0.01, 0.1, 1.0, 10.0})])
def test_an_axis_of_few_decades_has_ticks_between_its_powers_of_ten(high, ticks):
    axes = Figure().subplots()
    axes.plot([0.01, high], [1, 2])
    axes.set(xscale="log", xlim=(0.009, 1.01 * high))
    style.plain(axes.xaxis)
    assert {round(tick, 9) for tick in axes.get_xticks() if 0.009 < tick < 1.01 * high} == ticks


def test_long_names_of_runs_do_not_cover_the_letters_of_fig2():
    run = msd("resnet56-noshort-b1024")
    drawn = draw("fig2", {"base": run, "window": run, "long": run, "others": [run] * 4})
    drawn.canvas.draw()
    for axes in (axes for axes in drawn.axes if axes.get_title("right")):
        assert not box(axes, axes.get_title("left")).overlaps(box(axes, axes.get_title("right")))


def spectrum(ranks, converged=1):
    """hessian.nc with this many eigenvalues at each of three epochs."""
    return build("hessian", rank=np.arange(ranks), converged=np.broadcast_to(converged, (3, ranks)))


@pytest.mark.parametrize(("count", "ticks"), [(2, [1, 2]), (8, [1, 2, 4, 6, 8]), (20, [1, 5, 10, 15, 20])])
def test_the_colour_bar_of_fig7_names_the_ranks_there_are(count, ticks):
    *_, bar = draw("fig7", {"hessian": [spectrum(count), spectrum(2)]}).axes
    assert [text.get_text() for text in bar.get_yticklabels()] == [str(tick) for tick in ticks]


def test_any_number_of_ranks_has_names():
    ranks = importlib.import_module("sgdwalk.figures.fig7").ranks
    assert [ranks(count) for count in (5000, 5001)] == [[1, *range(1000, 5001, 1000)], [1, 5001]]


def test_figures_with_a_panel_a_run_or_more_have_a_letter_for_each():
    assert style.letters(54)[50:] == ["Y", "Z", "aa", "ab"]
    names = [axes.get_title("left") for axes in draw("fig7", {"hessian": [spectrum(1)] * 53}).axes]
    assert names == style.letters(53)
    names = [axes.get_title("left") for axes in draw("ensembles", {"groups": [None] * 18}).axes]
    assert names == style.letters(54)


def test_a_rank_has_the_same_colour_in_each_panel_of_fig7():
    few, many, _ = draw("fig7", {"hessian": [spectrum(2), spectrum(8)]}).axes
    second = [axes.lines[3].get_color() for axes in (few, many)]
    np.testing.assert_array_equal(*second)


def test_one_eigenvalue_needs_no_colour_bar():
    assert len(draw("fig7", {"hessian": [spectrum(1)]}).axes) == 1


def test_fig7_explains_hollow_markers_where_there_are_any():
    assert not draw("fig7", {"hessian": [spectrum(4)]}).legends
    (legend,) = draw("fig7", {"hessian": [spectrum(4), spectrum(4, converged=[1, 1, 1, 0])]}).legends
    assert [text.get_text() for text in legend.get_texts()] == ["not converged"]


@pytest.mark.parametrize(
    "layers", [["0-linear"], ["0-sequential", "1-sequential", "9-linear"], [f"{k}-linear" for k in range(9)]]
)
def test_the_layers_of_fig5_leave_the_word_gaussian_free(layers):
    data = tails(layer=layers, **with_interval("layer_alpha", 1.2))
    drawn = draw("fig5", {"tails": data, "fluctuations": None})
    drawn.canvas.draw()
    axes = lettered(drawn, "h")
    legend = axes.get_legend().get_window_extent()
    assert not box(axes, "Gaussian").overlaps(legend)
    assert legend.x1 < 1.1 * axes.bbox.x1


@pytest.mark.parametrize(("p", "explained"), [(0.01, False), (0.2, True)])
def test_fig5_explains_the_rivals_that_are_not_told_apart(p, explained):
    data = tails(gaussian_p=p, vuong_p=0.01)
    axes = lettered(draw("fig5", {"tails": data, "fluctuations": None}), "k")
    assert ("not told apart (p ≥ 0.05)" in entries(axes)) == explained


def test_runs_of_equal_learning_rate_are_told_apart_in_fig4():
    runs, known = [msd("walk-a"), msd("walk-b"), msd("walk-c")], [training(f"walk-{k}") for k in "ab"]
    a, b, c, *_ = draw("fig4", {"runs": runs, "training": [*known, training("walk-c", lr=0.3)]}).axes
    assert entries(b) == ["0.1, walk-a", "0.1, walk-b", "0.3"]
    assert [text.split(":")[0] for text in entries(c)] == ["0.1, walk-a", "0.1, walk-b"]
    assert len({tuple(line.get_color()) for line in b.lines}) == 3
    dots = [float(line.get_xdata()[0]) for line in a.lines if line.get_marker() == "o"]
    assert len(set(dots)) == 6


def test_fig4_says_what_it_leaves_out_and_keeps_its_legend_off_the_whiskers():
    none = msd("walk-b")
    none.exponent.loc[{"fit": "paper", "window": 3}] = np.nan
    runs, known = [msd("walk-a"), none, msd("walk-c", windows=range(4)), msd("other")], TRAINING
    drawn = draw("fig4", {"runs": runs, "training": known})
    drawn.canvas.draw()
    axes = drawn.axes[0]
    words = "3 of 6 exponents missing: c-f say why\n1 left out: no learning rate known"
    assert axes.get_title("right") == words
    whiskers = [axes.transData.transform(path.vertices)[:, 1].max() for c in axes.collections for path in c.get_paths()]
    assert max(whiskers) < axes.get_legend().get_window_extent().y0
    assert draw("fig4", {"runs": runs[:1], "training": known}).axes[0].get_title("right") == ""


def test_fig3_counts_the_runs_that_it_leaves_out():
    data = {"runs": RUNS, "training": [TRAINING[0], training("walk-b", depth=None)]}
    assert draw("fig3", data).axes[0].get_title("right") == "2 left out: no depth known"
    assert draw("fig3", BY_RATE).axes[0].get_title("right") == ""


def test_a_network_that_has_no_choice_of_shortcuts_has_a_marker_of_its_own():
    known = [training("walk-a"), training("walk-b", shortcut=False), training("walk-c", shortcut=None)]
    drawn = draw("fig3", {"runs": [msd(f"walk-{k}") for k in "abc"], "training": known})
    looks = [(line.get_marker(), line.get_mfc() == "white") for line in drawn.axes[0].lines[:3]]
    assert looks == [("o", False), ("o", True), ("^", False)]
    labels = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert labels == ["with shortcuts", "without shortcuts", "a kind without that choice", "95 % interval of a run"]


@pytest.mark.parametrize("side", [3, 65])
def test_paths_of_fig8_stay_on_their_surface_however_coarse(side):
    data = toy(side=side)
    data.position[:] = 1 - data.position**2 / 10  # in a corner
    for axes in draw("fig8", dict.fromkeys(WHOLE["fig8"], data)).axes:
        for image in axes.images:
            x0, x1, y0, y1 = image.get_extent()
            (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
            assert x0 <= left < right <= x1
            assert y0 <= bottom < top <= y1
            paths = [line.get_xydata() for line in axes.lines] + [
                np.concatenate(c.get_segments()) for c in axes.collections
            ]
            for path_ in paths:
                assert (path_ >= [left, bottom]).all()
                assert (path_ <= [right, top]).all()


@pytest.mark.parametrize(
    ("units", "label"), [("nat", "training loss of the epoch (nat)"), ("1", "training loss of the epoch")]
)
def test_the_loss_of_fig4_has_the_unit_of_the_file(units, label):
    known = training("walk-a")
    known.train_loss.attrs["units"] = units
    assert draw("fig4", {"runs": RUNS[:1], "training": [known]}).axes[1].get_ylabel() == label
