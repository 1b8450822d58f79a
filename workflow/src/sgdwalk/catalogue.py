"""Names of networks and data sets, and what each stands for. Needs neither torch nor the modules it names."""

import importlib
import re
from collections.abc import Callable, Mapping
from typing import Any

SHORTCUTS = {"": True, "-noshort": False}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    f"resnet{depth}{suffix}": ("sgdwalk.models.resnet:resnet", {"depth": depth, "shortcut": shortcut})
    for depth in (14, 20, 32, 44, 56, 110)
    for suffix, shortcut in SHORTCUTS.items()
} | {f"mlp{depth}": ("sgdwalk.models.mlp:mlp", {"depth": depth}) for depth in (3, 20, 56, 110)}

DATASETS: dict[str, tuple[str, dict[str, Any]]] = {
    "digits": ("sgdwalk.data.digits:load", {}),
    "surrogate": ("sgdwalk.data.surrogate:load", {}),
    "npz": ("sgdwalk.data.npz:load", {}),
    "image-folder": ("sgdwalk.data.folder:load", {}),
} | {name: ("sgdwalk.data.vision:load", {"name": name}) for name in ("mnist", "fashion-mnist", "cifar10", "cifar100")}
OWN = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def resolve(kind: str, name: str, known: Mapping[str, tuple[str, dict]]) -> dict[str, Any]:
    """{factory, arguments} of a name: one of the known, or the user's own 'package.module:factory'."""
    if name in known:
        factory, arguments = known[name]
        return {"factory": factory, "arguments": dict(arguments)}
    if OWN.fullmatch(name):
        return {"factory": name, "arguments": {}}
    raise ValueError(f"{kind} = '{name}': must be one of {', '.join(known)}, or package.module:factory")


def factory(spec: Mapping[str, Any]) -> Callable:
    """The function that a resolved spec names, imported now."""
    module, _, function = spec["factory"].partition(":")
    return getattr(importlib.import_module(module), function)


def own_module(spec: Mapping[str, Any]) -> str | None:
    """Name of the module inside sgdwalk that a spec needs ('models.resnet'), None for the user's own."""
    module = spec["factory"].partition(":")[0]
    return module.removeprefix("sgdwalk.") if module.startswith("sgdwalk.") else None
