"""The files of a small study, and what must be said where they are refused."""

import re

import pytest
from sgdwalk.study.validation import ConfigError

CONFIG = "title: A test\ntraining: {model: mlp3, steps: 100, window: 20}\n"
FIGURES = "{}\n"


def refused(read, message, **files):
    with pytest.raises(ConfigError) as caught:
        read(**files)
    said = str(caught.value)
    assert "\n" not in said
    assert re.search(message, said), said
