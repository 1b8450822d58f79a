"""Modes: portraits, equality, critical stiffness, kinds."""

import numpy as np
from figure_data import WHOLE, draw, entries, phase_space
from sgdwalk.figures import limiting_modes, style

WHOLE = WHOLE["limiting_modes"]


def test_portraits_begin_after_the_burn_in_and_have_theory_around_the_mean():
    drawn = draw("limiting_modes", WHOLE)
    for letter, mode in (("a", 0), ("b", 5)):
        dots, line, region = drawn.panels[letter].lines
        walk = WHOLE["directions"].isel(step=slice(10, None), mode=mode)
        np.testing.assert_array_equal(line.get_xydata(), np.column_stack([walk.position, walk.velocity]))
        assert len(dots.get_xdata()) == 50
        variance, mean = (
            float(WHOLE["phase_space"].position_variance_chain[mode]),
            float(WHOLE["phase_space"].position_mean[mode]),
        )
        x, y = region.get_data()
        np.testing.assert_allclose((x - mean) ** 2 / variance + y**2 / variance, 5.991, rtol=1e-9)
        assert drawn.panels[letter].get_xlabel() == f"position along mode {mode + 1}"


def test_critical_stiffness_is_marked_on_both_axes():
    lines = [line for line in draw("limiting_modes", WHOLE).panels["c"].lines if line.get_color() == style.GREEN]
    assert {tuple(np.ravel(line.get_data())) for line in lines} == {(0, 1, 1.2, 1.2), (1.2, 1.2, 1.0, 2.0)}


def test_the_mean_position_has_the_interval_of_its_error():
    low, high = limiting_modes.centre(phase_space())[1:]
    np.testing.assert_allclose(high - low, 2 * 1.96 * 0.1)


def test_kinds_are_those_of_the_tests_or_else_of_the_exact_theory():
    data = phase_space()
    data.kind_share[:] = [0.3, 0.2, 0.1]
    drawn = draw("limiting_modes", WHOLE | {"phase_space": data})
    assert entries(drawn, "h")[:3] == ["oscillating (3): 0.300", "confined (2): 0.200", "diffusive (1): 0.100"]
    assert drawn.keys[drawn.panels["h"]].title == "kind by the tests (modes): share"
    data.kind_of_mode[:] = "not tested"
    data.kind_of_chain[:] = "confined"
    drawn = draw("limiting_modes", WHOLE | {"phase_space": data})
    assert entries(drawn, "h")[:1] == ["confined (6): 0.200"]
    assert drawn.keys[drawn.panels["h"]].title == "kind in the exact theory (modes): share"
