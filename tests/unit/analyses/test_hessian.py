import functools

import numpy as np
import pytest
import torch
from dense_hessian import dense_hessian
from hessian_eigenthings import HessianOperator
from operators import Known
from runs import settings
from scipy.stats import norm
from scipy.stats import t as student
from sgdwalk.analyses import extract, hessian, landscape
from sgdwalk.landscapes import curvature
from sgdwalk.landscapes import trained_networks as networks
from sgdwalk.storage import contracts
from sgdwalk.training import problem
from sgdwalk.training.losses import objective
from torch import nn

torch.set_num_threads(1)
WIDTH, COUNT, RANKS = 4, 60, 8
SPEC = {"factory": "sgdwalk.models.mlp:mlp", "arguments": {"depth": 3, "width": WIDTH}}
DIGITS = {"factory": "sgdwalk.data.digits:load", "arguments": {}}
RUN = settings(model_spec=SPEC, dataset_spec=DIGITS, dtype="float64")


def save(folder, model, step):
    shot = {"step": step, "epoch": step / 10, "model": model.state_dict()}
    torch.save(shot, folder / f"step-{step:09d}.pt")


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """A network at random weights and after some descent."""
    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    data = problem.load_images(RUN)
    model = problem.build(RUN, data)
    save(folder, model, 0)
    inputs, labels = networks.sample(data, RUN, 300, 5)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.2)
    for _ in range(150):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimiser.step()
    save(folder, model, 150)
    return folder


@functools.cache
def dense(checkpoints, which):
    """(Hessian, loss) at a checkpoint."""
    data = problem.load_images(RUN)
    model = problem.build(RUN, data)
    model.load_state_dict(networks.snapshots(checkpoints)[which]["model"])
    return dense_hessian(model, [networks.sample(data, RUN, COUNT, 0)])


@pytest.fixture(scope="module")
def found(checkpoints):
    return hessian.compute(
        str(checkpoints), run=RUN, eigenvalues=RANKS, images=COUNT, batch_size=20, tolerance=1e-6,
        trace_products=200, smallest=3, density_probes=12, density_products=60, sharpness_batches=4,
    )  # fmt: skip


@pytest.mark.parametrize("which", [0, 1])
def test_against_the_dense_hessian(checkpoints, found, which):
    contracts.check(found, hessian.CONTRACT)
    matrix, loss = dense(checkpoints, which)
    truth = np.linalg.eigvalsh(matrix)[::-1]
    at = found.isel(epoch=which)
    np.testing.assert_allclose(at.eigenvalue, truth[:RANKS], atol=1e-6 * truth[0])
    assert at.converged.all()
    assert (at.residual <= 1e-6 * np.abs(at.eigenvalue)).all()
    assert float(at.loss) == pytest.approx(loss, rel=1e-12)
    assert abs(float(at.trace) - np.trace(matrix)) < 4 * float(at.trace_error)
    np.testing.assert_allclose(at.smallest, truth[::-1][:3], atol=1e-6 * truth[0])
    assert at.smallest_converged.all()
    assert (at.smallest_residual <= 1e-6 * np.abs(at.smallest)).all()
    half = student.ppf(0.975, 199) * at.trace_error
    np.testing.assert_allclose([at.trace_low, at.trace_high], [at.trace - half, at.trace + half])
    # of Rademacher probes: variance 2 (|H|^2 - sum of squared diagonal) / n
    off = (matrix**2).sum() - (np.diagonal(matrix) ** 2).sum()
    assert float(at.trace_error) == pytest.approx(np.sqrt(2 * off / 200), rel=0.5)


@pytest.mark.parametrize("which", [0, 1])
def test_the_density_is_that_of_all_eigenvalues(checkpoints, found, which):
    truth, at = np.linalg.eigvalsh(dense(checkpoints, which)[0]), found.isel(epoch=which)
    exact = norm.pdf(at.curvature.values[:, None], truth, float(at.density_width)).mean(axis=1)
    assert (np.abs(at.density - exact) <= 4.4 * at.density_error + 1e-3 * exact.max()).all()  # 99.9 % of Student's t
    assert float(at.density.integrate("point")) * float(np.diff(at.curvature)[0]) == pytest.approx(1, abs=0.01)
    mean = (at.node * at.node_weight).sum("node").mean()  # of the eigenvalues: the trace over their number
    assert abs(float(mean) * len(truth) - truth.sum()) < 4 * float(at.trace_error) * np.sqrt(200 / 12)


def test_what_is_not_requested_is_empty(checkpoints):
    plain = hessian.compute(str(checkpoints), run=RUN, eigenvalues=2, images=COUNT, trace_products=2)
    contracts.check(plain, hessian.CONTRACT)
    assert plain.sizes["low_rank"] == plain.sizes["probe"] == plain.sizes["point"] == 0
    assert plain.batch_sharpness.isnull().all()
    assert plain.noise.isnull().all()
    np.testing.assert_allclose(plain.threshold, 2 / RUN["lr"])


def test_residuals_bound_the_distance_to_an_eigenvalue(checkpoints):
    matrix, _ = dense(checkpoints, 1)
    data = problem.load_images(RUN)
    batches = networks.equal_batches(*networks.sample(data, RUN, COUNT, 0), COUNT)
    model = problem.build(RUN, data)
    state = networks.snapshots(checkpoints)[1]["model"]
    operator = curvature.hessian(model, state, batches, objective(RUN), "batch")
    vector = torch.randn(operator.size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(operator.matvec(vector), matrix @ vector.numpy(), atol=1e-10)
    value, residual, converged = curvature.top_eigenvalues(operator, 5, 1e-12, 15, 0)
    assert not converged.all()  # 15 products are too few, which is reported
    nearest = np.abs(np.linalg.eigvalsh(matrix)[:, None] - value).min(0)
    assert (nearest <= residual * (1 + 1e-6)).all()  # an eigenvalue lies within each residual


def test_network_and_images_go_where_the_run_computes_and_not_in_tf32(monkeypatch):
    monkeypatch.setattr(networks, "device", lambda name: torch.device({"cuda": "meta"}[name]))
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    model, batches = networks.network_and_batches(RUN | {"device": "cuda"}, "hessian", 50, 20, "batch", 0)
    assert [len(labels) for _, labels in batches] == [20, 20]
    assert {t.device.type for t in (*model.parameters(), *batches[0], *batches[1])} == {"meta"}
    assert not torch.backends.cudnn.allow_tf32


def test_equal_batches_average_to_the_whole(checkpoints):
    one, three = (
        hessian.compute(str(checkpoints), run=RUN, eigenvalues=3, images=COUNT, batch_size=size, trace_products=2)
        for size in (COUNT, 20)
    )
    np.testing.assert_allclose(one.eigenvalue, three.eigenvalue, rtol=0.02)
    np.testing.assert_allclose(one.loss, three.loss, rtol=1e-12)


@pytest.mark.parametrize("count", [1, 2])
def test_the_search_for_few_eigenvalues_goes_on_until_they_are_found(checkpoints, found, count):
    few = hessian.compute(
        str(checkpoints), run=RUN, eigenvalues=count, images=COUNT, batch_size=20, tolerance=1e-6, trace_products=2
    )
    assert few.converged.all()
    np.testing.assert_allclose(few.eigenvalue, found.eigenvalue[:, :count], rtol=1e-6)


def test_more_eigenvalues_than_parameters_may_be_requested(checkpoints):
    result = hessian.compute(str(checkpoints), run=RUN, eigenvalues=400, images=20, trace_products=2)
    contracts.check(result, hessian.CONTRACT)
    assert result.sizes["rank"] in (334, 400)


def softmax_regression(dtype, features=20, classes=5, images=6, unit=1):
    """Hessian operator of few images: positive on images * (classes - 1) directions, zero on all others.

    In another unit of the inputs the logits are the same, and the Hessian is larger by unit^2.
    """
    torch.manual_seed(0)
    model = nn.Linear(features, classes, bias=False).to(dtype)
    with torch.no_grad():
        model.weight /= unit
    batch = unit * torch.randn(images, features).to(dtype), torch.arange(images) % classes
    return curvature.hessian(model, model.state_dict(), [batch], nn.functional.cross_entropy, "batch")


def spectrum(operator):
    """All eigenvalues, largest first, from the products with the unit vectors."""
    matrix = torch.stack([operator.matvec(unit) for unit in torch.eye(operator.size, dtype=operator.dtype)])
    return np.linalg.eigvalsh(matrix.numpy())[::-1]


def spectra():
    """Eigenvalues, largest first: outliers above a bulk, as of trained networks, with pairs close to each other."""
    bulk = 0.13 * np.linspace(1, 0.01, 600) ** 3
    outliers = [4.4, 1.9, 1.3, 0.71, 0.5, 0.4, 0.33, 0.3, 0.27, 0.22, 0.18]
    pairs = [3.0, 0.9, 0.901, 0.4, 0.401, 0.2, 0.201, 0.2015, 0.15, 0.1502]
    power = 5 / np.arange(1, 700) ** 1.2
    return {"trained": [*outliers, *bulk], "pairs": [*pairs, *bulk], "power law": [*power]}


@pytest.mark.parametrize("name", spectra())
@pytest.mark.parametrize("seed", range(2))
def test_eigenvalues_that_have_converged_are_those_of_their_rank(name, seed):
    """A residual alone cannot see an eigenvalue that was missed."""
    truth = np.flip(np.sort(spectra()[name])).copy()
    for most in (40, 50, 62, 77, 96, 300):
        value, _, converged = curvature.top_eigenvalues(Known(truth), 20, 0.01, most, seed)
        np.testing.assert_allclose(value[converged], truth[:20][converged], rtol=1e-3)
    assert converged.all()


def test_both_ends_are_found_alike_in_one_space():
    truth = np.sort(np.r_[spectra()["trained"], -0.7 * np.array(spectra()["pairs"][:12])])
    operator = Known(truth)
    largest, smallest = curvature.outer_eigenvalues(operator, 20, 5, 0.01, 300, 0)
    assert largest.converged.all()
    assert smallest.converged.all()
    np.testing.assert_allclose(largest.value, truth[::-1][:20], rtol=1e-3)
    np.testing.assert_allclose(smallest.value, truth[:5], rtol=1e-3)
    negated, _ = curvature.outer_eigenvalues(Known(-truth), 5, 20, 0.01, 300, 0)
    np.testing.assert_allclose(negated.value, -smallest.value, rtol=1e-10)
    assert operator.taken < 300


@pytest.mark.parametrize("most", [8, 14, 25, 40, 80])
def test_smallest_eigenvalues_that_have_converged_are_those_of_their_rank(most):
    truth = np.sort(np.r_[spectra()["pairs"], -0.3, -0.2, -0.199, -0.1, -0.05])
    _, smallest = curvature.outer_eigenvalues(Known(truth), 1, 5, 0.01, most, 0)
    np.testing.assert_allclose(smallest.value[smallest.converged], truth[:5][smallest.converged], rtol=1e-3)


def test_an_eigenvalue_counts_with_all_larger_ones_and_the_next_five():
    within = np.array([1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1], bool)
    np.testing.assert_array_equal(np.flatnonzero(curvature.guarded(within)), [0, 1, 2])
    assert curvature.guarded(np.ones(9, bool)).sum() == 4
    assert not curvature.guarded(np.ones(5, bool)).any()


@pytest.mark.parametrize("products", [2, 5])
def test_the_interval_of_the_trace_covers_it(products):
    rng = np.random.default_rng(0)
    half = rng.standard_normal((30, 30))
    operator = Known(half + half.T)
    bounds = np.array([curvature.trace(operator, products, seed)[2:] for seed in range(600)])
    covered = np.mean((bounds[:, 0] <= np.trace(operator.matrix)) & (np.trace(operator.matrix) <= bounds[:, 1]))
    assert covered == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 600))  # the normal quantile: 71 and 88 %


def test_ranks_beyond_the_parameters_leave_the_others_converged():
    operator = softmax_regression(torch.float64, features=3, classes=3, images=20)
    value, residual, converged = curvature.top_eigenvalues(operator, 20, 0.01, 40, 0)
    np.testing.assert_allclose(value[:6], spectrum(operator)[:6], atol=1e-12)
    assert np.isnan(value[operator.size :]).all()
    np.testing.assert_array_equal(converged, np.isfinite(residual))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("dtype", "unit"), [(torch.float32, 1), (torch.float32, 30), (torch.float64, 300)])
def test_an_exhausted_krylov_space_ends_at_its_noise(dtype, unit, seed):
    operator = softmax_regression(dtype, unit=unit)
    truth = spectrum(softmax_regression(torch.float64, unit=unit))
    value, residual, converged = curvature.top_eigenvalues(operator, 28, 0.001, 100, seed)
    found = np.isfinite(value)
    assert found[:24].all()  # 6 images of 5 classes: the other eigenvalues are zero
    np.testing.assert_allclose(value[found], truth[:28][found], atol=1e-5 * truth[0])
    np.testing.assert_array_equal(converged, found)
    assert np.isnan(residual[~found]).all()
    assert not found[27]


def test_ranks_below_zero_are_nan_in_an_exhausted_krylov_space():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 3), nn.Tanh(), nn.Linear(3, 4)).double()
    batch = torch.randn(2, 20, dtype=torch.float64), torch.tensor([0, 1])
    operator = curvature.hessian(model, model.state_dict(), [batch], nn.functional.cross_entropy, "batch")
    truth = spectrum(operator)
    assert truth[-1] < -0.01 * truth[0]  # far down, but the next after zero in the Krylov space
    value, _, converged = curvature.top_eigenvalues(operator, 15, 1e-6, 60, 0)
    positive = (truth > 1e-10).sum()
    np.testing.assert_allclose(value[:positive], truth[:positive], atol=1e-10)
    np.testing.assert_allclose(value[converged], truth[:15][converged], atol=1e-10)
    assert positive <= converged.sum() < 15


def test_measuring_keeps_the_running_statistics_of_batch_norm():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.BatchNorm1d(5), nn.Linear(5, 10)).double()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    inputs, labels = networks.sample(problem.load_images(RUN), RUN, 40, 0)
    for mode in ("batch", "stored"):
        operator = curvature.hessian(model, state, [(inputs, labels)], nn.functional.cross_entropy, mode)
        curvature.top_eigenvalues(operator, 2, 0.1, 10, 0)
        torch.testing.assert_close(model[2].running_mean, state["2.running_mean"])
        torch.testing.assert_close(model[2].running_var, state["2.running_var"])


class Spare(nn.Linear):
    """A layer with a parameter that it does not use."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.spare = nn.Parameter(torch.ones(3))


@pytest.mark.parametrize("images", [[12], [6, 6]])
def test_a_parameter_that_the_loss_does_not_depend_on_has_no_curvature(images):
    torch.manual_seed(0)
    models = [layer(4, 3).double() for layer in (nn.Linear, Spare)]
    models[1].load_state_dict(models[0].state_dict(), strict=False)
    inputs, labels = torch.randn(12, 4, dtype=torch.float64), torch.arange(12) % 3
    batches = list(zip(inputs.split(images), labels.split(images), strict=True))
    plain, spare = (
        curvature.hessian(model, model.state_dict(), batches, nn.functional.cross_entropy, "batch") for model in models
    )
    vector = torch.randn(18, dtype=torch.float64)  # the three of `spare` are the last
    torch.testing.assert_close(spare.matvec(vector)[:15], plain.matvec(vector[:15]))
    assert not spare.matvec(vector)[15:].any()
    values = [curvature.top_eigenvalues(operator, 6, 1e-9, 15, 0)[0] for operator in (plain, spare)]
    np.testing.assert_allclose(*values, atol=1e-10)
    assert np.isfinite(curvature.trace(spare, 4, 0)).all()


@pytest.mark.parametrize("images", [[40], [20, 20]])
def test_dropout_is_off_while_batch_norm_takes_the_statistics_of_the_batch(images):
    torch.manual_seed(0)
    before, norm, after = nn.Linear(64, 5), nn.BatchNorm1d(5), nn.Linear(5, 10)
    dropping = nn.Sequential(nn.Flatten(), before, norm, nn.Dropout(0.5), after).double()
    plain = nn.Sequential(nn.Flatten(), before, norm, after).train()  # the same layers
    inputs, labels = networks.sample(problem.load_images(RUN), RUN, sum(images), 0)
    batches = list(zip(inputs.split(images), labels.split(images), strict=True))
    loss = nn.functional.cross_entropy
    operator = curvature.hessian(dropping, dropping.state_dict(), batches, loss, "batch")
    truth = HessianOperator(plain, batches, lambda network, batch: loss(network(batch[0]), batch[1]))
    vector = torch.randn(operator.size, dtype=torch.float64)
    torch.testing.assert_close(operator.matvec(vector), truth.matvec(vector))
    losses = [loss(plain(inputs), labels).item() for inputs, labels in batches]
    assert curvature.mean_loss(operator) == pytest.approx(np.mean(losses), rel=1e-12)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_weights_that_diverged_have_no_curvature(checkpoints, tmp_path):
    model = problem.build(RUN, problem.load_images(RUN))
    save(tmp_path, model, 0)
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    save(tmp_path, model, 10)
    result = hessian.compute(str(tmp_path), run=RUN, eigenvalues=3, images=40, trace_products=2)
    assert np.isfinite(result.eigenvalue[0]).all()
    assert result.eigenvalue[1].isnull().all()
    assert not result.converged[1].any()


def test_weights_whose_loss_overflows_have_no_curvature():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 3))
    state = {name: 1e25 * value for name, value in model.state_dict().items()}
    batch = torch.randn(6, 4), torch.arange(6) % 3
    operator = curvature.hessian(model, state, [batch], nn.functional.cross_entropy, "batch")
    value, residual, converged = curvature.top_eigenvalues(operator, 3, 0.01, 20, 0)
    assert np.isnan(value).all()
    assert np.isnan(residual).all()
    assert not converged.any()


@pytest.mark.parametrize("analysis", [hessian, landscape])
@pytest.mark.parametrize("given", [{"images": 5, "batch_size": 1}, {"images": 1, "batch_size": 500}])
def test_a_batch_of_one_image_that_batch_norm_cannot_take_is_refused_by_name(tmp_path, analysis, given):
    run = RUN | {"model_spec": {"factory": "sgdwalk.models.vgg:vgg", "arguments": {"depth": 9}}}
    said = f"batch_size = {given['batch_size']}, .*images = {given['images']}: every batch must hold two images"
    with pytest.raises(ValueError, match=said):
        analysis.compute(str(tmp_path), run=run, batch_norm="batch", **given)


def test_no_checkpoints_is_an_error_that_names_the_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        hessian.compute(str(tmp_path), run=RUN)


def test_extracted_snapshots_hold_the_weights_by_tensor(checkpoints):
    result = extract.compute(str(checkpoints), run=RUN)
    contracts.check(result, extract.CONTRACT)
    for index, shot in enumerate(networks.snapshots(checkpoints)):
        for layer, name in enumerate(result.tensor_name.values):
            part = result.weight[index, result.layer == layer]
            np.testing.assert_array_equal(part, shot["model"][name].reshape(-1))
    np.testing.assert_array_equal(result.step, [0, 150])
