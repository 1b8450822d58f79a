"""Mean squared displacement of each group of layers."""

from functools import partial

from sgdwalk import layerwise
from sgdwalk.analyses import msd

CONTRACT = layerwise.contract(msd)
compute = partial(layerwise.compute, msd)
