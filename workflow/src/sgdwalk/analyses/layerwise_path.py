"""The path of each group of layers."""

from functools import partial

from sgdwalk import layerwise
from sgdwalk.analyses import path

CONTRACT = layerwise.contract(path)
compute = partial(layerwise.compute, path)
