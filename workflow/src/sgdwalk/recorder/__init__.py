"""The recorder: measures the walk of the weights during training, in any training loop."""

from sgdwalk import exported as __getattr__  # noqa: F401  finds Recorder without loading torch before
