"""Import the function that builds a network or loads a data set, from its specification in sgdwalk.study.registry."""

import importlib
import os
from collections.abc import Callable, Mapping
from typing import Any


def factory(spec: Mapping[str, Any]) -> Callable:
    """The function of a spec {factory: 'module:function', arguments: {...}}; its module is imported now.

    torch.compile does nothing from then on: compiled code has no second derivatives, and other names for the weights.
    """
    os.environ["TORCHDYNAMO_DISABLE"] = "1"
    return getattr(importlib.import_module(module(spec)), function(spec))


def module(spec: Mapping[str, Any]) -> str:
    """Full name of the module of a spec: 'sgdwalk.models.resnet', 'package.module'."""
    return spec["factory"].partition(":")[0]


def function(spec: Mapping[str, Any]) -> str:
    """Name of the function of a spec in its module."""
    return spec["factory"].partition(":")[2]
