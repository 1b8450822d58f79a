"""Mean squared loss of each group of layers."""

from functools import partial

from sgdwalk import layerwise
from sgdwalk.analyses import msl

CONTRACT = layerwise.contract(msl)
compute = partial(layerwise.compute, msl)
