"""Mean squared loss of each group of layers."""

from functools import partial

from sgdwalk.analyses import msl
from sgdwalk.trajectory import layerwise

CONTRACT = layerwise.contract(msl)
compute = partial(layerwise.compute, msl)
