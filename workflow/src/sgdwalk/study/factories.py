"""The functions that build a network or load a data set, from the specification that the registry resolves."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def factory(spec: Mapping[str, Any]) -> Callable:
    """The function that a resolved spec names, imported now."""
    return getattr(importlib.import_module(module(spec)), spec["factory"].partition(":")[2])


def module(spec: Mapping[str, Any]) -> str:
    """Full name of the module that a resolved spec needs: 'sgdwalk.models.resnet', 'package.module'."""
    return spec["factory"].partition(":")[0]
