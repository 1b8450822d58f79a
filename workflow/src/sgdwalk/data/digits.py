"""scikit-learn's handwritten digits: 1,797 real 8x8 images that come with the library."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from sgdwalk.data.images import Images, from_pixels

FILE = Path("datasets", "data", "digits.csv.gz")  # in the package; a row has the 64 pixels of an image and its label


def load() -> Images:
    """1,597 training images; every ninth image, 200 in all, is for testing. Not mirrored: that would not be a digit.

    Read from the file that `sklearn.datasets.load_digits` reads: importing scikit-learn takes longer than a small job.
    """
    (package,) = find_spec("sklearn").submodule_search_locations
    rows = np.loadtxt(Path(package) / FILE, delimiter=",")
    pixels, labels = rows[:, :-1].reshape(-1, 8, 8).astype(np.uint8), rows[:, -1].astype(int)
    test = np.arange(len(labels)) % 9 == 0
    return from_pixels(pixels[~test], labels[~test], pixels[test], labels[test], flip=False)
