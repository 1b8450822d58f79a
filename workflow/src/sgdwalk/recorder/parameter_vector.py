"""A model's parameters, or their gradients, as one vector."""

from collections.abc import Iterable, Sequence
from functools import reduce

import torch


class ParameterVector:
    """One vector that takes the values of tensors of given shapes, end to end, each in its own logical order.

    shapes: tensors of the shapes that will be copied. like: tensor whose dtype and device the vector takes.
    """

    def __init__(self, shapes: list[torch.Tensor], like: torch.Tensor):
        sizes = [tensor.numel() for tensor in shapes]
        self.vector = like.new_empty(sum(sizes))
        parts = self.vector.split(sizes)
        self.parts = [part.view(tensor.shape) for part, tensor in zip(parts, shapes, strict=True)]
        pairs = enumerate(zip(self.parts, shapes, strict=True))
        # One kernel copies all tensors whose memory layout and dtype are those of their parts; one tensor of another
        # layout in the list would make it a kernel each.
        alike = {k for k, (part, tensor) in pairs if (part.stride(), part.dtype) == (tensor.stride(), tensor.dtype)}
        self.lists = [sorted(alike), sorted(set(range(len(shapes))) - alike)]

    def filled(self, tensors: Iterable[torch.Tensor]) -> torch.Tensor:
        """The vector [parameter] with the values of these tensors; the next call overwrites it."""
        given = [tensor.detach() for tensor in tensors]
        for chosen in filter(None, self.lists):
            torch._foreach_copy_([self.parts[k] for k in chosen], [given[k] for k in chosen])
        return self.vector


@torch.no_grad()
def put(parameters: Sequence[torch.Tensor], vector: torch.Tensor) -> None:
    """Give the parameters the values of a vector [parameter], which holds them end to end.

    ValueError or RuntimeError where there are more, or fewer, values than the parameters have.
    """
    parts = vector.split([p.numel() for p in parameters])
    for p, part in zip(parameters, parts, strict=True):
        p.copy_(part.view(p.shape))


def prototype(parameters: list[torch.Tensor]) -> torch.Tensor:
    """An empty tensor on the first parameter's device, of the widest dtype among them and at least float32.

    Raises ValueError where there are no parameters, or complex ones.
    """
    if not parameters:
        raise ValueError("model: has no trainable parameters to record")
    dtype = reduce(torch.promote_types, (p.dtype for p in parameters), torch.float32)
    if dtype.is_complex:
        raise ValueError("model: has complex parameters; make their real and imaginary parts parameters to record them")
    return torch.empty(0, dtype=dtype, device=parameters[0].device)


def gradient(parameter: torch.Tensor) -> torch.Tensor:
    """Gradient of a parameter as a dense tensor, zeros where it has none."""
    found = parameter.grad
    if found is None:
        return torch.zeros_like(parameter)
    return found.to_dense() if found.is_sparse else found
