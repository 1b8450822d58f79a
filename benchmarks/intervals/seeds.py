"""Random numbers of one walk or sample."""

import zlib

import numpy as np


def generator(kind: str, seed: int) -> np.random.Generator:
    """A generator for a walk or sample of this kind; every kind has numbers of its own."""
    return np.random.default_rng([seed, zlib.crc32(kind.encode())])
