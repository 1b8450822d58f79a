"""Symmetric operators whose eigenvalues are known."""

import torch
from hessian_eigenthings import CurvatureOperator
from torch import nn


class Known(CurvatureOperator):
    """The operator of a symmetric matrix, or of a diagonal one given by its diagonal; counts its products."""

    def __init__(self, matrix, dtype=torch.float64):
        self.matrix, self.model, self.taken = torch.as_tensor(matrix, dtype=dtype), nn.Linear(1, 1), 0

    size = property(lambda self: len(self.matrix))
    device = property(lambda self: self.matrix.device)
    dtype = property(lambda self: self.matrix.dtype)

    def matvec(self, v):
        self.taken += 1
        return self.matrix * v if self.matrix.dim() == 1 else self.matrix @ v
