"""Memory in MB that trainings and analyses request of a scheduler: Python with its libraries, and what a job holds.

Upper estimates: of the jobs of `digits` between the measured peak and twice that (docs/performance.md); others grow
with networks, images, windows and snapshots. On a GPU activations and vectors are the GPU's.
"""

from collections.abc import Iterable

from sgdwalk.study import sizes
from sgdwalk.study.resources import Run, epoch_steps, gpus, parameters
from sgdwalk.study.sizes import Settings

# Python, with the libraries of a training, of a network without an optimiser, and of analyses without a network.
TRAINING_MB, NETWORK_MB, LIGHT_MB = 800, 500, 225
OWN_MB = 2000  # more, for a user's own code
CUDA_MB = 4000  # host memory of CUDA
MATRICES = 16  # of a window's squared distances, in an analysis at once
GRAPH = 3  # activations of a gradient with its graph, over those of a pass
TANGENTS = 48  # vectors of the weights of a sensitivity
GRIDS = 250  # copies of a plane's surface in its dimension, with wavelet leaders and simulated surfaces
SIMULATED = 8 * 10 * 2**21  # bytes of simulated modes at a time
SURFACES, PATHS = 6, 40  # copies of a toy model's surface; numbers a step of a walker
GAUSSIAN = 250  # copies of a fractional Brownian surface while it is made; a third of them where H is at most 3/4


def training(run: Run, modes: Settings | None = None) -> int:
    """Memory of a training: images, distances; on a CPU activations, a window of weights, an epoch of gradients.

    modes: settings of the eigenvectors that a run with a parent is projected on.
    """
    if run["mem_mb"]:
        return run["mem_mb"]
    rows = run["window"] + 4 + (epoch_steps(run) if run["record"]["noise"] else 0)
    weights = rows * parameters(run) * sizes.number(run)
    held = on_cpu(run, weights + sizes.activations(run, run["batch_size"]))
    projected = 3 * sizes.vectors(run, modes) if modes and run["parent"] else 0
    return in_mb(TRAINING_MB + CUDA_MB * gpus(run), sizes.data(run), held, 3 * sizes.distances(run), projected)


def in_mb(base: float, *parts: float) -> int:
    """The sum of a number of MB and of parts in bytes."""
    return round(base + sum(parts) / 1e6)


def on_cpu(run: Run, size: float) -> float:
    """The size of what is on the run's device; 0 of a GPU."""
    return 0 if gpus(run) else size


def evaluating(run: Run, *parts: float) -> int:
    """Memory of an analysis that reads the run's snapshots and images and evaluates its network, with these parts."""
    return in_mb(NETWORK_MB + CUDA_MB * gpus(run), sizes.data(run), sizes.snapshots(run), *parts)


def extract(run: Run, settings: Settings) -> int:
    """Memory of the extraction of the snapshots."""
    return evaluating(run)


def surfaces(run: Run, settings: Settings) -> int:
    """Memory of a loss on planes, of random ones or through the snapshots: a pass over a batch."""
    batch = min(settings["batch_size"], max(settings["images"], settings["test_images"]))
    return evaluating(run, on_cpu(run, sizes.largest_layer(run, batch)))


def sensitivity(run: Run, settings: Settings) -> int:
    """Memory of a sensitivity: a gradient's graph, tangent vectors and twins."""
    graph = GRAPH * sizes.activations(run, run["batch_size"])
    return evaluating(run, on_cpu(run, graph + TANGENTS * sizes.number(run) * parameters(run)))


def noise_curvature(run: Run, modes: Settings) -> int:
    """Memory of noise and curvature along eigenvectors: a gradient's graph, a product for each.

    modes: settings of the eigenvectors.
    """
    graph = GRAPH * sizes.activations(run, run["batch_size"])
    along = sizes.vectors(run, modes)
    return evaluating(run, 3 * along, on_cpu(run, graph + 3 * along))


def modes(run: Run, settings: Settings) -> int:
    """Memory of the eigenvectors: their copies, and what a search takes."""
    return round(search(run, settings, run["batch_size"]) + 5 * sizes.vectors(run, settings) / 1e6)


def copied(run: Run, settings: Settings) -> int:
    """Memory of the eigenvectors that another run has already, in a job that does not load torch."""
    return in_mb(LIGHT_MB, 3 * sizes.vectors(run, settings))


def hessian(run: Run, settings: Settings) -> int:
    """Memory of the Hessian at snapshots."""
    return search(run, settings, min(settings["batch_size"], settings["images"]))


def search(run: Run, settings: Settings, batch: int) -> int:
    """Memory of a search for eigenvalues: on a CPU the Krylov space, its products, a batch's graph."""
    space = 2 * 4 * settings["most_products"] * parameters(run) + GRAPH * sizes.activations(run, batch)
    return evaluating(run, on_cpu(run, space))


def of_windows(run: Run, settings: Settings) -> int:
    """Memory of an analysis of a run's windows: three copies of their distances, matrices of one window."""
    return in_mb(LIGHT_MB, 3 * sizes.distances(run), MATRICES * 8 * run["window"] ** 2)


def msl(run: Run, settings: Settings) -> int:
    """Memory of the MSL of a run's windows, which needs half the matrices."""
    return in_mb(LIGHT_MB, 3 * sizes.distances(run), MATRICES / 2 * 8 * run["window"] ** 2)


def own(run: Run, settings: Settings) -> int:
    """Memory of an analysis of the user's own, whose code is not known."""
    return OWN_MB + of_windows(run, settings)


def of_layers(run: Run, settings: Settings) -> int:
    """Memory of an analysis of the windows of each group of layers."""
    return of_windows(run, settings) + in_mb(0, 3 * (sizes.LAYERS - 1) * sizes.distances(run))


def tails(run: Run, settings: Settings) -> int:
    """Memory of the stable laws of a run's gradients."""
    return in_mb(LIGHT_MB, 4 * sizes.samples(run))


def of_series(run: Run, settings: Settings) -> int:
    """Memory of an analysis of training.nc."""
    return in_mb(LIGHT_MB, 4 * 8 * sizes.SERIES * sizes.steps(run))


def of_sketch(run: Run, settings: Settings) -> int:
    """Memory of an analysis of the sketch."""
    return in_mb(LIGHT_MB, 3 * sizes.sketch(run))


def dimension(run: Run, landscape: Settings) -> int:
    """Memory of the dimension of loss surfaces. landscape: their settings."""
    return in_mb(LIGHT_MB, 4 * sizes.landscape(landscape), GRIDS * 8 * landscape["points"] ** 2)


def displacement(run: Run, modes: Settings) -> int:
    """Memory of a child's displacement: its directions, distances and sketch. modes: settings of the eigenvectors."""
    return of_directions(run, modes) + in_mb(0, 4 * sizes.distances(run), 8 * sizes.sketch(run))


def of_directions(run: Run, modes: Settings) -> int:
    """Memory of an analysis of a child along its eigenvectors. modes: their settings."""
    return in_mb(LIGHT_MB, 4 * sizes.directions(run, modes))


def phase_space(run: Run, modes: Settings) -> int:
    """Memory of a child's modes beside simulated ones."""
    return of_directions(run, modes) + in_mb(0, max(SIMULATED, 80 * sizes.steps(run)))


def check(run: Run) -> int:
    """Memory of the check of a run's results."""
    return in_mb(LIGHT_MB, sizes.distances(run), 2 * sizes.samples(run), 8 * 50 * sizes.steps(run))


def cut_windows(longer: Run) -> int:
    """Memory of cutting the windows of a longer run."""
    return in_mb(LIGHT_MB, 4 * sizes.distances(longer), 3 * sizes.samples(longer), 2 * sizes.sketch(longer))


# Without a run of their own: the first argument is the landscape, the sampler, or None.


def toy(landscape: str | None, settings: Settings) -> int:
    """Memory of a toy model: copies of a surface, and the walkers of every start or step size at once."""
    rates = len(settings["step_sizes"]) if "step_sizes" in settings else 3
    surface = (GAUSSIAN if landscape == "brownian" else SURFACES) * sizes.surface(settings["levels"])
    return in_mb(LIGHT_MB, surface, walkers(settings, rates))


def toy_noiseless(landscape: None, settings: Settings) -> int:
    """Memory of the toy model without noise, whose surfaces are Gaussian: walkers of every learning rate at once."""
    surface = GAUSSIAN * sizes.surface(settings["levels"])
    return in_mb(LIGHT_MB, surface, walkers(settings, len(settings["learning_rates"])))


def walkers(settings: Settings, rates: int) -> float:
    """Bytes of the paths of all walkers, so many times as many as there are of one kind."""
    return 8 * PATHS * rates * settings["walkers"] * settings["steps"]


def regression(sampler: str, settings: Settings) -> int:
    """Memory of a linear regression: its images as features, the theory's moments."""
    pixels = sizes.data(settings["data"]) / sizes.COPIES
    return in_mb(NETWORK_MB, 4 * 8 * pixels, 4 * sizes.regression(settings))


def ensemble(runs: Iterable[Run], settings: Settings) -> int:
    """Memory of an analysis of the files msd.nc of a group of runs."""
    return in_mb(LIGHT_MB, *(4 * sizes.of_run("msd", run, {}) for run in runs))
