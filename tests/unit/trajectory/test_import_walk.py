import shutil

import numpy as np
import pytest
import torch
import xarray as xr
from runs import settings
from scipy.spatial.distance import pdist
from sgdwalk.recorder.window_recorder import Recorder
from sgdwalk.storage import netcdf
from sgdwalk.storage.provenance import settings_of_run
from sgdwalk.tables import check, summary
from sgdwalk.trajectory.import_walk import FILES, import_walk, noted
from torch import nn
from walks import fbm

WINDOW = 25
SETTINGS = settings(run="theirs", seed=2, window=WINDOW, walk="walk.nc", record={"samples": 75})


def bring(tmp_path, walk, **settings):
    path = tmp_path / "walk.nc"
    walk.to_netcdf(path)
    outputs = {name: str(tmp_path / f"{name}.nc") for name in FILES}
    import_walk(str(path), SETTINGS | settings, outputs, "code")
    return {name: netcdf.read(output) for name, output in outputs.items()}


def a_walk(dtype=np.float64, steps=60, start=0.0, **more):
    weight = (start + fbm(0.7, steps, 6, np.random.default_rng(0))).astype(dtype)
    return xr.Dataset({"weight": (("step", "parameter"), weight), **more})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_distances_steps_and_displacements_are_those_of_the_walk(tmp_path, dtype):
    walk = a_walk(dtype, start=5.0)
    found = bring(tmp_path, walk)
    weight = walk.weight.values.astype(float)
    for window in range(2):
        part = weight[window * WINDOW : (window + 1) * WINDOW]
        np.testing.assert_allclose(found["distances"].distance2[window], pdist(part, "sqeuclidean"), rtol=1e-9)
    np.testing.assert_array_equal(found["distances"].window_steps, [25, 25, 10])
    steps = np.linalg.norm(np.diff(weight, axis=0), axis=1)
    np.testing.assert_allclose(found["training"].step_length[:-1], steps, rtol=1e-9)
    assert np.isnan(found["training"].step_length[-1])
    away = np.linalg.norm(weight - weight[0], axis=1)
    np.testing.assert_allclose(found["training"].displacement, away, rtol=1e-9)
    assert found["distances"].attrs["run"] == "theirs"
    assert int(found["training"].diverged_step) == -1


def test_the_last_step_of_a_walk_that_ends_with_its_window_is_unknown(tmp_path):
    training = bring(tmp_path, a_walk(steps=50))["training"]
    assert np.isfinite(training.step_length[:49]).all()
    assert np.isnan(training.step_length[49])


def test_losses_and_gradients_are_imported(tmp_path):
    rng = np.random.default_rng(1)
    loss, gradient = rng.random(60), rng.standard_normal((60, 6))
    found = bring(tmp_path, a_walk(loss=("step", loss), gradient=(("step", "parameter"), gradient)))
    np.testing.assert_array_equal(found["distances"].loss.values.ravel()[:60], loss)
    np.testing.assert_array_equal(found["training"].loss, loss)
    np.testing.assert_allclose(found["training"].gradient_norm, np.linalg.norm(gradient, axis=1), rtol=1e-12)
    samples = found["gradients"].isel(window=slice(2))
    for value, step in zip(samples.gradient.values.ravel(), samples.step.values.ravel(), strict=True):
        assert value in gradient[step].astype(np.float32)


def test_missing_losses_and_gradients_are_nan(tmp_path):
    found = bring(tmp_path, a_walk())
    assert found["training"].loss.isnull().all()
    assert found["training"].gradient_norm.isnull().all()
    assert found["training"].noise_norm.isnull().all()
    assert found["distances"].loss.isnull().all()
    assert found["gradients"].gradient.isnull().all()
    assert found["training"].sizes["epoch"] == 0


def test_an_imported_trajectory_gives_the_files_of_a_recorded_one(tmp_path):
    """The same weights, losses and gradients give the same files by either way."""
    rng = np.random.default_rng(3)
    gradient, loss = rng.standard_normal((51, 6)), rng.random(51)
    weight = -np.cumsum(gradient, axis=0)
    parameter = torch.nn.Parameter(torch.zeros(6, dtype=torch.float64))
    model = nn.Module()
    model.weight = parameter
    recorder = Recorder(model, WINDOW, samples=75, seed=2)
    for t in range(51):
        parameter.data = torch.from_numpy(weight[t].copy())
        parameter.grad = torch.from_numpy(gradient[t].copy())
        recorder.record(torch.tensor(loss[t], dtype=torch.float64))
    recorder.close(moved=False)
    walk = xr.Dataset(
        {
            "weight": (("step", "parameter"), weight),
            "loss": ("step", loss),
            "gradient": (("step", "parameter"), gradient),
        }
    )
    found = bring(tmp_path, walk)
    for name, expected in recorder.datasets().items():
        assert found[name].equals(expected), name


def checked(files):
    """The analyses of these files of a run, after their checks; by name."""
    from sgdwalk.analyses import fluctuations, msd, msl, path, tails

    files = {name: data for name, data in files.items() if name not in ("layers", "sketch", "directions")}
    of_distances = {"msd": msd, "path": path, "msl": msl}
    analysed = {name: module.compute(files["distances"], copies=5) for name, module in of_distances.items()}
    analysed["tails"] = tails.compute(files["gradients"], copies=5)
    table = check.compute(**files, **analysed, fluctuations=fluctuations.compute(files["training"], copies=5))
    assert table[~table.passed].empty, table[~table.passed].to_string()
    return analysed


def test_a_trajectory_without_gradients_passes_the_checks_of_a_run(tmp_path):
    found = bring(tmp_path, a_walk())
    analysed = checked(found)
    (row,) = summary.compute([found["training"]], **{name: [data] for name, data in analysed.items()}).itertuples()
    assert (row.run, row.status, row.diverged_step) == ("theirs", "recorded", -1)


@pytest.fixture(scope="module")
def spaced(tmp_path_factory):
    """Files of a walk, and of one with the same weights of which these are every tenth from step 50 on."""
    rng, folder = np.random.default_rng(5), tmp_path_factory.mktemp("spaced")
    loss, gradient = rng.random(60), rng.standard_normal((60, 6))
    walk = a_walk(loss=("step", loss), gradient=(("step", "parameter"), gradient))
    record = {"samples": 75, "sketch": 8, "anchors": [30]}
    rows = bring(folder, walk, record=record)
    return rows, bring(folder, walk.assign_coords(step=50 + 10 * np.arange(60)), record=record | {"anchors": [350]})


def test_files_of_every_tenth_step_are_those_of_all_steps_but_for_their_steps(spaced):
    from sgdwalk.trajectory.shorter_windows import cut

    rows, steps = spaced
    np.testing.assert_array_equal(steps["training"].step, 50 + 10 * np.arange(60))
    np.testing.assert_array_equal(steps["distances"].window_start, [50, 300, 550])
    np.testing.assert_array_equal(steps["gradients"].step, 50 + 10 * rows["gradients"].step)
    np.testing.assert_array_equal(steps["training"].anchor, [350])
    for name in ("training", "distances", "sketch", "gradients", "layers"):
        assert int(steps[name].step_spacing) == 10
        assert "step_spacing" not in rows[name]
        for variable in ("anchor_displacement", "distance2", "projection", "gradient", "loss"):
            if variable in rows[name]:
                np.testing.assert_array_equal(steps[name][variable], rows[name][variable])
    np.testing.assert_array_equal(cut(steps, 5)["distances"].window_start, 50 + 10 * np.arange(0, 60, 5))


def test_analyses_of_every_tenth_step_have_the_same_numbers_at_ten_times_the_lags(spaced):
    from sgdwalk.analyses import fluctuations, long_msd, msd, tails

    rows, steps = spaced
    one, other = (msd.compute(found["distances"], copies=20) for found in (rows, steps))
    np.testing.assert_array_equal(other.lag, 10 * one.lag)
    np.testing.assert_array_equal(other.msd, one.msd)
    np.testing.assert_array_equal(other.exponent_high, one.exponent_high)
    for name in ("first_lag", "last_lag", "crossover_lag", "crossover_lag_low", "crossover_lag_high"):
        assert one[name].notnull().any()
        np.testing.assert_array_equal(other[name], 10 * one[name])
    np.testing.assert_allclose(other.squared_drift, one.squared_drift / 100)
    one, other = (long_msd.compute(found["sketch"]) for found in (rows, steps))
    np.testing.assert_array_equal(other.lag, 10 * one.lag)
    np.testing.assert_array_equal(other.msd, one.msd)
    one, other = (tails.compute(found["gradients"], copies=5) for found in (rows, steps))
    np.testing.assert_array_equal(other.alpha, one.alpha)
    np.testing.assert_array_equal(other.layer_alpha_low, one.layer_alpha_low)
    np.testing.assert_allclose(other.scale_time, 10 * one.scale_time)
    one, other = (fluctuations.compute(found["training"], interval=10, copies=5) for found in (rows, steps))
    np.testing.assert_array_equal(other.avalanche_start, 50 + 10 * one.avalanche_start)
    np.testing.assert_array_equal(other.avalanche_duration, 10 * one.avalanche_duration)


def test_every_tenth_step_passes_the_checks_of_a_run(spaced):
    checked(spaced[1])


def test_steps_one_apart_from_0_on_are_those_of_a_file_without_steps(tmp_path):
    with_steps = bring(tmp_path, a_walk().assign_coords(step=np.arange(60.0)))
    assert all(found.equals(with_steps[name]) for name, found in bring(tmp_path, a_walk()).items())


STEPS = {
    "a gap": (np.r_[0:30, 1000:1030], r"step 1000 after step 29: must be evenly spaced"),
    "a repetition": (np.r_[0:30, 29:59], r"step 29 after step 29: must be evenly spaced"),
    "no order": (np.r_[0:10, 20:10:-1, 30:70], r"step 20 after step 9: must be evenly spaced"),
    "backwards": (np.arange(60)[::-1], r"step 58 after step 59: must be evenly spaced, in order"),
    "logarithmic": (np.round(1.2 ** np.arange(60, 120)), r"step .* after step .*: must be evenly spaced"),
    "epochs": (np.arange(60) / 10, r"step is float64, as \[0.  0.1\]: must be whole numbers"),
    "missing": (np.where(np.arange(60) == 7, np.nan, np.arange(60)), r"step is float64.*: must be whole numbers"),
    "without end": (np.arange(60) * 1e300, r"step is float64.*: must be whole numbers"),
    "text": (np.arange(60).astype(str), r"step is .*: must be whole numbers"),
}


@pytest.mark.parametrize("case", STEPS)
def test_steps_that_are_not_even_are_refused(case, tmp_path):
    step, message = STEPS[case]
    with pytest.raises(ValueError, match=rf"walk\.nc: {message}") as caught:
        bring(tmp_path, a_walk().assign_coords(step=step))
    assert "\n" not in str(caught.value)


def test_an_anchor_that_is_not_among_the_files_steps_is_refused(tmp_path):
    walk = a_walk().assign_coords(step=50 + 10 * np.arange(60))
    for anchor in (0, 55, 650):
        with pytest.raises(
            ValueError, match=rf"anchors = \[60, {anchor}\]: must be steps of .*walk.nc \(50, 60, ..., 640\), "
        ):
            bring(tmp_path, walk, record={"samples": 75, "sketch": 0, "anchors": [60, anchor]})


@pytest.mark.parametrize(
    ("walk", "message"),
    [
        (xr.Dataset({"x": ("step", np.zeros(60))}), r"walk\.nc.*weight"),
        (xr.Dataset({"weight": (("parameter", "step"), np.zeros((6, 60)))}), r"walk\.nc.*\(step, parameter\)"),
        (xr.Dataset({"weight": (("time", "parameter"), np.zeros((60, 6)))}), r"walk\.nc.*\(step, parameter\)"),
        (a_walk(steps=20), r"window = 25: must be at most 20, the rows of weight in.*.*walk\.nc"),
        (a_walk(loss=("epoch", np.zeros(60))), r"walk\.nc.*loss"),
        (a_walk(gradient=("step", np.zeros(60))), r"walk\.nc.*gradient"),
        (a_walk().where(a_walk().step != 31), r"walk\.nc: weight at step 31 is not finite"),
        (a_walk(loss=("step", np.where(np.arange(60) % 2, 1.0, np.nan))), r"walk\.nc: loss at step 0 is not finite"),
        (a_walk().isel(parameter=slice(0)), r"walk\.nc: weight has shape \(60, 0\): must have at least one"),
        (a_walk().isel(step=slice(0)), r"walk\.nc: weight has shape \(0, 6\): must have at least one step"),
        (a_walk(start=1e160), r"walk\.nc: weight at step 0 is not finite, or not below 1e\+150$"),
        (
            a_walk(np.float32, gradient=(("step", "parameter"), np.full((60, 6), 1e39))),
            r"walk\.nc: gradient at step 0 is not finite, or not below 3.4e\+38$",
        ),
        (a_walk(loss=("step", np.full(60, "1.5"))), r"walk\.nc: loss is .*: must be numbers"),
        (a_walk().astype(int), r"walk\.nc: weight is int64: must be float32 or float64"),
    ],
    ids=[
        "no weight",
        "transposed",
        "other names",
        "too short",
        "loss per epoch",
        "flat gradient",
        "not finite",
        "every other loss",
        "no parameter",
        "no step",
        "squares beyond float64",
        "gradients beyond float32",
        "loss as text",
        "integers",
    ],
)
def test_a_file_without_a_valid_trajectory_is_refused_in_one_line(tmp_path, walk, message):
    with pytest.raises(ValueError, match=message) as caught:
        bring(tmp_path, walk)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "training.nc").exists()


def test_a_file_that_is_not_netcdf_is_refused_by_name(tmp_path):
    path = tmp_path / "walk.nc"
    path.write_text("not a NetCDF file")
    with pytest.raises((ValueError, OSError), match=r"walk\.nc"):
        import_walk(str(path), SETTINGS, {}, "code")


@pytest.fixture
def theirs(tmp_path):
    """The recorder of a straight line, saved in the folder `theirs`."""
    model = nn.Linear(3, 2)
    recorder = Recorder(model, WINDOW, samples=75)
    for step in range(60):
        model.weight.grad = torch.full((2, 3), float(step))
        recorder.record(torch.tensor(float(step)))
        with torch.no_grad():
            model.weight += model.weight.grad
    recorder.close()
    recorder.save(tmp_path / "theirs", {"what": "a straight line"})
    return recorder


def brought(tmp_path, folder, **settings):
    """Import a recorder's folder; its outputs by name."""
    outputs = {name: str(tmp_path / f"{name}.nc") for name in FILES}
    import_walk(str(tmp_path / folder), SETTINGS | settings, outputs, "code")
    return outputs


def test_a_folder_saved_by_a_recorder_is_imported_unchanged(tmp_path, theirs):
    outputs = brought(tmp_path, "theirs")
    for name in FILES:
        found = netcdf.read(outputs[name])
        assert found.equals(theirs.datasets()[name]), name
        assert "a straight line" in found.attrs["recorded"]
        assert found.attrs["run"] == "theirs"


@pytest.mark.usefixtures("theirs")
def test_settings_of_a_recording_that_it_does_not_have_are_refused(tmp_path):
    with pytest.raises(ValueError, match="window = 24: must be 25"):
        brought(tmp_path, "theirs", window=24)
    with pytest.raises(ValueError, match=r"record.sketch = 8: must be 0, .*theirs has no sketch"):
        brought(tmp_path, "theirs", record={"sketch": 8})
    short = Recorder(nn.Linear(3, 2), WINDOW, samples=75)
    short.record(1.0)
    short.close()
    short.save(tmp_path / "short")
    with pytest.raises(ValueError, match=r"window = 25: must be at most 1, the steps that .*short was recorded for"):
        brought(tmp_path, "short")


@pytest.mark.usefixtures("theirs")
def test_a_recording_that_lacks_a_file_or_has_another_in_its_place_is_refused(tmp_path):
    shutil.copytree(tmp_path / "theirs", tmp_path / "mixed")
    shutil.copy(tmp_path / "mixed" / "layers.nc", tmp_path / "mixed" / "gradients.nc")
    with pytest.raises(ValueError, match=r"mixed.gradients\.nc: holds layers: must hold gradients"):
        brought(tmp_path, "mixed")
    empty = netcdf.read(tmp_path / "theirs" / "distances.nc").isel(window=[]).drop_encoding()
    empty.to_netcdf(tmp_path / "mixed" / "distances.nc")
    shutil.copy(tmp_path / "theirs" / "gradients.nc", tmp_path / "mixed" / "gradients.nc")
    with pytest.raises(ValueError, match=r"window = 25: must be at most 0, the steps that .*mixed was recorded for"):
        brought(tmp_path, "mixed")
    (tmp_path / "theirs" / "distances.nc").unlink()
    with pytest.raises(ValueError, match=r"distances\.nc: no such file"):
        brought(tmp_path, "theirs")


@pytest.mark.parametrize("text", ["hello", "[1]", "null"])
def test_settings_of_a_recording_that_are_no_settings_are_refused_by_name(text, tmp_path):
    with pytest.raises(ValueError, match=r"walk: settings of the recording are .*: must be values by name, in JSON"):
        noted(text, "walk")


@pytest.mark.parametrize("name", ["distances", "sketch", "gradients"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_folder_with_files_of_two_recordings_is_refused(name, tmp_path):
    for steps in (30, 60):
        recorder = Recorder(nn.Linear(3, 2), WINDOW, samples=75)
        for _ in range(steps):
            recorder.record(0.5)
        recorder.close()
        recorder.save(tmp_path / str(steps))
    shutil.copy(tmp_path / "60" / f"{name}.nc", tmp_path / "30" / f"{name}.nc")
    message = rf"30.{name}\.nc: has 60 steps, training.nc has 30: must be files of one recording$"
    with pytest.raises(ValueError, match=message):
        import_walk(str(tmp_path / "30"), SETTINGS, {}, "code")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_settings_given_to_save_reach_the_summary_and_the_figures(tmp_path):
    recorder = Recorder(nn.Linear(3, 2), WINDOW, samples=75)
    for _ in range(30):
        recorder.record(0.5)
    recorder.close()
    given = {"model": "mine", "loss": "mse", "lr": 0.3, "batch_size": 16, "augment": False}
    recorder.save(tmp_path / "theirs", given | {"momentum": "much", "epochs": True, "parent": "x", "what": {"a": [1]}})
    walk = dict.fromkeys(SETTINGS) | {key: SETTINGS[key] for key in ("run", "seed", "walk", "window", "record")}
    outputs = {name: str(tmp_path / f"{name}.nc") for name in FILES}
    import_walk(str(tmp_path / "theirs"), walk, outputs, "code")
    training = netcdf.read(outputs["training"])
    assert settings_of_run(training) == walk | given
    assert set(given) < set(summary.COLUMNS)
    assert training.loss.attrs["units"] == "1"
    assert training.attrs["status"].startswith("weights do not move in steps 0 to 24")


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused_in_one_line(tmp_path, share):
    path = tmp_path / "walk.nc"
    weight = np.random.default_rng(0).standard_normal((4000, 6))
    xr.Dataset({"weight": (("step", "parameter"), weight)}).to_netcdf(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"walk\.nc") as caught:
        import_walk(str(path), SETTINGS, {}, "code")
    assert "\n" not in str(caught.value)
