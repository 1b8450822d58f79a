"""Gradient noise: the fitted line, checkpoints, memory."""

import numpy as np
from figure_data import WHOLE, draw, entries, epoch_memory, noise_curvature
from sgdwalk.figures import style

WHOLE = WHOLE["limiting_noise"]


def plain(text):
    return text.replace("\xa0", " ")


def fits(drawn):
    return [line for line in drawn.panels["a"].lines if line.get_color() == style.BLACK]


def test_lines_go_through_the_converged_modes_of_positive_curvature():
    data = noise_curvature()
    data.converged[0] = 0
    data.variance[:, 0] = 100.0
    data.curvature[:, 5] = -1.0
    drawn = draw("limiting_noise", WHOLE | {"noise": data})
    assert len(fits(drawn)) == 2
    for line in fits(drawn):
        x, y = line.get_data()
        np.testing.assert_allclose(x, data.curvature.values[0, [4, 1]])
        np.testing.assert_allclose(y, x**1.3)


def test_the_first_and_the_last_finite_checkpoint_are_shown():
    data = noise_curvature()
    for name in ("trace", "variance", "curvature"):
        data[name][-1] = np.nan
    drawn = draw("limiting_noise", WHOLE | {"noise": data})
    assert [plain(text) for text in entries(drawn, "a")] == ["0: 1.30 [1.17, 1.43]", "45: 1.30 [1.17, 1.43]"]


def test_both_samplers_are_shown_with_two_batches_of_an_epoch():
    data = epoch_memory(sampler="shuffled-epochs")
    for end, value in (("", -0.02), ("_low", -0.021), ("_high", -0.019), ("_predicted", -0.0213)):
        data[f"within_epoch{end}"][...] = value
    drawn = draw("limiting_noise", {"noise": None, "shuffled": data})
    assert [plain(text) for text in entries(drawn, "c")] == ["shuffled epochs: −0.020 [−0.021, −0.019] (−0.021)"]
    assert entries(drawn, "d") == ["shuffled epochs"]
    assert any(np.array_equal(line.get_xdata(), [15, 15]) for line in drawn.panels["c"].lines)


def test_errors_that_reach_below_zero_end_above_it():
    data = noise_curvature()
    data.variance_error[:] = 10.0
    data.curvature_error[:] = np.nan
    drawn = draw("limiting_noise", WHOLE | {"noise": data})
    for collection in drawn.panels["a"].collections:
        ends = np.array(list(collection.get_segments()))
        assert not (ends <= 0).any()
