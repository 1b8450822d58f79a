import functools
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from runs import settings
from sgdwalk.data.images import from_pixels
from sgdwalk.models.mlp import mlp
from sgdwalk.models.resnet import resnet
from sgdwalk.training import random_states, trainer
from sgdwalk.training.batches import Batches
from sgdwalk.training.checkpoints import Checkpoints
from sgdwalk.training.losses import OBJECTIVES
from sgdwalk.training.trainer import Run, network
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

ROOT = Path(__file__).resolve().parents[3]
torch.set_num_threads(1)
COUNT, BATCH = 50, 12  # five steps an epoch, the last of two images
SETTINGS = settings(seed=3, batch_size=BATCH, steps=87, window=21, snapshots=4, record={"samples": 63, "noise": True})
RESNET = functools.partial(resnet, depth=8)
MLP = functools.partial(mlp, depth=3, width=8)


def images(size=8, count=COUNT, **options):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (count + 20, size, size, 3), dtype=np.uint8)
    labels = rng.permutation(np.arange(count + 20) % 4)
    return from_pixels(pixels[:count], labels[:count], pixels[count:], labels[count:], **options)


def run(work, build=RESNET, code="c", data=None, **settings):
    return Run(SETTINGS | settings, build, data or images(), work, code)


def cut_off(monkeypatch, kill, training):
    """Train until step `kill`, where the run is cut off."""
    step = Run._step

    def failing(self, inputs, labels):
        if self.recorder.step == kill:
            raise KeyboardInterrupt
        step(self, inputs, labels)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "_step", failing)
        with pytest.raises(KeyboardInterrupt):
            training.train()


def results(done):
    """All that a run leaves: series, distances, gradients, states of the network at each snapshot."""
    data = done.datasets()
    paths = sorted(done.checkpoints.folder.iterdir())
    checkpoints = {path.name: torch.load(path, weights_only=True) for path in paths}
    return data["training"], data["distances"], data["gradients"], checkpoints


def assert_equal(a, b):
    for x, y in zip(a[:3], b[:3], strict=True):
        assert x.identical(y)
    assert a[3].keys() == b[3].keys()
    for name, checkpoint in a[3].items():
        assert checkpoint["step"] == b[3][name]["step"]
        for key, value in checkpoint["model"].items():
            assert torch.equal(value, b[3][name]["model"][key]), (name, key)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run without a break: tests only read what it left."""
    done = run(tmp_path_factory.mktemp("trained"))
    done.train()
    return done


@pytest.fixture(scope="module")
def uncut(trained):
    return results(trained)


def test_vanilla_sgd_is_exactly_w_minus_lr_g(tmp_path):
    done = run(tmp_path, MLP, dtype="float64", steps=23, lr=0.05)
    reference = network(done.settings, MLP, images()).double()
    batches = Batches(
        images(), BATCH, sampler="shuffled-epochs", augment=True, seed=3, device="cpu", dtype=torch.float64
    )
    done.train()
    todo = [batch for epoch in range(5) for batch in batches.epoch(epoch)][:23]
    for inputs, labels in todo:
        gradients = torch.autograd.grad(
            OBJECTIVES["cross-entropy"](reference(inputs), labels), list(reference.parameters())
        )
        for w, g in zip(reference.parameters(), gradients, strict=True):
            w.data.add_(g, alpha=-0.05)  # rounds once, where w - 0.05 * g rounds twice
    for mine, theirs in zip(reference.parameters(), done.model.parameters(), strict=True):
        assert torch.equal(theirs, mine)


@pytest.mark.slow
def test_the_fast_path_is_a_plain_loop(tmp_path):
    """Images on the device, channels last, foreach updates, recorder: nothing of it moves the walk."""
    done = run(tmp_path, dtype="float64", steps=50, momentum=0.9, weight_decay=1e-3)
    reference = network(done.settings, RESNET, images()).double()
    optimiser = torch.optim.SGD(reference.parameters(), 0.1, momentum=0.9, weight_decay=1e-3, foreach=False)
    batches = Batches(
        images(), BATCH, sampler="shuffled-epochs", augment=True, seed=3, device="cpu", dtype=torch.float64
    )
    losses, lengths = [], []
    for inputs, labels in [batch for epoch in range(10) for batch in batches.epoch(epoch)]:
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(reference(inputs.contiguous()), labels)
        loss.backward()
        before = [p.detach().clone() for p in reference.parameters()]
        optimiser.step()
        moved = zip(reference.parameters(), before, strict=True)
        lengths.append(sum(((p.detach() - b) ** 2).sum() for p, b in moved).sqrt().item())
        losses.append(loss.item())
    done.train()
    series = done.datasets()["training"]
    np.testing.assert_allclose(series.loss, losses, rtol=1e-10)
    np.testing.assert_allclose(series.step_length, lengths, rtol=1e-10)
    for mine, theirs in zip(reference.parameters(), done.model.parameters(), strict=True):
        torch.testing.assert_close(theirs, mine, rtol=1e-10, atol=1e-10)


class Moves(TorchDispatchMode):
    """Notes what is copied from one device to another."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        places = {t.device.type for t in tree_leaves((args, result)) if torch.is_tensor(t)}
        if "copy" in str(operation) and len(places) > 1:
            self.found.append(operation)
        return result


@pytest.mark.parametrize("optimiser", [{}, {"momentum": 0.9, "nesterov": True}, {"optimiser": "adam", "loss": "mse"}])
def test_no_step_waits_for_the_device(tmp_path, monkeypatch, optimiser):
    """The device here is meta, which computes nothing: whoever reads a number from it has an error."""
    monkeypatch.setattr(trainer, "device", lambda name: torch.device("meta"))
    record = SETTINGS["record"] | {"layers": True, "sketch": 4, "anchors": [2]}
    one = run(tmp_path, record=record, **optimiser)
    batches = one.batches.epoch(0)
    one._step(*next(batches))  # an epoch and a window begin with what is drawn on the host
    with Moves() as moves:
        for inputs, labels in batches:
            one._step(inputs, labels)
        for loss in (None, 0.5, torch.tensor(0.5)):
            one.recorder.noise.rows = 0
            one.recorder.record(loss)
    assert one.recorder.step == 8
    assert moves.found == []


def test_the_learning_rate_follows_its_schedule_and_is_written(tmp_path):
    done = run(tmp_path, MLP, dtype="float64", steps=20, window=20, schedule="cosine")
    done.train()
    series = done.datasets()["training"]
    rates = 0.1 * (1 + np.cos(np.pi * np.arange(20) / 20)) / 2
    np.testing.assert_allclose(series.learning_rate, rates)
    np.testing.assert_allclose(series.step_length, rates * series.gradient_norm, rtol=1e-9)


def test_an_anchor_after_the_end_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"anchors = 87: must be below 87"):
        run(tmp_path, MLP, record=SETTINGS["record"] | {"anchors": [3, 87]})


def test_each_recorded_step_is_the_learning_rate_times_the_gradient(uncut):
    series = uncut[0]
    np.testing.assert_allclose(series.step_length, 0.1 * series.gradient_norm, rtol=1e-4)  # float32 weights


@pytest.mark.slow
def test_same_seed_is_bitwise_the_same_and_another_is_not(tmp_path, uncut):
    again, other = run(tmp_path / "a"), run(tmp_path / "b", seed=4)
    again.train()
    other.train()
    assert_equal(uncut, results(again))
    assert not np.array_equal(uncut[0].loss, other.datasets()["training"].loss)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kill", "options"),
    [*((kill, {}) for kill in (20, 21, 22, 43, 65, 84, 86)), (43, {"optimiser": "adam"}), (65, {"momentum": 0.9})],
)
def test_a_run_that_was_cut_off_goes_on_to_bitwise_the_same_end(tmp_path, monkeypatch, uncut, kill, options):
    whole = uncut
    if options:
        reference = run(tmp_path / "whole", **options)
        reference.train()
        whole = results(reference)
    cut_off(monkeypatch, kill, run(tmp_path / "cut", **options))
    torch.rand(kill)  # whatever happened to the global generator since
    resumed = run(tmp_path / "cut", **options)
    taken, step = [], Run._step
    monkeypatch.setattr(Run, "_step", lambda self, *batch: (taken.append(1), step(self, *batch)))
    resumed.train()
    assert len(taken) == 87 - kill // 21 * 21
    assert_equal(whole, results(resumed))


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["recorder", "checkpoints", "model", "optimiser", "tally", "seen", "random"])
def test_after_a_state_that_cannot_be_loaded_to_its_end_nothing_of_it_is_left(tmp_path, trained, uncut, missing):
    """What was loaded before the part that is missing would give another walk, other epoch means, other data."""
    done = run(shutil.copytree(trained.work.parent, tmp_path / "run"))
    (last,) = done.states.newest_first()[:1]
    state = dict(done.states.load(last)) | {"random": random_states.states("cpu"), "seen": 7}
    del state[missing]
    for number in (3, 4):  # both of those that are kept
        done.states.save(number, state)
    again = run(tmp_path / "run")
    again.train()
    assert_equal(uncut, results(again))


@pytest.mark.slow
def test_a_run_is_not_whole_without_each_of_its_checkpoints(tmp_path, monkeypatch):
    save = Checkpoints.save
    monkeypatch.setattr(Checkpoints, "save", lambda self, step, content: step == 29 or save(self, step, content))
    with pytest.raises(ValueError, match=r"step-000000029\.pt: this checkpoint has not been written"):
        run(tmp_path).train()


@pytest.mark.slow
def test_a_checkpoint_that_is_damaged_after_it_was_written_is_found_at_the_end(tmp_path, monkeypatch):
    done, end = run(tmp_path), Run._end_epoch

    def damaged(self):
        end(self)
        self.checkpoints.path(29).write_bytes(b"?") if self.recorder.step == 85 else None

    monkeypatch.setattr(Run, "_end_epoch", damaged)
    with pytest.raises(ValueError, match=r"step-000000029\.pt: damaged"):
        done.train()


@pytest.mark.slow
def test_a_run_cut_off_twice_while_a_state_is_written(tmp_path, monkeypatch, uncut):
    save, calls = torch.save, []

    def failing(content, file):
        calls.append(file)
        if "recorder" in content and len(calls) in (4, 8):
            file.write(b"half a state")
            raise OSError("disk full")
        save(content, file)

    monkeypatch.setattr(torch, "save", failing)
    failures = 0
    for _ in range(4):
        resumed = run(tmp_path / "cut")
        try:
            resumed.train()
            break
        except OSError:
            failures += 1
    assert failures >= 1
    assert_equal(uncut, results(resumed))


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"lr": 0.05}, {"seed": 9}, {"code": "other"}, {"data": images(flip=False)}])
def test_a_state_of_other_settings_other_code_or_other_images_is_not_used(tmp_path, change):
    run(tmp_path).train()
    other = run(tmp_path, **change)
    other._resume()
    assert other.recorder.step == 0
    same = run(tmp_path)
    same._resume()
    assert same.recorder.step == 0  # and is gone


@pytest.mark.slow
def test_a_state_of_another_kind_of_device_is_not_used(tmp_path, monkeypatch):
    """'auto' may find a GPU in one attempt and none in the next: the end would be neither one's, bit for bit."""
    run(tmp_path).train()
    monkeypatch.setattr(trainer, "device", lambda name: torch.device("meta"))
    other = run(tmp_path)
    other._resume()
    assert other.recorder.step == 0


@pytest.mark.parametrize(
    ("depth", "shortcut", "count"),
    [
        (14, True, 175_258), (20, True, 272_474), (56, True, 855_770), (110, True, 1_730_714),
        (14, False, 172_506), (20, False, 269_722), (56, False, 853_018), (110, False, 1_727_962),
    ],
)  # fmt: skip
def test_resnets_have_the_papers_numbers_of_parameters(depth, shortcut, count):
    with torch.device("meta"):
        model = resnet(3, 32, 10, depth=depth, shortcut=shortcut)
        assert model(torch.empty(2, 3, 32, 32)).shape == (2, 10)
    assert sum(p.numel() for p in model.parameters()) == count


@pytest.mark.parametrize("depth", [13, 2, 15])
def test_a_depth_that_is_no_resnet_is_an_error(depth):
    with pytest.raises(ValueError, match="6n"):
        resnet(3, 32, 10, depth=depth)


@pytest.mark.parametrize("flip", [True, False])
def test_augmentation_is_zero_padding_a_crop_and_a_flip_and_then_the_normalisation(flip):
    data = images(padding=2, flip=flip)
    batches = Batches(data, 50, sampler="shuffled-epochs", augment=True, seed=0, device="cpu", dtype=torch.float64)
    mean, std = (np.array(a)[:, None, None] for a in (data.mean, data.std))
    padded = np.pad(data.train, ((0, 0), (0, 0), (2, 2), (2, 2))).astype(float)
    known = {}
    for index, image in enumerate(padded):
        for row in range(5):
            for column in range(5):
                crop = image[:, row : row + 8, column : column + 8]
                for mirrored in (False, True):
                    view = crop[:, :, ::-1] if mirrored else crop
                    known[np.round((view - mean) / std, 9).tobytes()] = (index, row, column, mirrored)
    assert len(known) == 50 * 25 * 2
    seen = []
    for epoch in range(20):
        for inputs, labels in batches.epoch(epoch):
            found = [known[np.round(x.numpy(), 9).tobytes()] for x in inputs]
            np.testing.assert_array_equal(labels, data.train_labels[[f[0] for f in found]])
            seen += found
    _, rows, columns, mirrored = np.array(seen).T
    assert mirrored.mean() == pytest.approx(0.5 if flip else 0, abs=5 * 0.5 / np.sqrt(1000))
    counts = np.bincount(rows * 5 + columns, minlength=25)
    assert np.abs(counts - 40).max() < 5 * np.sqrt(40)


def test_without_augmentation_images_are_only_normalised():
    data = images()
    batches = Batches(data, 50, sampler="shuffled-epochs", augment=False, seed=0, device="cpu", dtype=torch.float64)
    inputs, labels = next(batches.epoch(0))
    for x, label in zip(inputs.numpy(), labels, strict=True):
        raw = x * np.array(data.std)[:, None, None] + np.array(data.mean)[:, None, None]
        index = np.abs(data.train - raw).sum((1, 2, 3)).argmin()
        np.testing.assert_allclose(raw, data.train[index], atol=1e-9)
        assert label == data.train_labels[index]


def labelled(count=COUNT):
    """Images whose label is their own number."""
    pixels = np.random.default_rng(0).integers(0, 256, (count, 4, 4), dtype=np.uint8)
    return from_pixels(pixels, np.arange(count), pixels, np.arange(count))


def test_a_shuffled_epoch_visits_each_image_once_and_keeps_the_short_last_batch():
    batches = Batches(
        labelled(), BATCH, sampler="shuffled-epochs", augment=True, seed=0, device="cpu", dtype=torch.float32
    )
    orders = []
    for epoch in range(3):
        labels = [batch.numpy() for _, batch in batches.epoch(epoch)]
        assert [len(part) for part in labels] == [12, 12, 12, 12, 2]
        orders.append(np.concatenate(labels))
        np.testing.assert_array_equal(np.sort(orders[-1]), np.arange(COUNT))
    assert not np.array_equal(orders[0], orders[1])


def test_independent_batches_are_full_and_drawn_with_replacement():
    batches = Batches(
        labelled(), BATCH, sampler="independent", augment=False, seed=0, device="cpu", dtype=torch.float32
    )
    counts, repeated = np.zeros(COUNT), 0
    for epoch in range(100):
        for _, labels in batches.epoch(epoch):
            assert len(labels) == BATCH
            counts += np.bincount(labels, minlength=COUNT)
            repeated += len(np.unique(labels)) < BATCH
    mean = 500 * BATCH / COUNT
    assert ((counts - mean) ** 2 / mean).sum() == pytest.approx(COUNT - 1, abs=5 * np.sqrt(2 * COUNT))  # chi-square
    probability = 1 - np.prod(1 - np.arange(BATCH) / COUNT)
    assert repeated / 500 == pytest.approx(probability, abs=5 * np.sqrt(probability * (1 - probability) / 500))


def test_an_epoch_continues_from_any_of_its_batches():
    batches = Batches(
        images(), BATCH, sampler="shuffled-epochs", augment=True, seed=0, device="cpu", dtype=torch.float32
    )
    whole = list(batches.epoch(7))
    for (a, b), (c, d) in zip(batches.epoch(7, 3), whole[3:], strict=True):
        assert torch.equal(a, c)
        assert torch.equal(b, d)


def test_epoch_means_are_those_of_the_images(tmp_path):
    done = run(tmp_path, MLP, steps=5, window=5, lr=1e-9, augment=False)
    done.train()
    data, model = images(), done.model
    mean, std = (np.array(a)[:, None, None] for a in (data.mean, data.std))
    with torch.no_grad():
        for split, labels, prefix in (
            (data.train, data.train_labels, "train"), (data.test, data.test_labels, "test"),
        ):  # fmt: skip
            logits = model(torch.tensor((split - mean) / std, dtype=torch.float32))
            loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels))
            series = done.datasets()["training"]
            assert float(series[f"{prefix}_loss"][0]) == pytest.approx(float(loss), rel=1e-5)
            assert float(series[f"{prefix}_error"][0]) == pytest.approx(
                float((logits.argmax(1) != torch.tensor(labels)).float().mean())
            )


@pytest.mark.parametrize("lr", [10.0, 1e30])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_ends_the_run_without_a_crash(tmp_path, lr):
    deep = functools.partial(mlp, depth=6, width=16)
    done = run(tmp_path, deep, lr=lr, loss="cross-entropy", init="pytorch", steps=210)
    done.train()
    training, distances, gradients, checkpoints = results(done)
    if int(training.diverged_step) < 0:
        assert lr == 10.0  # it may live on with dead units
        return
    bad = int(training.diverged_step)
    assert training.sizes["step"] == 210
    assert np.isfinite(training.displacement[:bad]).all()
    assert training.loss[bad:].isnull().all()
    assert (training.learning_rate[:bad] == lr).all()
    assert training.learning_rate[bad:].isnull().all()
    assert distances.distance2[bad // 21 :].isnull().all()
    assert distances.sizes["window"] == gradients.sizes["window"] == 10
    assert len(checkpoints) >= 2


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_after_the_last_whole_window_is_marked(tmp_path, monkeypatch):
    done = run(tmp_path, MLP, steps=30)
    step = Run._step

    def explode(self, inputs, labels):
        step(self, inputs, labels)
        if self.recorder.step == 24:
            with torch.no_grad():
                next(self.model.parameters()).fill_(float("nan"))

    monkeypatch.setattr(Run, "_step", explode)
    done.train()
    assert int(done.datasets()["training"].diverged_step) == 24
    assert done.datasets()["training"].displacement[24:].isnull().all()


def test_a_run_shorter_than_its_window_says_so(tmp_path):
    # only possible where the number of images is not known beforehand
    with pytest.raises(ValueError, match="window"):
        run(tmp_path, MLP, steps=10).train()


@pytest.mark.parametrize(("batch", "count", "sampler"), [(7, 50, "shuffled-epochs"), (1, 50, "independent")])
def test_a_batch_of_one_image_that_batch_norm_cannot_take_is_refused_before_the_first_step(
    tmp_path, batch, count, sampler
):
    def work(**changed):
        return run(tmp_path, **({"data": images(4, count), "batch_size": batch, "sampler": sampler} | changed))

    with pytest.raises(
        ValueError, match=f"batch_size = {batch} and {count} training images: every batch must hold two"
    ):
        work()
    assert work(build=MLP)  # it has no batch norm
    assert work(data=images(8, count))  # more than a pixel is left of these
    if batch > 1:
        assert work(sampler="independent")
        assert work(steps=count // batch, window=5)  # ends before the short batch


def test_snapshots_are_evenly_spread_from_the_first_to_the_last_step(uncut):
    assert list(uncut[3]) == [f"step-{step:09d}.pt" for step in (0, 29, 58, 87)]
    assert uncut[3]["step-000000029.pt"]["epoch"] == pytest.approx(29 / 5)


def test_more_snapshots_than_steps_are_one_a_step(tmp_path):
    assert run(tmp_path, MLP, snapshots=10**12).snapshots.tolist() == list(range(88))


def test_the_newest_states_are_kept_however_many_windows_there_were(tmp_path):
    going = run(tmp_path, MLP)
    for count in (99_998, 99_999, 100_000):
        going.recorder.windows.digests = [""] * count
        going._save_state()
    found = [len(torch.load(path)["recorder"]["windows"]) for path in sorted(going.work.glob("resume-*.pt"))]
    assert found == [99_999, 100_000]


def test_a_cuda_device_that_is_not_there_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="device = 'cuda': must be auto or cpu where there is no CUDA device"):
        run(tmp_path, MLP, device="cuda")


def test_deterministic_algorithms_are_for_the_runs_that_ask_for_them(tmp_path):
    for asked in (True, False):
        done = run(tmp_path / str(asked), MLP, steps=21, deterministic=asked)
        assert torch.are_deterministic_algorithms_enabled() == asked
        done.train()
