"""Import torchvision also with a torch that it was not built for.

A torchvision built for CUDA registers kernels for operators whose schemas are missing in a CPU-only torch, and its
import fails. Declaring these schemas first is enough: data sets, transforms and models use none of the operators.
"""

import torch

SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}

try:
    from torchvision import datasets, transforms
except (RuntimeError, ImportError):
    _library = torch.library.Library("torchvision", "FRAGMENT")
    for _schema in SCHEMAS.values():
        _library.define(_schema)
    from torchvision import datasets, transforms

__all__ = ["datasets", "transforms"]
