"""Groups of layers: which components of the walk belong to which part of a network."""

from torch import nn


def groups(model: nn.Module) -> dict[str, list[slice]]:
    """Columns of the walk [step, parameter] by the outermost submodule that owns them, in the walk's order.

    Modules that only wrap another one are skipped, so that a network inside a container has the same groups as the
    network alone. Numbered submodules get their class beside the number: '1-block', '9-linear'. A group has more than
    one slice where its parameters are not adjacent.
    """
    owned = [(name.split("."), p.numel()) for name, p in model.named_parameters() if p.requires_grad and p.numel()]
    depth = 0
    while len({path[depth] for path, _ in owned}) == 1 and all(len(path) > depth + 1 for path, _ in owned):
        depth += 1
    found: dict[str, list[slice]] = {}
    start = 0
    for path, size in owned:
        slices = found.setdefault(_name(model, path[: depth + 1]), [])
        if slices and slices[-1].stop == start:
            slices[-1] = slice(slices[-1].start, start + size)
        else:
            slices.append(slice(start, start + size))
        start += size
    return found


def _name(model: nn.Module, path: list[str]) -> str:
    """Name of the submodule at the end of the path, or of the parameter."""
    if not path[-1].isdigit():
        return path[-1]
    owner = model.get_submodule(".".join(path[:-1]))
    kind = type(owner._modules[path[-1]]).__name__ if path[-1] in owner._modules else "parameter"
    return f"{path[-1]}-{kind.lower()}"


def size(slices: list[slice]) -> int:
    """Number of parameters in a group."""
    return sum(part.stop - part.start for part in slices)
