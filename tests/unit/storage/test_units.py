"""Whatever is made of a run has the unit of its loss and carries its settings."""

import pytest
from runs import settings
from sgdwalk.jobs import analyse
from sgdwalk.storage import netcdf
from sgdwalk.storage.provenance import settings_of_run
from sgdwalk.study.registry import DATASETS, MODELS
from sgdwalk.training import job
from sgdwalk.trajectory import shorter_windows

FILES = ("training", "distances", "layers", "sketch", "gradients", "directions")
SPECS = {
    kind: {"factory": known[name][0], "arguments": known[name][1]}
    for kind, known, name in (("model_spec", MODELS, "mlp3"), ("dataset_spec", DATASETS, "digits"))
}
FEW = {"eigenvalues": 1, "images": 20, "trace_products": 2}
RECORD = {"samples": 60, "layers": True}


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "units"), [("cross-entropy", "nat"), ("kl-divergence", "nat"), ("mse", "1")])
def test_files_of_a_training_and_windows_cut_from_it_name_the_unit_of_its_loss(tmp_path, loss, units):
    run = settings(loss=loss, steps=20, window=20, seed=0, record=RECORD, **SPECS)
    whole, short = ({name: str(tmp_path / f"{part}-{name}.nc") for name in FILES} for part in ("whole", "short"))
    job.train(run, whole | {"checkpoints": str(tmp_path / "checkpoints")}, "code")
    shorter_windows.cut_windows(whole, run | {"window": 10}, short, "code")
    for files in (whole, short):
        training, distances = (netcdf.read(files[name]) for name in ("training", "distances"))
        found = {v.attrs["units"] for v in (training.loss, training.train_loss, training.test_loss, distances.loss)}
        assert found == {units}
        assert training.step.attrs["units"] == "step"
    for file in (*whole.values(), *short.values()):
        window = 10 if "short" in file else 20
        assert settings_of_run(netcdf.read(file)) == run | {"window": window}
    made = str(tmp_path / "made.nc")
    for name, file, squared in (("msl", "distances", "msl"), ("fluctuations", "training", "moving_variance")):
        analyse.analyse(name, {file: whole[file]}, made, {}, code="code")
        assert netcdf.read(made)[squared].attrs["units"] == {"nat": "nat2", "1": "1"}[units]
        assert settings_of_run(netcdf.read(made)) == run
    analyse.analyse("hessian", {"checkpoints": str(tmp_path / "checkpoints")}, made, FEW | {"run": run}, code="code")
    assert netcdf.read(made).eigenvalue.attrs["units"] == units
    assert settings_of_run(netcdf.read(made)) == run
