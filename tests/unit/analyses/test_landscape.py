import itertools

import numpy as np
import pytest
import torch
from runs import settings
from sgdwalk.analyses import landscape
from sgdwalk.landscapes import trained_networks
from sgdwalk.landscapes.filter_normalised_plane import filter_normalised, random_plane
from sgdwalk.landscapes.mean_loss import MeanLoss
from sgdwalk.storage import contracts
from sgdwalk.storage.kept_rows import KeptRows
from sgdwalk.training import problem
from torch import nn

torch.set_num_threads(1)
AXIS = np.array([-0.5, 0.0, 0.5])
RUN = settings(
    model_spec={"factory": "sgdwalk.models.resnet:resnet", "arguments": {"depth": 8}},
    dataset_spec={"factory": "sgdwalk.data.digits:load", "arguments": {}},
    dtype="float64",
)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = problem.build(RUN, problem.load_images(RUN))
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return model


@pytest.fixture(scope="module")
def centre(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_each_filter_of_a_direction_has_the_norm_of_its_weights(model, centre):
    plane = random_plane(model, centre, 3)
    for direction in plane.directions:
        for weight, part in zip(plane.centre, direction, strict=True):
            if weight.ndim < 2:
                assert not part.any()  # biases and batch norm stay
                continue
            for w, d in zip(weight, part, strict=True):
                assert float(d.norm()) == pytest.approx(float(w.norm()), rel=1e-12)


@pytest.mark.parametrize("diverged", [0, 1])
def test_weights_that_are_not_finite_are_projected_to_nan(model, centre, diverged):
    states = [dict(centre), dict(centre)]
    name = next(iter(dict(model.named_parameters())))
    states[diverged] = centre | {name: torch.full_like(centre[name], torch.nan)}
    x, y, share = random_plane(model, states[1], 0).project(states)
    model.load_state_dict(centre)
    also = [0, 1] if diverged == 1 else [0]  # the last state is the centre of the plane
    assert np.isnan([x[also], y[also], share[also]]).all()
    assert diverged == 1 or x[1] == y[1] == 0


def test_a_filter_of_zeros_does_not_move():
    weight = torch.randn(3, 4, dtype=torch.float64)
    weight[1] = 0
    direction = filter_normalised(torch.randn(3, 4, dtype=torch.float64), weight)
    assert not direction[1].any()
    assert direction[[0, 2]].abs().min() > 0


def test_directions_are_random_reproducible_and_nearly_orthogonal(model, centre):
    first, again, other, second = (random_plane(model, centre, *of) for of in ((0,), (0,), (1,), (0, 1)))
    a, b = (torch.cat([t.reshape(-1) for t in d]) for d in first.directions)
    assert abs(float(a @ b / (a.norm() * b.norm()))) < 0.1
    assert all(torch.equal(x, y) for x, y in zip(first.directions[0], again.directions[0], strict=True))
    parts = [plane.directions[axis][0] for plane in (first, other, second) for axis in (0, 1)]
    assert all(not torch.equal(x, y) for x, y in itertools.combinations(parts, 2))


@pytest.fixture(scope="module")
def computed(model, centre, tmp_path_factory):
    """Three snapshots: two at known positions in the plane around the third, which is its centre."""
    folder = tmp_path_factory.mktemp("checkpoints")
    plane = random_plane(model, centre, 7)
    for step, (x, y) in enumerate([(0.4, -0.3), (0.1, 0.05), (0, 0)]):
        plane.move(x, y)
        torch.save({"step": step, "epoch": float(step), "model": model.state_dict()}, folder / f"step-{step:09d}.pt")
    result = landscape.compute(
        str(folder), run=RUN, planes=2, points=5, extent=0.4, zoom=0.25, zoom_points=3, images=50, test_images=30,
        batch_size=25, seed=7,
    )  # fmt: skip
    return result, folder


@pytest.mark.slow
def test_a_snapshot_in_the_plane_has_its_coordinates(computed):
    result, _ = computed
    contracts.check(result, landscape.CONTRACT)
    np.testing.assert_allclose(result.path_x[0], [0.4, 0.1, 0], atol=1e-10)
    np.testing.assert_allclose(result.path_y[0], [-0.3, 0.05, 0], atol=1e-10)
    np.testing.assert_allclose(result.path_share[0, :2], 1, rtol=1e-10)
    assert (result.path_share[1, :2] < 0.1).all()  # the second plane has other directions


def test_share_of_a_snapshot_outside_the_plane(model, centre):
    plane = random_plane(model, centre, 0)
    plane.move(0.3, 0.2)
    moved = {name: value.clone() for name, value in model.state_dict().items()}
    inside = sum(float(((moved[n] - centre[n]) ** 2).sum()) for n in plane.names)
    name = next(n for n in plane.names if centre[n].ndim == 1)  # a parameter that no direction touches
    moved[name] = moved[name] + 1.0
    x, y, share = plane.project([moved])
    assert (x[0], y[0]) == pytest.approx((0.3, 0.2), abs=1e-10)
    assert share[0] == pytest.approx(inside / (inside + moved[name].numel()), rel=1e-10)


def test_the_surface_is_the_loss_at_each_point(computed, model, centre):
    result, folder = computed
    inputs, labels = trained_networks.sample(problem.load_images(RUN), RUN, 50, 7)
    model.load_state_dict(trained_networks.snapshots(folder)[-1]["model"])
    model.eval()
    with torch.no_grad():
        assert result.loss.sel(x=0, y=0).values == pytest.approx(
            float(nn.functional.cross_entropy(model(inputs), labels)), rel=1e-12
        )
        plane = random_plane(model, trained_networks.snapshots(folder)[-1]["model"], 7)
        plane.move(0.4, -0.2)
        model.eval()
        loss = float(nn.functional.cross_entropy(model(inputs), labels))
    assert float(result.loss[0].sel(x=0.4, y=-0.2, method="nearest")) == pytest.approx(loss, rel=1e-12)


def test_the_test_loss_is_that_of_test_images(computed, model):
    result, folder = computed
    images = problem.load_images(RUN)
    inputs, labels = trained_networks.sample(images, RUN, 25, 7, "test")  # a batch of 25, and 5 images not used
    pick = np.random.default_rng(7).permutation(len(images.test))[:25]
    np.testing.assert_array_equal(labels, images.test_labels[pick])
    model.load_state_dict(trained_networks.snapshots(folder)[-1]["model"])
    model.eval()
    with torch.no_grad():
        loss = float(nn.functional.cross_entropy(model(inputs), labels))
    assert result.test_loss.sel(x=0, y=0).values == pytest.approx(loss, rel=1e-12)
    assert "zoom_test_loss" not in result


def test_without_test_images_there_is_no_test_loss(computed):
    few = {"points": 1, "zoom_points": 1, "images": 5, "batch_size": 5, "seed": 7}
    result = landscape.compute(str(computed[1]), run=RUN, **few)
    contracts.check(result, landscape.CONTRACT)
    assert "test_loss" not in result
    assert result.sizes["plane"] == 1


def test_the_enlargement_is_a_part_of_the_same_surface(computed):
    result, _ = computed
    np.testing.assert_allclose(result.zoom_x, [-0.1, 0, 0.1])
    assert result.zoom_loss[:, 1, 1].values == pytest.approx(result.loss[:, 2, 2].values, rel=1e-12)


def test_a_point_does_not_depend_on_the_points_before_it(model, centre):
    inputs, labels = trained_networks.sample(problem.load_images(RUN), RUN, 40, 0)
    batches = trained_networks.equal_batches(inputs, labels, 20)
    plane = random_plane(model, centre, 0)
    for mode in ("batch", "stored"):
        loss = MeanLoss(nn.functional.cross_entropy, batches, mode)
        three, two = (plane.surface(loss, axis, axis, KeptRows(), "") for axis in (AXIS, AXIS[::2]))
        np.testing.assert_array_equal(two, three[::2, ::2])


def test_dropout_is_off_and_leaves_batch_norm_its_mode(model, centre):
    inputs, labels = trained_networks.sample(problem.load_images(RUN), RUN, 40, 0)
    batches = trained_networks.equal_batches(inputs, labels, 20)
    model.load_state_dict(centre)
    dropping = nn.Sequential(model, nn.Dropout(0.5))
    for mode in ("batch", "stored"):
        loss = MeanLoss(nn.functional.cross_entropy, batches, mode)(dropping)
        model.train(mode == "batch")
        with torch.no_grad():
            plain = np.mean([float(nn.functional.cross_entropy(model(x), y)) for x, y in batches])
        assert loss == pytest.approx(plain, rel=1e-12)
    for name, value in model.named_buffers():
        if "running" in name:
            torch.testing.assert_close(value, centre[name], rtol=0, atol=0)  # nor are its statistics changed


def test_frozen_batch_norm_stays_frozen():
    class Frozen(nn.Sequential):
        def train(self, mode=True):
            super().train(mode)
            self[0].eval()
            return self

    torch.manual_seed(0)
    network = Frozen(nn.BatchNorm1d(3)).double()
    inputs, labels = torch.randn(8, 3, dtype=torch.float64) + 1, torch.arange(8) % 3
    loss = MeanLoss(nn.functional.cross_entropy, [(inputs, labels)], "batch")(network)
    plain = nn.functional.cross_entropy(network.train()(inputs), labels).item()
    assert loss == pytest.approx(plain, rel=1e-12)
