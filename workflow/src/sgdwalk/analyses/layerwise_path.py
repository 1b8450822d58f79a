"""The path of each group of layers."""

from functools import partial

from sgdwalk.analyses import path
from sgdwalk.trajectory import layerwise

CONTRACT = layerwise.contract(path)
compute = partial(layerwise.compute, path)
