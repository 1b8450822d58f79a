"""The unit of the loss is that of the loss that a run descends."""

import pytest
from runs import settings
from sgdwalk import contracts, cut, train_job
from sgdwalk.catalogue import DATASETS, MODELS

FILES = ("training", "distances", "layers", "sketch", "gradients")
SPECS = {
    kind: {"factory": known[name][0], "arguments": known[name][1]}
    for kind, known, name in (("model_spec", MODELS, "mlp3"), ("dataset_spec", DATASETS, "digits"))
}
RECORD = {"samples": 60, "layers": True}


@pytest.mark.parametrize(("loss", "units"), [("cross-entropy", "nat"), ("kl-divergence", "nat"), ("mse", "1")])
def test_files_of_a_training_and_windows_cut_from_it_name_the_unit_of_its_loss(tmp_path, loss, units):
    run = settings(loss=loss, steps=20, window=20, seed=0, record=RECORD, **SPECS)
    whole, short = ({name: str(tmp_path / f"{part}-{name}.nc") for name in FILES} for part in ("whole", "short"))
    train_job.train(run, whole | {"checkpoints": str(tmp_path / "checkpoints")}, "code")
    cut.cut_windows(whole, run | {"window": 10}, short, "code")
    for files in (whole, short):
        training, distances = (contracts.read(files[name]) for name in ("training", "distances"))
        found = {v.attrs["units"] for v in (training.loss, training.train_loss, training.test_loss, distances.loss)}
        assert found == {units}
        assert training.step.attrs["units"] == "step"
