from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgdwalk.theory import DiscreteChain, ShuffledEpochs, process
from slow import agree, walk

GIVEN = {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.0, "batch_size": 4}
KINDS = [(32, "kept"), (34, "kept"), (35, "dropped")]


def shuffled(rho, examples=32, short_batch="kept", **changed):
    return ShuffledEpochs(rho, examples=examples, short_batch=short_batch, **(GIVEN | changed))


def sizes(model):
    """Examples in each batch of an epoch."""
    return [int(model.batch_size)] * (model.batches - 1) + [model.last_batch]


def sampled(model, epochs, walkers, seed):
    """Minibatch noise [step, walker, mode] drawn without replacement from gradients of mean 0 and variance 1."""
    rng = np.random.default_rng(seed)
    examples = rng.standard_normal(model.examples)
    examples = (examples - examples.mean()) / examples.std()
    edges, noise = np.cumsum([0, *sizes(model)]), []
    for _ in range(epochs):
        drawn = rng.permuted(np.tile(examples, (walkers, 1)), axis=1)
        noise += [drawn[:, a:b].mean(axis=1) for a, b in pairwise(edges)]
    return np.array(noise)[:, :, None] * np.sqrt(model.gradient_variance)


def exactly(model, mode, steps):
    """Covariance [step, step, 2, 2] of (theta, v) of one mode by summing over the covariance of all batches' noise."""
    per_batch = np.diag(1 / np.array(sizes(model))) - 1 / model.examples
    epochs = -(-steps // model.batches)
    noise = np.kron(np.eye(epochs), per_batch * model.examples / (model.examples - 1))[:steps, :steps]
    noise = noise * model.gradient_variance[mode]
    impulse = np.zeros((steps, 1, 1))
    impulse[0] = -1  # gradient noise of -1 kicks v by 1
    one = DiscreteChain.of(model, [mode])
    response = np.array(walk(one, impulse, (np.zeros((1, 1)), np.zeros((1, 1)))))[:, 1:, 0, 0]
    effect = np.array([[np.where(k >= i, response[:, k - i], 0) for i in range(steps)] for k in range(steps)])
    return np.einsum("kic,ij,ljd->klcd", effect, noise, effect, optimize=True)


@pytest.mark.parametrize(("examples", "short_batch"), KINDS)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_covariance_against_sampling_without_replacement(examples, short_batch, momentum):
    model, walkers = shuffled([0.01, 0.3, 3.0], examples, short_batch, momentum=momentum), 20_000
    start = (np.zeros((walkers, 3)), np.zeros((walkers, 3)))
    theta, v = walk(model, sampled(model, 5, walkers, examples), start)
    for step in (1, model.batches // 2, model.batches, 4 * model.batches + 3, 5 * model.batches):
        found = model.covariance(step)
        agree(theta[step], 0, found[:, 0, 0])
        agree(v[step], 0, found[:, 1, 1])


@pytest.mark.parametrize(("examples", "short_batch"), KINDS)
def test_covariance_against_sums_over_all_batches(examples, short_batch):
    model, steps = shuffled([1e-6, 0.05, 0.5, 3.0, 25.0], examples, short_batch), 40
    found = model.covariance(np.arange(1, steps + 1))
    for mode in range(len(model.rho)):
        slow = np.einsum("kkcd->kcd", exactly(model, mode, steps))
        np.testing.assert_allclose(found[:, mode], slow, rtol=1e-9, atol=1e-10 * np.abs(slow).max())


@pytest.mark.parametrize(("examples", "short_batch"), KINDS)
def test_covariance_within_an_epoch(examples, short_batch):
    # one step each from rest, without momentum: theta_1 = -eta xi_1, theta_2 - theta_1 = -eta xi_2
    model = shuffled([0.0], examples, short_batch, momentum=0.0, gradient_variance=2.0)
    one, two = model.covariance([1, 2])[:, 0, 0, 0] / 0.1**2
    batch = 2 / 4 * (examples - 4) / (examples - 1)
    assert one == pytest.approx(batch, rel=1e-12, abs=0)
    shared = (two - 2 * batch) / 2
    assert shared == pytest.approx(-2 / (examples - 1), rel=1e-12, abs=0)
    if examples == 32:
        assert shared == pytest.approx(-batch / (model.batches - 1), rel=1e-12, abs=0)


@pytest.mark.parametrize(("examples", "short_batch"), KINDS)
def test_periodic_state_returns_after_an_epoch(examples, short_batch):
    model = shuffled([0.05, 0.5, 3.0, 25.0], examples, short_batch)
    late = 400 * model.batches + np.arange(model.batches)
    np.testing.assert_allclose(model.by_phase(), model.covariance(late), rtol=1e-9, atol=1e-14)
    assert np.ptp(model.by_phase()[:, 0, 0, 0]) > 0.05 * model.stationary()[0, 0, 0]


@pytest.mark.parametrize(("examples", "short_batch"), KINDS)
def test_stationary_means_averaged_over_phases(examples, short_batch):
    model = shuffled([1e-4, 0.05, 0.5, 3.0, 25.0], examples, short_batch)
    np.testing.assert_allclose(model.by_phase().mean(axis=0), model.stationary(), rtol=1e-8)


@pytest.mark.parametrize(("examples", "short_batch"), KINDS)
def test_displacement_and_autocorrelation_against_sums_over_all_batches(examples, short_batch):
    model, steps = shuffled([1.0, 10.0], examples, short_batch, momentum=0.5), 150
    lags = np.array([0, 1, 3, model.batches - 1, model.batches, model.batches + 1, 3 * model.batches])
    starts = np.arange(model.batches) + model.batches * ((steps - 1) // model.batches - 5)
    for mode in range(2):
        slow = exactly(model, mode, steps)
        pairs = np.array([slow[starts + lag, starts].mean(axis=0) for lag in lags])
        both = np.array([slow[starts + lag, starts + lag].mean(axis=0) for lag in lags])
        for entry, of in enumerate(("position", "velocity")):
            correlation = pairs[:, entry, entry] / pairs[0, entry, entry]
            np.testing.assert_allclose(model.autocorrelation(lags, of)[:, mode], correlation, atol=1e-9)
        expected = (both + both[0] - 2 * pairs)[:, 0, 0]
        np.testing.assert_allclose(model.displacement(lags)[:, mode], expected, rtol=1e-9, atol=1e-15)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.02, 0.98), st.floats(0, 0.9), st.integers(4, 60), st.sampled_from(["kept", "dropped"]))
def test_spectrum_integrates_to_variance_and_displacement(part, momentum, examples, short_batch):
    model = shuffled([part * 20 * (1 + momentum)], examples, short_batch, momentum=momentum)
    frequencies = (np.arange(10_000) + 0.5) / 10_000 - 0.5
    power, lag = model.spectrum(frequencies)[:, 0], model.batches + 1
    scale = DiscreteChain.of(model).stationary()[0, 0, 0]
    assert power.mean() == pytest.approx(model.stationary()[0, 0, 0], rel=1e-9, abs=1e-12 * scale)
    moved = (power * 2 * (1 - np.cos(2 * np.pi * frequencies * lag))).mean()
    assert model.displacement(lag)[0] == pytest.approx(moved, rel=1e-9, abs=1e-12 * scale)
    assert model.spectrum(frequencies, "velocity").mean() == pytest.approx(
        model.stationary()[0, 1, 1], rel=1e-9, abs=1e-12
    )


@pytest.mark.parametrize(
    ("momentum", "batches", "ratio"), [(0.9, 46, 0.69), (0.9, 195, 0.91), (0.99, 46, 0.14), (0.99, 195, 0.43)]
)
def test_steps_of_flat_modes_shrink(momentum, batches, ratio):
    # beside independent batches of the same variance, that of a batch drawn without replacement
    model = shuffled([1e-6], 4 * batches, momentum=momentum)
    finite = (model.examples - 4) / (model.examples - 1)
    assert model.speed() / DiscreteChain.of(model).speed() / finite == pytest.approx(ratio, abs=0.005)


def test_stiff_modes_and_many_examples_are_as_with_independent_batches():
    model = shuffled([1.0, 10.0], 400_000)
    steps = np.arange(1, 200)
    np.testing.assert_allclose(model.displacement(steps), DiscreteChain.of(model).displacement(steps), rtol=1e-3)


def test_a_free_mode_does_not_diffuse_unless_batches_differ():
    equal = shuffled([0.0], 32, gradient_variance=1.0)
    np.testing.assert_allclose(equal.displacement(10**6), equal.displacement(10**4), rtol=1e-9)
    unequal = shuffled([0.0], 34, gradient_variance=1.0)
    weights = 34 / 33 * (8 / 4 + 1 / 2) - 81 / 33  # N / (N - 1) sum 1 / S_i - N_b^2 / (N - 1), of an epoch's sum
    slope = np.diff(unequal.displacement([10**5, 10**5 + 9])[:, 0])
    np.testing.assert_allclose(slope, weights * (0.1 / (1 - 0.9)) ** 2, rtol=1e-9)


def test_displacement_from_a_start_begins_with_the_epoch():
    model, start = shuffled([0.05, 3.0], 34), [1.0, -1.0]
    expected = (model.mean([5, 30], start)[..., 0] - 1) ** 2 + model.covariance([5, 30])[..., 0, 0]
    np.testing.assert_allclose(model.displacement([5, 30], start), expected, rtol=1e-12)


def test_a_full_batch_has_no_noise():
    model = shuffled([0.5], 4)
    assert model.batches == 1
    assert np.abs(model.stationary()).max() < 1e-15
    assert np.abs(model.covariance([1, 9])).max() < 1e-15


def test_sums_over_modes_do_not_depend_on_blocks(monkeypatch):
    model, steps = shuffled(np.geomspace(1e-3, 10, 11), 34), [1, 8, 9, 10, 500]
    whole = model.displacement(steps).sum(axis=1)
    monkeypatch.setattr(process, "BLOCK", 60)
    monkeypatch.setattr(process, "LEAST", 1)
    np.testing.assert_allclose(model.total_displacement(steps), whole, rtol=1e-12)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"examples": 3}, "examples = 3: must be a whole number of at least 2 and batch_size = 4"),
        ({"examples": 10.5}, "examples = 10.5: must be a whole number of at least 2 and batch_size = 4"),
        ({"batch_size": 2.5}, "batch_size = 2.5: must be a whole number where epochs are shuffled"),
        ({"short_batch": "padded"}, "short_batch = 'padded': must be one of kept, dropped"),
    ],
)
def test_bad_settings_are_refused_in_one_line(changed, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        shuffled([1.0], **changed)
    assert str(caught.value) == message


def test_a_free_mode_has_no_periodic_state():
    with pytest.raises(
        ValueError,
        match=r"^eta \(rho \+ lambda\) = 0 in mode 0: must be in \(0, 2 \(1 \+ beta\)\) for a periodic state$",
    ):
        shuffled([0.0]).by_phase()
