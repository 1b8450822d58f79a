"""The files of a small study, and what must be said where they are refused."""

import re

import pytest
from runs import settings
from sgdwalk.study.validation import ConfigError

CONFIG = "title: A test\ntraining: {model: mlp3, steps: 100, window: 20}\n"
FIGURES = "{}\n"


def refused(read, message, **files):
    with pytest.raises(ConfigError) as caught:
        read(**files)
    said = str(caught.value)
    assert "\n" not in said
    assert re.search(message, said), said


def run(**given):
    """A run's settings with the keys that only a row of runs.tsv may set."""
    return settings(**{"mem_mb": None, "runtime": None, "image_size": None, "subset": None, **given})


def paper(**given):
    """A run as those of the paper's study."""
    plain = {"dataset": "cifar10", "epochs": 500, "steps": None, "window": 1000, "record": {"noise": False}}
    return run(**plain | given)
