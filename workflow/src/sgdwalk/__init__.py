"""sgdwalk: SGD as a random walker on a loss surface."""

__version__ = "0.1.0"
