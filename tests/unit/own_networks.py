"""Networks as users write them, called as factory(channels, size, classes)."""

import random

import numpy as np
import torch
from torch import nn


class WithTable(nn.Module):
    """A linear layer on pixels times a table: drawn at random, in a buffer that is not persistent."""

    def __init__(self, channels, size, classes, complex_valued=False):
        super().__init__()
        table = torch.randn(channels * size**2, dtype=torch.cfloat if complex_valued else None)
        self.register_buffer("table", table, persistent=complex_valued)
        self.head = nn.Linear(channels * size**2, classes)

    def forward(self, x):
        product = self.table * x.flatten(1)
        return self.head(product.real - product.imag if product.is_complex() else product)


def with_complex_table(channels, size, classes):
    return WithTable(channels, size, classes, complex_valued=True)


def plain(channels, size, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size**2, 3), nn.Tanh(), nn.Linear(3, classes))


def compiled(channels, size, classes):
    return torch.compile(plain(channels, size, classes))


def on_all_devices(channels, size, classes):
    return nn.DataParallel(plain(channels, size, classes))


class Attention(nn.Module):
    """A transformer encoder on the rows of an image."""

    def __init__(self, channels, size, classes):
        super().__init__()
        self.rows = nn.Linear(channels * size, 4)
        self.encoder = nn.TransformerEncoderLayer(4, 2, 4, dropout=0.0, batch_first=True)
        self.head = nn.Linear(4, classes)

    def forward(self, x):
        return self.head(self.encoder(self.rows(x.transpose(1, 2).flatten(2))).mean(1))


class Skipping(nn.Module):
    """A block that training leaves out where draw() is below a half."""

    def __init__(self, channels, size, classes, draw):
        super().__init__()
        self.inward, self.head = nn.Linear(channels * size**2, 8), nn.Linear(8, classes)
        self.block, self.draw = nn.Linear(8, 8), draw

    def forward(self, x):
        x = self.inward(x.flatten(1)).tanh()
        return self.head(x if self.training and self.draw() < 0.5 else x + self.block(x).tanh())


def skipping_python(*shape):
    return Skipping(*shape, random.random)


def skipping_numpy(*shape):
    return Skipping(*shape, np.random.rand)
