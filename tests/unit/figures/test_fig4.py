"""Fig. 4: exponents and training curves against learning rate."""

import numpy as np
import pytest
from figure_data import RUNS, TRAINING, draw, entries, msd, training


def test_runs_of_equal_learning_rate_are_labelled_by_name():
    runs, known = (
        [msd("walk-a"), msd("walk-b"), msd("walk-c", factors={"lr": 0.3})],
        [training(f"walk-{k}") for k in "ab"],
    )
    drawn = draw("fig4", {"runs": runs, "training": [*known, training("walk-c", lr=0.3)]})
    assert entries(drawn, "b") == ["0.1, walk-a", "0.1, walk-b", "0.3"]
    assert [text.split(":")[0] for text in entries(drawn, "c")] == ["0.1, walk-a", "0.1, walk-b"]
    assert len({tuple(line.get_color()) for line in drawn.panels["b"].lines}) == 3
    dots = [float(line.get_xdata()[0]) for line in drawn.panels["a"].lines if line.get_marker() in ("o", "^")]
    assert len(set(dots)) == 6


def test_omissions_are_stated():
    none = msd("walk-b", factors={"lr": 0.3})
    none.exponent.loc[{"fit": "paper", "window": 3}] = np.nan
    diverged, other = msd("walk-c", diverged=range(4), factors={"lr": 0.5}), msd("other", factors={"lr": None})
    runs, known = [msd("walk-a"), none, diverged, other], TRAINING
    drawn = draw("fig4", {"runs": runs, "training": known})
    assert drawn.notes == ["a: 3 of 6 exponents missing, see c-f", "1 runs omitted: learning rate unknown"]
    assert draw("fig4", {"runs": runs[:1], "training": known}).notes == []


@pytest.mark.parametrize(
    ("units", "label"), [("nat", "training loss of the epoch (nat)"), ("1", "training loss of the epoch")]
)
def test_the_loss_has_the_unit_of_the_file(units, label):
    known = training("walk-a")
    known.train_loss.attrs["units"] = units
    assert draw("fig4", {"runs": RUNS[:1], "training": [known]}).axes[1].get_ylabel() == label
