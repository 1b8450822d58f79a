"""Mean squared displacement of each group of layers."""

from functools import partial

from sgdwalk.analyses import msd
from sgdwalk.trajectory import layerwise

CONTRACT = layerwise.contract(msd)
compute = partial(layerwise.compute, msd)
