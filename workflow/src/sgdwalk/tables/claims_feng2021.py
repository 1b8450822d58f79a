"""Claims of Feng & Tu, doi 10.1073/pnas.2015617118: the weights vary less where the loss is flatter.

Gross et al. (arXiv 2311.14120) derive the relation for a linear network of two layers and find none for one layer;
Kühn & Rosenow (arXiv 2306.05300) find equal variances along Hessian eigenvectors of all but small curvature. The third
row asks how much of the relation is due to directions that are the walk's own.
"""

from dataclasses import replace

from sgdwalk.analyses.variance_flatness import SLOW, slowness
from sgdwalk.tables.claim_parts import Claim, base, difference, value
from sgdwalk.tables.study_results import Results
from sgdwalk.tables.verdicts import NOT_RELAXED, Estimate, about, below

PAPER = "Feng & Tu 2021"
WITHIN = "late windows (interval: between windows)"

random = value("variance_flatness", along="random")


def principal(results: Results, run: str) -> Estimate | None:
    """The exponent along principal directions; NOT_RELAXED where the walk has not relaxed along most of them.

    They are then ranked by how slow they are, whatever the noise, and slow directions are flat: on a quadratic loss
    with equal stationary variances the exponent of such windows is above 2.
    """
    found = results.estimate("variance_flatness", run, "exponent", along="principal")
    if found is None:
        return None
    return replace(found, reason=NOT_RELAXED if slowness(results.files["variance_flatness"][run]) >= SLOW else "")


def against_random(results: Results, run: str) -> Estimate | None:
    """The exponent along principal directions, with that along random ones as its null model."""
    found = principal(results, run)
    return found and replace(found, nulls=(random(results, run),))


CLAIMS = (
    Claim("variance falls with flatness along principal directions", "Fig. 3", base,
          f"exponent of variance against flatness, {WITHIN} (null: random directions)", below(0), against_random),
    Claim("variance ~ flatness^-4", "Fig. 3", base,
          f"exponent of variance against flatness, {WITHIN}", about(-4, 1), principal),
    Claim("variance falls faster along principal than along random directions", "Fig. 3 (our contrast)", base,
          f"difference of these exponents, {WITHIN}", below(0), difference(principal, minus=random)),
)  # fmt: skip
