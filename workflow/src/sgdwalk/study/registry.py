"""Names of networks and data sets with their factories. Imports neither torch nor the modules that it names."""

import re
from collections.abc import Mapping
from typing import Any

SHORTCUTS = {"": True, "-noshort": False}
NORMS: dict[str, dict[str, Any]] = {"": {}, "-nobn": {"batch_norm": False}}
RESNET = "sgdwalk.models.resnet:resnet"
IMAGENET = "sgdwalk.models.imagenet:resnet"
MODELS: dict[str, tuple[str, dict[str, Any]]] = (
    {
        f"resnet{depth}{suffix}{without}": (RESNET, {"depth": depth, "shortcut": shortcut} | norm)
        for depth in (14, 20, 32, 44, 56, 110)
        for without, norm in NORMS.items()
        for suffix, shortcut in SHORTCUTS.items()
    }
    | {
        f"wrn{depth}-{width}{suffix}": (RESNET, {"depth": depth, "shortcut": shortcut, "width": width})
        for depth in (14, 56, 110)
        for width in (2, 4, 8)
        for suffix, shortcut in SHORTCUTS.items()
    }
    | {
        f"resnet{depth}{suffix}": (IMAGENET, {"depth": depth, "shortcut": shortcut})
        for depth in (18, 34, 50, 101, 152)
        for suffix, shortcut in SHORTCUTS.items()
    }
    | {f"mlp{depth}": ("sgdwalk.models.mlp:mlp", {"depth": depth}) for depth in (3, 20, 56, 110)}
    | {f"vgg{depth}": ("sgdwalk.models.vgg:vgg", {"depth": depth}) for depth in (9, 16, 19)}
    | {
        "lenet": ("sgdwalk.models.small:lenet", {}),
        "alexnet": ("sgdwalk.models.small:alexnet", {}),
        "cnn3": ("sgdwalk.models.small:three_convolutions", {}),
        "resnet-mnist": ("sgdwalk.models.small:resnet_mnist", {}),
        "densenet121": ("sgdwalk.models.densenet:densenet", {"depth": 121}),
        "vit": ("sgdwalk.models.vit:vit", {}),
    }
)

DATASETS: dict[str, tuple[str, dict[str, Any]]] = {
    "digits": ("sgdwalk.data.digits:load", {}),
    "surrogate": ("sgdwalk.data.surrogate:load", {}),
    "npz": ("sgdwalk.data.npz:load", {}),
    "image-folder": ("sgdwalk.data.folder:load", {}),
    "imagenet": ("sgdwalk.data.imagenet:load", {}),
} | {name: ("sgdwalk.data.vision:load", {"name": name}) for name in ("mnist", "fashion-mnist", "cifar10", "cifar100")}
# Training images of the data sets that have a fixed size.
SIZES = {"digits": 1597, "mnist": 60_000, "fashion-mnist": 60_000} | dict.fromkeys(
    ("cifar10", "cifar100", "surrogate"), 50_000
)
ZOO = re.compile(r"torchvision:(\w+)(?::(\w+))?")
OWN = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def resolve(kind: str, name: str, known: Mapping[str, tuple[str, dict]]) -> dict[str, Any]:
    """{factory, arguments} of a name: one of `known`, or a user-defined 'package.module:factory'.

    kind: 'model' or 'dataset'. A model may also be one of torchvision: 'torchvision:resnet18', or pretrained as
    'torchvision:resnet18:DEFAULT'. ValueError for any other name.
    """
    if name in known:
        factory, arguments = known[name]
        return {"factory": factory, "arguments": dict(arguments)}
    if kind == "model" and (match := ZOO.fullmatch(name)):
        arguments = {"name": match[1]} | ({"weights": match[2]} if match[2] else {})
        return {"factory": "sgdwalk.models.zoo:network", "arguments": arguments}
    if OWN.fullmatch(name):
        return {"factory": name, "arguments": {}}
    others = "torchvision:NAME or package.module:factory" if kind == "model" else "package.module:factory"
    raise ValueError(f"{kind} = '{name}': must be one of {', '.join(known)}, or {others}")
