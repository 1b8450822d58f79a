"""The largest eigenvalues of a Hessian: ours beside ARPACK on the same products and beside deflated power iteration.

`python benchmarks/curvature.py [--eigenvalues 20] [--images 500] [--steps 1500] [--snapshots 4] [--power 300]` trains
a network of 4,042 parameters on the digits for that many steps and prints, for its Hessians at the snapshots, Hessian
products and CPU seconds of one thread, the largest relative error of an eigenvalue, and the ranks that are right
within 1 %. All are asked for residuals of 1 % of the eigenvalue. The truth is our search at 0.1 % from another start.
Power iteration gives an eigenvalue up after --power products. The last line is our search from the eigenvectors of the
snapshot before instead of a random vector. `--large 64` takes ResNet-14 at random weights over 64 images instead.
Where curvlinops is installed (`pip install curvlinops-for-pytorch`), ARPACK runs on its Hessian too.
"""

import argparse
import contextlib
import copy
import importlib.util
import io
import os
import sys
import time
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "src"))

import numpy as np
import torch
from hessian_eigenthings import CurvatureOperator, deflated_power_iteration
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh
from sgdwalk.data import digits
from sgdwalk.landscapes import curvature
from sgdwalk.landscapes.krylov import Krylov
from sgdwalk.models.mlp import mlp
from sgdwalk.models.resnet import resnet
from torch import nn

TOLERANCE, EXACT, MOST = 0.01, 1e-3, 1000
MIXED = 0.3  # length of the random part of a start from eigenvectors


class Counted(CurvatureOperator):
    """An operator that counts its products."""

    def __init__(self, operator: CurvatureOperator):
        self.operator, self.model, self.products = operator, operator.model, 0

    size = property(lambda self: self.operator.size)
    device = property(lambda self: self.operator.device)
    dtype = property(lambda self: self.operator.dtype)

    def matvec(self, v: torch.Tensor) -> torch.Tensor:
        """H v."""
        self.products += 1
        return self.operator.matvec(v)


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    defaults = {"eigenvalues": 20, "images": 500, "steps": 1500, "snapshots": 4, "power": 300, "large": 0}
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def images(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Normalised training digits and their labels."""
    data = digits.load()
    scale = np.reshape(data.mean, (-1, 1, 1)), np.reshape(data.std, (-1, 1, 1))
    inputs = (data.train[:count] - scale[0]) / scale[1]
    return torch.from_numpy(inputs).float(), torch.from_numpy(data.train_labels[:count])


def perceptron() -> nn.Module:
    """Three layers, at random weights."""
    return mlp(1, 8, 10, depth=3, width=36)


def trained(steps: int, snapshots: int) -> list[dict]:
    """State dicts of a perceptron at evenly spaced steps of SGD, the initial ones left out."""
    torch.manual_seed(0)
    model, (inputs, labels), states = perceptron(), images(1500), []
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(1, steps + 1):
        pick = torch.randint(len(labels), (32,))
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(inputs[pick]), labels[pick]).backward()
        optimiser.step()
        if step * snapshots % steps < snapshots:
            states.append({name: value.clone() for name, value in model.state_dict().items()})
    return states


def ours(operator: Counted, count: int) -> np.ndarray:
    """Our search."""
    return curvature.top_eigenvalues(operator, count, TOLERANCE, MOST, 0).value


def arpack(operator: Counted, count: int) -> np.ndarray:
    """ARPACK's restarted Lanczos on the same products; of `count` eigenvalues, however many are needed."""

    def product(v):
        return operator.matvec(torch.from_numpy(v.ravel()).to(operator.dtype)).double().numpy()

    return largest(operator.size, product, count)


def largest(size: int, product, count: int) -> np.ndarray:
    """The `count` largest eigenvalues, falling, that ARPACK finds with this product of NumPy vectors."""
    start = np.random.default_rng(0).standard_normal(size)
    linear = LinearOperator((size, size), matvec=product, dtype=float)
    try:
        return np.sort(eigsh(linear, count, which="LA", tol=TOLERANCE, v0=start, maxiter=MOST)[0])[::-1]
    except ArpackNoConvergence as stopped:
        return np.sort(stopped.eigenvalues)[::-1]


def curvlinops_arpack(batch: tuple[torch.Tensor, torch.Tensor]):
    """ARPACK on the Hessian of curvlinops over the batch, batch norm as in training, whose averages it cannot carry."""
    from curvlinops import HessianLinearOperator

    def solve(operator: Counted, count: int) -> np.ndarray:
        model, loss = copy.deepcopy(operator.model), nn.CrossEntropyLoss()
        for norm in (module for module in model.modules() if isinstance(module, nn.BatchNorm2d)):
            norm.running_mean = norm.running_var = norm.num_batches_tracked = None
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        theirs = HessianLinearOperator(model, loss, weights, [batch], check_deterministic=False).to_scipy()

        def product(v):
            operator.products += 1
            return theirs @ v.ravel().astype(np.float32)

        return largest(operator.size, product, count)

    return solve


def guarded_arpack(operator: Counted, count: int) -> np.ndarray:
    """ARPACK asked for the further eigenvalues that ours asks for, too."""
    return arpack(operator, count + curvature.GUARDS)[:count]


def power(most: int):
    """Deflated power iteration of hessian-eigenthings, at most `most` products each; finds largest absolute values."""

    def solve(operator: Counted, count: int) -> np.ndarray:
        found = deflated_power_iteration(operator, k=count, max_iter=most, tol=TOLERANCE, seed=0)
        return np.sort(found.eigenvalues.double().numpy())[::-1]

    return solve


def row(name: str, solve, operators: list, truths: list[np.ndarray]) -> None:
    """A line of the table: products, CPU seconds and the largest error over the operators."""
    counted, errors, start = [Counted(operator) for operator in operators], [], time.process_time()
    for operator, truth in zip(counted, truths, strict=True):
        with contextlib.redirect_stderr(io.StringIO()):
            found = solve(operator, len(truth))
        found = np.append(found, np.full(len(truth) - len(found), np.inf))
        errors.append(np.abs(found / truth - 1))
    spent = (time.process_time() - start) / len(counted)
    products = np.mean([operator.products for operator in counted])
    right = 100 * np.mean(np.array(errors) < TOLERANCE)
    print(f"| {name} | {products:.0f} | {spent:.2f} | {100 * np.max(errors):.2g} % | {right:.0f} % |", flush=True)


def warm(vectors: list[torch.Tensor]):
    """Our search from the sum of the eigenvectors of the snapshot before, the list's last, and a random part."""

    def solve(operator: Counted, count: int) -> np.ndarray:
        random = torch.randn(operator.size, generator=torch.Generator().manual_seed(0))
        start = random / random.norm()
        if vectors:
            start = vectors[-1].sum(0) / len(vectors[-1]) ** 0.5 + MIXED * start
        (pairs, _), _ = curvature.converge(Krylov(operator, start, MOST), (count, 0), TOLERANCE)
        vectors.append(pairs.vectors[:count])
        return pairs.value[:count]

    return solve


def table(operators: list, batch: tuple, count: int, most: int) -> None:
    """Print the table of some Hessians of one network over a batch; means over them."""
    with contextlib.redirect_stderr(io.StringIO()):
        truths = [curvature.top_eigenvalues(o, count, EXACT, MOST, 1).value for o in operators]
    print("| method | products | CPU s | largest error | ranks within 1 % |\n| --- | --- | --- | --- | --- |")
    row("ours", ours, operators, truths)
    row("eigsh on our products", arpack, operators, truths)
    row(f"eigsh on our products, {curvature.GUARDS} further eigenvalues", guarded_arpack, operators, truths)
    if importlib.util.find_spec("curvlinops"):
        row("eigsh on products of curvlinops", curvlinops_arpack(batch), operators, truths)
    row(f"power iteration, at most {most} each", power(most), operators, truths)
    if len(operators) > 1:
        row("ours, from the eigenvectors of the snapshot before", warm([]), operators, truths)


def main() -> None:
    """Print the table of one network."""
    chosen, loss = options(), nn.functional.cross_entropy
    if chosen.large:
        torch.manual_seed(0)
        model, batch = resnet(1, 8, 10, depth=14), images(chosen.large)
        operators = [curvature.hessian(model, model.state_dict(), [batch], loss, "batch")]
    else:
        batch, states = images(chosen.images), trained(chosen.steps, chosen.snapshots)
        operators = [curvature.hessian(perceptron(), state, [batch], loss, "batch") for state in states]
    print(f"{operators[0].size:,} parameters, {len(batch[1])} digits, mean over snapshots: {len(operators)}\n")
    table(operators, batch, chosen.eigenvalues, chosen.power)


if __name__ == "__main__":
    main()
