"""scikit-learn's handwritten digits: 1,797 real 8x8 images that come with the library."""

import numpy as np
from sklearn.datasets import load_digits

from sgdwalk.data.images import Images, from_pixels


def load() -> Images:
    """1,597 training images; every ninth image, 200 in all, is for testing. Not mirrored: that would not be a digit."""
    digits = load_digits()
    test = np.arange(len(digits.target)) % 9 == 0
    pixels = digits.images.astype(np.uint8)
    return from_pixels(pixels[~test], digits.target[~test], pixels[test], digits.target[test], flip=False)
