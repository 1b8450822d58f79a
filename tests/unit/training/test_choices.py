"""What a run may choose: loss, learning rate over time, part and state of the data, optimiser."""

import numpy as np
import pytest
import torch
from runs import settings
from sgdwalk.data.choice import chosen
from sgdwalk.data.images import from_pixels
from sgdwalk.training.batches import Scale
from sgdwalk.training.losses import OBJECTIVES, objective, targets
from sgdwalk.training.schedules import learning_rate
from sgdwalk.training.trainer import optimiser


def images(count=500, classes=5):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (count, 4, 4), dtype=np.uint8)
    return from_pixels(pixels, np.arange(count) % classes, pixels[:50], np.arange(50) % classes)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
def test_losses_are_their_formulas(smoothing):
    torch.manual_seed(0)
    logits, labels = torch.randn(6, 4, dtype=torch.float64), torch.tensor([0, 1, 2, 3, 3, 0])
    p = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(1, keepdims=True)
    aim = np.full((6, 4), smoothing / 4)
    aim[np.arange(6), labels] += 1 - smoothing
    log_aim = np.log(np.where(aim > 0, aim, 1))
    expected = {
        "cross-entropy": -(aim * np.log(p)).sum(1).mean(),
        "kl-divergence": (aim * (log_aim - np.log(p))).sum(1).mean(),
        "mse": ((p - aim) ** 2).mean(),
    }
    assert expected.keys() == OBJECTIVES.keys()
    for name, value in expected.items():
        found = objective(settings(loss=name, label_smoothing=smoothing))(logits, labels)
        assert float(found) == pytest.approx(value, rel=1e-12), name


def test_kl_divergence_has_the_gradient_of_cross_entropy():
    logits, labels = torch.randn(6, 4, dtype=torch.float64, requires_grad=True), torch.arange(6) % 4
    for smoothing in (0.0, 0.2):
        loss, other = (
            objective(settings(loss=name, label_smoothing=smoothing))(logits, labels)
            for name in ("kl-divergence", "cross-entropy")
        )
        torch.testing.assert_close(*(torch.autograd.grad(value, logits) for value in (loss, other)))


def test_learning_rates_are_those_of_torchs_schedulers():
    steps, epoch_steps = 60, 7
    cases = {
        "constant": lambda o: torch.optim.lr_scheduler.ConstantLR(o, 1.0),
        "step": lambda o: torch.optim.lr_scheduler.StepLR(o, 3 * epoch_steps, 0.2),
        "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, steps),
        "list": lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [2 * epoch_steps, 5 * epoch_steps], 0.2),
    }
    for name, scheduler in cases.items():
        epochs = {"schedule": "step", "schedule_epochs": [2, 5]} if name == "list" else {"schedule_epochs": 3}
        run = settings(**{"lr": 0.4, "schedule": name, "schedule_factor": 0.2} | epochs)
        reference = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
        theirs = scheduler(reference)
        for step in range(steps):
            expected = reference.param_groups[0]["lr"]
            assert learning_rate(run, step, steps, epoch_steps) == pytest.approx(expected, rel=1e-9), (name, step)
            reference.step()
            theirs.step()


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_weight_decay_and_nesterov_follow_their_formula(nesterov):
    run = settings(lr=0.1, momentum=0.8, weight_decay=0.01, nesterov=nesterov)
    w = torch.nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    steps = optimiser(run, [w])
    expected, velocity = w.detach().clone(), torch.zeros(2, dtype=torch.float64)
    for k in range(10):
        g = torch.tensor([1.0, k], dtype=torch.float64)
        w.grad = g.clone()
        steps.step()
        g = g + 0.01 * expected
        velocity = 0.8 * velocity + g
        expected = expected - 0.1 * (g + 0.8 * velocity if nesterov else velocity)
        torch.testing.assert_close(w.detach(), expected, rtol=1e-14, atol=0)


def test_label_noise_is_an_exact_share_of_other_classes_and_equal_for_all_seeds():
    data = images()
    noisy = chosen(data, label_noise=0.2)
    wrong = noisy.train_labels != data.train_labels
    assert wrong.sum() == 100
    np.testing.assert_array_equal(noisy.test_labels, data.test_labels)
    shift = (noisy.train_labels - data.train_labels)[wrong] % 5
    counts = np.bincount(shift, minlength=5)
    assert counts[0] == 0
    assert np.abs(counts[1:] - 25).max() < 5 * 5  # all other classes alike
    np.testing.assert_array_equal(chosen(data, label_noise=0.2).train_labels, noisy.train_labels)
    assert (chosen(data, label_noise=1.0).train_labels != data.train_labels).all()
    np.testing.assert_array_equal(chosen(data, label_noise=0.0).train_labels, data.train_labels)


def test_a_subset_is_of_distinct_images_with_their_labels():
    data = images()
    part = chosen(data, subset=120)
    assert part.train.shape == (120, 1, 4, 4)
    where = [np.flatnonzero((data.train == image).all((1, 2, 3))) for image in part.train]
    assert all(len(found) == 1 for found in where)
    index = np.concatenate(where)
    assert len(set(index)) == 120
    assert index.max() > 400  # not just the first ones
    np.testing.assert_array_equal(part.train_labels, data.train_labels[index])
    np.testing.assert_array_equal(part.test, data.test)


def test_a_subset_larger_than_the_data_is_one_clear_line():
    with pytest.raises(ValueError, match="subset = 501: must be at most 500"):
        chosen(images(), subset=501)


def test_labels_of_one_class_cannot_be_wrong():
    with pytest.raises(ValueError, match=r"label_noise = 0.1: must be 0, all images are of one class"):
        chosen(images(classes=1), label_noise=0.1)


def test_raw_pixels_go_from_zero_to_one():
    data = chosen(images(), normalise=False)
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(3, 1, 1, 1)
    found = Scale(data, "cpu", torch.float64)(pixels).flatten()
    torch.testing.assert_close(found, torch.tensor([0, 0.2, 1], dtype=torch.float64))


def test_smoothed_targets_keep_the_label_on_top_of_what_all_share():
    logits = torch.zeros(2, 4, dtype=torch.float64)
    expected = torch.tensor([[0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7]], dtype=torch.float64)
    torch.testing.assert_close(targets(logits, torch.tensor([0, 3]), 0.4), expected)
