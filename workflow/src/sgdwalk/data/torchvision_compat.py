"""torchvision, importable beside a torch that it was not built for.

A torchvision built for CUDA registers kernels for operators whose schemas a CPU-only torch lacks and then
fails at import. Declaring the schemas first is enough: data sets, transforms and models use none of them.
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
