"""Claims of Kunin et al., doi 10.1162/neco_a_01626, in the order of the table. A new claim is a new row.

A statement of the paper that a run of theirs contradicts stands as they state it; what is our own test says so.
"""

from sgdwalk.samplers import INDEPENDENT
from sgdwalk.tables.claim_parts import Claim, regression, value
from sgdwalk.tables.quantities_kunin2021 import (
    against_curvature,
    displacement_exponent,
    drift_share,
    exponent,
    final_displacement,
    frequency_ratio,
    late_over_early_speed,
    least_inside,
    mean,
    mean_speed,
    over_critical,
    quotient,
    same_epoch,
    shuffled_over_independent,
    slope,
)
from sgdwalk.tables.runs_kunin2021 import (
    along,
    both_samplers,
    first_of,
    independent,
    least_and_most,
    reference,
    seeds,
    shuffled,
)
from sgdwalk.tables.verdicts import about, above, below

PAPER = "Kunin et al. 2024"
SEEDS = "interval: between seeds"
SCATTER = "interval: scatter about the line"

CLAIMS = (
    # statement, source, runs, quantity in words, what is expected, estimate
    Claim("constant speed after convergence", "Fig. 1", reference,
          "mean squared step, last / first fifth after the burn-in", about(1, 0.1), late_over_early_speed),
    Claim("speed predicted from the gradient noise", "Fig. 7 (our test: no constant fitted)", reference,
          "mean squared step, measured / predicted", about(1, 0.1), value("speed", "ratio")),
    Claim("squared step grows as the squared learning rate", "Fig. 7", along("lr"),
          f"logarithmic slope ({SCATTER})", about(2, 0.2), slope(mean_speed, lambda run: run["lr"])),
    Claim("squared step falls as one over the batch size", "Fig. 7", along("batch_size"),
          f"logarithmic slope ({SCATTER})", about(-1, 0.2), slope(mean_speed, lambda run: run["batch_size"])),
    Claim("squared step grows as 1 / (1 - beta^2)", "Fig. 7", along("momentum"),
          f"logarithmic slope ({SCATTER})", about(1, 0.2),
          slope(mean_speed, lambda run: 1 / (1 - run["momentum"] ** 2))),
    Claim("squared step independent of weight decay", "text", least_and_most("weight_decay"),
          "squared step, most / least weight decay", about(1, 0.1), quotient("speed", "speed")),
    Claim("displacement from the start grows as t^c with c > 1", "Fig. 1", seeds,
          f"exponent c from one start ({SEEDS})", above(1), displacement_exponent("start")),
    Claim("c > 1 as an average over many starts", "text (our test)", seeds,
          f"exponent c of the time average after the burn-in ({SEEDS})", above(1), displacement_exponent("average")),
    Claim("c > 1 without a mean drift", "text (our test)", seeds,
          f"exponent c of the time average without its drift ({SEEDS})", above(1),
          displacement_exponent("without_drift")),
    Claim("most of the displacement is drift", "our test", seeds,
          f"share of a mean drift at the longest lag ({SEEDS})", above(0.5), mean(drift_share)),
    Claim("c falls with the learning rate", "Fig. 7, ImageNet", along("lr"),
          f"change of c a decade ({SCATTER})", below(0),
          slope(exponent["start"], lambda run: run["lr"], of_logarithms=False)),
    Claim("c grows with the batch size", "Fig. 7, ImageNet", along("batch_size"),
          f"change of c a decade ({SCATTER})", above(0),
          slope(exponent["start"], lambda run: run["batch_size"], of_logarithms=False)),
    Claim("c falls with momentum", "Fig. 7, ImageNet (on CIFAR-10 it grows)", along("momentum"),
          f"change of c a decade of 1 / (1 - beta) ({SCATTER})", below(0),
          slope(exponent["start"], lambda run: 1 / (1 - run["momentum"]), of_logarithms=False)),
    Claim("the leading mode oscillates", "Fig. 6", first_of(independent),
          "stiffness over the critical one, leading mode", above(1), over_critical),
    Claim("oscillation at the frequency of the Hessian", "Fig. 6", first_of(independent),
          "frequency, fitted / predicted, leading mode", about(1, 0.1), frequency_ratio),
    Claim("stationary positions isotropic, not those of the loss", "Fig. 4", first_of(independent),
          f"logarithmic slope of their variance against curvature, leading modes ({SCATTER})", about(0, 0.2),
          against_curvature("position_variance")),
    Claim("stationary velocities as wide as the curvature", "Fig. 5", first_of(independent),
          f"logarithmic slope of their variance against curvature, leading modes ({SCATTER})", about(1, 0.2),
          against_curvature("velocity_variance")),
    Claim("gradient noise proportional to the Hessian", "assumption", reference,
          "gamma of variance ~ curvature^gamma, last checkpoint", about(1, 0.2),
          value("noise_curvature", "exponent", snapshot=-1)),
    Claim("linear regression follows the theory", "Fig. 2", regression(INDEPENDENT),
          "share inside the 95 % band, smallest over momenta", about(0.95, 0.02), least_inside),
    Claim("batches of an epoch are anticorrelated", "arXiv 2306.05300", first_of(shuffled),
          "correlation of the noise of two batches of an epoch", same_epoch, value("epoch_memory", "within_epoch")),
    Claim("shuffled epochs reach less far than independent batches", "arXiv 2306.05300", both_samplers,
          f"squared displacement in the end, shuffled / independent ({SEEDS})", below(1),
          shuffled_over_independent(final_displacement)),
)  # fmt: skip
