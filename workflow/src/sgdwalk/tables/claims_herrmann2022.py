"""Claims of Herrmann, Granz & Landgraf, NeurIPS 2022: chaotic dynamics are intrinsic to training with SGD.

They perturb networks when training begins and see the copies part, and they call directions of negative curvature, in
which small differences grow, local chaos. Ours: whether the Hessian tells how fast twins part.
"""

from dataclasses import replace

from sgdwalk.tables.claim_parts import Claim, Quantity, base, difference, value
from sgdwalk.tables.study_results import Results
from sgdwalk.tables.verdicts import NOT_ALIGNED, Estimate, about, above

PAPER = "Herrmann et al. 2022"
ALIGNED = 0.5  # least |cos| of a tangent vector before and after the steps (our choice)
MARGIN = 0.02  # of growth rates per step that count as equal (our choice)
OF_WALK = "(interval: blocks of steps of one walk)"
FIRST, LAST = 0, -1  # starts
CLOSEST, FARTHEST = 0, -1  # twins


def grown(prefix: str = "", start: int = FIRST) -> Quantity:
    """Exponent of a tangent vector; where it was still turning it is a lower bound, which may be enough."""

    def estimate(results: Results, run: str) -> Estimate | None:
        here = results.place("sensitivity", run)
        if here is None or not here.sizes["start"]:
            return None
        found = results.estimate("sensitivity", run, f"{prefix}exponent", start=start)
        turning = not here[f"{prefix}alignment"][start] >= ALIGNED
        return replace(found, reason=NOT_ALIGNED if turning and not found.low > 0 else "")

    return estimate


def apart(twin: int) -> Quantity:
    """Growth rate of twins minus the exponent of a tangent vector that has found its direction, as if independent."""

    def estimate(results: Results, run: str) -> Estimate | None:
        here = results.place("sensitivity", run)
        if here is None or not here.sizes["start"] or not here.sizes["offset"]:
            return None
        twins = value("sensitivity", "twin_exponent", start=FIRST, offset=twin)
        found = difference(twins, minus=value("sensitivity", start=FIRST))(results, run)
        return replace(found, reason="" if here.alignment[FIRST] >= ALIGNED else NOT_ALIGNED)

    return estimate


def falling(results: Results, run: str) -> Estimate | None:
    """Exponent at the first start minus that at the last; None without two of them."""
    here = results.place("sensitivity", run)
    if here is None or here.sizes["start"] < 2:
        return None
    turning = not (here.alignment[[FIRST, LAST]] >= ALIGNED).all()
    found = difference(value("sensitivity", start=FIRST), minus=value("sensitivity", start=LAST))(results, run)
    return replace(found, reason=NOT_ALIGNED if turning else "")


CLAIMS = (
    Claim("small differences grow", "abstract", base,
          f"largest Lyapunov exponent per step {OF_WALK}", above(0), grown()),
    Claim("directions of local chaos: they grow at fixed weights as well", "abstract", base,
          f"Lyapunov exponent at fixed weights per step {OF_WALK}", above(0), grown("frozen_")),
    Claim("chaos mostly confined to the initial phase", "abstract", base,
          f"Lyapunov exponent, first - last start {OF_WALK}", above(0), falling),
    Claim("distant twins part as the Hessian says", "our test", base,
          f"growth rate of the farthest twins - Lyapunov exponent, per step {OF_WALK}", about(0, MARGIN),
          apart(FARTHEST)),
    Claim("close twins part as the Hessian says", "our test", base,
          f"growth rate of the closest twins - Lyapunov exponent, per step {OF_WALK}", about(0, MARGIN),
          apart(CLOSEST)),
)  # fmt: skip
