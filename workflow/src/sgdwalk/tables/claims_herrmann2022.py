"""Claims of Herrmann, Granz & Landgraf, NeurIPS 2022: chaotic dynamics are intrinsic to training with SGD.

They perturb networks when training begins and see the copies part. Ours: whether the Hessian tells how fast.
"""

from dataclasses import replace

from sgdwalk.tables.claim_parts import Claim, Quantity, base, difference, value
from sgdwalk.tables.study_results import Results
from sgdwalk.tables.verdicts import NOT_ALIGNED, Estimate, above

PAPER = "Herrmann et al. 2022"
ALIGNED = 0.5  # least |cos| of two tangent vectors that have found the direction that grows most (our choice)
OF_WALK = "(interval: blocks of steps of one walk)"
FIRST, CLOSEST, FARTHEST = 0, 0, -1  # start, twins

farthest, closest = (value("sensitivity", "twin_exponent", start=FIRST, offset=twin) for twin in (FARTHEST, CLOSEST))


def aligned(quantity: Quantity, *, needed: bool) -> Quantity:
    """A quantity of the first start; NOT_ALIGNED where the tangent vector has not found the direction that grows most.

    needed: also where the quantity lies above 0; without it a vector that grows is enough, whichever it is.
    """

    def estimate(results: Results, run: str) -> Estimate | None:
        here = results.place("sensitivity", run)
        if here is None or not here.sizes["start"]:
            return None
        found = quantity(results, run)
        enough = here.alignment[FIRST] >= ALIGNED or (found.low > 0 and not needed)
        return replace(found, reason="" if enough else NOT_ALIGNED)

    return estimate


def of_twins(quantity: Quantity) -> Quantity:
    """A quantity of the first start; None without at least two distances of twins."""

    def estimate(results: Results, run: str) -> Estimate | None:
        here = results.place("sensitivity", run)
        twins = here is not None and here.sizes["start"] and here.sizes["offset"] > 1
        return quantity(results, run) if twins else None

    return estimate


CLAIMS = (
    Claim("small differences grow", "abstract", base,
          f"largest Lyapunov exponent per step {OF_WALK}", above(0),
          aligned(value("sensitivity", start=FIRST), needed=False)),
    Claim("twins part faster than the Hessian says", "our test", base,
          f"growth rate of the farthest twins beyond the Lyapunov exponent, per step {OF_WALK}", above(0),
          of_twins(aligned(value("sensitivity", "twin_excess", start=FIRST, offset=FARTHEST), needed=True))),
    Claim("close twins part faster than distant ones", "our test", base,
          f"growth rate of the closest twins - that of the farthest, per step {OF_WALK}", above(0),
          of_twins(difference(closest, minus=farthest))),
)  # fmt: skip
