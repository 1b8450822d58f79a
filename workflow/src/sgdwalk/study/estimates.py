"""Time, memory and disk that a study will take on this machine, from the speed of its networks here. No torch.

Upper estimates of memory and guesses of time: steps are timed, or else counted at 10 GFLOP/s a thread
(study.resources); what evaluates the network is counted in gradients; all other jobs by the windows that they read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sgdwalk.study import resources, sizes
from sgdwalk.study.jobs import analyses_of_run, jobs_of_study, recording_rule
from sgdwalk.study.load import Study
from sgdwalk.study.requested_memory import of_analysis, of_run
from sgdwalk.study.sweeps import same_start

Run = Mapping[str, Any]

TESTED = 1 / 5  # test images in units of training images
OPTIMISER = {"adam": 2}  # sizes of its state in units of the weights; SGD has one with momentum, else none
RESUME_STATES = 2
WIDTHS = 20  # evaluations of the loss for the widths along a principal direction and a random one, as seen
READ = 100e6  # bytes of a recorded walk that are read in a second
JOB_SECONDS = 3  # start of Python with its libraries, reading, writing
WINDOW_SECONDS = {"msd": 0.6, "path": 1.7, "msl": 1.0, "tails": 3.0}  # of a window of LONG steps
LONG = 1000
PRODUCTS = 4  # Hessian-vector products that an eigenvalue takes, as seen; a request to a scheduler allows for more
EIGENVALUES = {"hessian": "eigenvalues", "modes": "count"}  # the setting that says how many


@dataclass(frozen=True)
class Speed:
    """What is known of a run's training on this machine.

    step: seconds of a step with `size` images. pair: seconds of the distance of two weights, so that those of a window
    take pair x window^2. image: seconds of the gradient of an image among many. device: 'cpu' or 'cuda'. parameters,
    images, steps: counted, None where resources guesses or knows them.
    """

    step: float
    size: int
    pair: float
    image: float
    device: str = "cpu"
    parameters: int | None = None
    images: int | None = None
    steps: int | None = None


NO_TRAINING = Speed(0.0, 1, 0.0, 0.0)
LARGEST = 1e10  # operations of a step that is timed: of a larger batch as many images as this allows
SMALLEST = 2  # images of a step that is timed


@dataclass(frozen=True)
class Estimate:
    """Of a run: seconds of its training on its threads and of each analysis, MB of the largest job, bytes of results.

    states: bytes beside these while it trains.
    """

    training: float
    analyses: Mapping[str, float]
    memory: float
    disk: float
    states: float


def untimed(run: Run) -> Speed:
    """The speed that resources counts with, on a thread."""
    if not run["model"]:
        return NO_TRAINING
    image = resources.gradient_operations(run, 1) / resources.SPEED["cpu"]
    return Speed(resources.step_seconds({**run, "device": "cpu"}), run["batch_size"], 0.0, image)


def timed_batch(run: Run) -> int:
    """Images in the steps that are timed for a run."""
    return min(run["batch_size"], affordable(run))


def affordable(run: Run) -> int:
    """Images whose gradient takes LARGEST operations; SMALLEST, if that is fewer."""
    return max(SMALLEST, int(LARGEST / resources.gradient_operations(run, 1)))


def step_seconds(run: Run, speed: Speed) -> float:
    """Time of a step of a run."""
    return speed.step * run["batch_size"] / speed.size


def with_counts(run: Run, speed: Speed) -> dict[str, Any]:
    """The run on the device of the speed, with the numbers that were counted, which resources prefers to its own."""
    known = {key: getattr(speed, key) for key in ("parameters", "images", "steps") if getattr(speed, key)}
    return {**run, "device": speed.device, "counted": known}


def estimate(study: Study, name: str, speed: Speed) -> Estimate:
    """The estimate of a run of a study."""
    run = with_counts(study.runs[name], speed)
    trained = recording_rule(study, name) == "train"
    made = {analysis.name: seconds(study, analysis, run, speed) for analysis in analyses_of_run(study, name)}
    held = [of_analysis(study, analysis, run) for analysis in analyses_of_run(study, name)]
    held += [of_run(study, "train", run)] if trained else []
    return Estimate(
        training_seconds(run, speed) if trained else JOB_SECONDS + walk_bytes(run) / READ,
        made,
        max(held),
        disk(study, run, trained),
        states(run) if trained else 0,
    )


def training_seconds(run: Run, speed: Speed) -> float:
    """Time of a training: steps, distances of windows, widths of the loss there, the test images of each epoch."""
    epochs = resources.steps(run) / resources.epoch_steps(run)
    tested = epochs * TESTED * resources.images(run) * resources.FORWARD * speed.image
    losses = WIDTHS * run["record"]["flatness"] * run["record"]["flatness_images"]
    per_window = run["window"] ** 2 * speed.pair + losses * resources.FORWARD * speed.image
    windows = resources.windows(run) * per_window
    return JOB_SECONDS + resources.steps(run) * step_seconds(run, speed) + windows + tested


def seconds(study: Study, analysis, run: Run, speed: Speed) -> float:
    """Time of an analysis, which may read the file of another run that starts from the same."""
    if analysis.of_start and same_start(run["run"], study.runs):
        return JOB_SECONDS
    if analysis.name in resources.GRADIENTS:
        gradients = resources.GRADIENTS[analysis.name](run, usual(analysis.name, section(study, analysis)))
        return JOB_SECONDS + gradients * speed.image
    longer = run["window"] / LONG
    return JOB_SECONDS + WINDOW_SECONDS.get(analysis.name, 0) * resources.windows(run) * longer


def usual(analysis: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings of an analysis with the number of products that its search for eigenvalues usually takes."""
    if analysis not in EIGENVALUES:
        return settings
    products = min(settings["most_products"], PRODUCTS * settings[EIGENVALUES[analysis]])
    return {**settings, "most_products": 2 * products}  # of which resources counts one half


def section(study: Study, analysis) -> Mapping[str, Any]:
    """The settings of an analysis."""
    return study.settings.get(analysis.section or analysis.name, {})


# Disk


def walk_bytes(run: Run) -> float:
    """Size of a recorded walk, as far as its numbers were counted."""
    known = [resources.counted(run, what) or 0 for what in ("steps", "parameters")]
    return 4.0 * known[0] * known[1]


def disk(study: Study, run: Run, trained: bool) -> float:
    """Bytes of a run's results, not compressed."""
    record, steps = run["record"], resources.windows(run) * run["window"]
    number = 8 if run["dtype"] == "float64" else 4
    weights = number * resources.parameters(run) if trained else 0
    modes = study.settings["modes"]["count"] if run["parent"] else 0
    per_step = 8 * (sizes.SERIES + len(record["anchors"]) + sizes.ALONG * modes) + 4 * record["sketch"]
    groups = 1 + (sizes.LAYERS if record["layers"] else 0)
    kept = weights * (1 + states_of_optimiser(run)) * run["snapshots"] if trained else 0
    kept += weights * run["snapshots"] if trained and run["analyses"] else 0
    kept += weights * steps if record["walk"] else 0
    samples = 4 * record["samples"] * resources.windows(run)
    return groups * sizes.distances(run) + per_step * steps + samples + kept + modes * weights


def states(run: Run) -> float:
    """Bytes that a training keeps until it ends, to resume from."""
    number = 8 if run["dtype"] == "float64" else 4
    gradients = resources.epoch_steps(run) if run["record"]["noise"] else 0
    return RESUME_STATES * number * resources.parameters(run) * (4 + states_of_optimiser(run) + gradients)


def states_of_optimiser(run: Run) -> int:
    """Numbers of the optimiser's state per weight."""
    return OPTIMISER.get(run["optimiser"], int(run["momentum"] > 0))


# The whole study


def busy(study: Study, found: Mapping[str, Estimate]) -> float:
    """Seconds of all jobs, one after the other, times their threads."""
    runs = (study.runs[name]["threads"] or 1 for name in found)
    each = (e.training * threads + sum(e.analyses.values()) for e, threads in zip(found.values(), runs, strict=True))
    return sum(each) + JOB_SECONDS * (len(jobs_of_study(study)) + len(found))


def elapsed(study: Study, found: Mapping[str, Estimate], cores: int) -> float:
    """Seconds from start to end on so many cores: of all jobs without a gap, or of the longest chain of runs."""
    return max(busy(study, found) / cores, *(chain(study, found, name) for name in found))


def chain(study: Study, found: Mapping[str, Estimate], name: str) -> float:
    """Seconds until a run and its longest analysis are done, with all runs that it goes on from."""
    return trained_after(study, found, name) + max(found[name].analyses.values())


def trained_after(study: Study, found: Mapping[str, Estimate], name: str) -> float:
    """Seconds until the files of a run are there, with those of the runs that it goes on from."""
    before = study.runs[name]["windows_of"] or study.runs[name]["parent"]
    waited = trained_after(study, found, before) if before else 0
    return waited + found[name].analyses.get("modes", 0) + found[name].training
