"""A small vision transformer (Dosovitskiy et al. 2021, arXiv:2010.11929)."""

import torch
from torch import nn


def vit(
    channels: int, size: int, classes: int, *, depth: int = 6, width: int = 192, heads: int = 3, patch: int = 4
) -> nn.Module:
    """ViT with the width of DeiT-Tiny (Touvron et al. 2021, arXiv:2012.12877) and half its depth, no dropout.

    patch: side of a patch in pixels. 2,693,578 parameters for 3x32x32 inputs and 10 classes.
    Input [image, channel, row, column], output logits [image, class].
    """
    if size % patch:
        raise ValueError(f"size {size}: must be a multiple of {patch}, the side of the ViT's patches")
    if width % heads:
        raise ValueError(f"width {width}: must be a multiple of {heads}, the ViT's heads")
    return nn.Sequential(
        Patches(channels, width, patch, (size // patch) ** 2),
        *(Layer(width, heads) for _ in range(depth)),
        nn.LayerNorm(width),
        First(),
        nn.Linear(width, classes),
    )


class Patches(nn.Module):
    """A class token and one token per patch of the image, each plus its learnt position embedding."""

    def __init__(self, channels: int, width: int, patch: int, count: int):
        super().__init__()
        self.embedding = nn.Conv2d(channels, width, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(nn.init.trunc_normal_(torch.empty(1, 1 + count, width), std=0.02))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Tokens [batch, 1 + patches, width]."""
        patches = self.embedding(x).flatten(2).transpose(1, 2)
        return torch.cat([self.token.expand(len(x), -1, -1), patches], 1) + self.position


class Layer(nn.Module):
    """Attention and a perceptron, each after a layer norm and with a shortcut around both."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.attention = nn.Sequential(nn.LayerNorm(width), Attention(width, heads))
        self.perceptron = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Tokens of the same shape."""
        x = x + self.attention(x)
        return x + self.perceptron(x)


class Attention(nn.Module):
    """Self-attention by matrix products: PyTorch's fused kernel has no second derivative, which the Hessian needs."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.inward = nn.Linear(width, 3 * width)
        self.outward = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Tokens of the same shape."""
        query, key, value = self.inward(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(query @ key.transpose(2, 3) * query.shape[-1] ** -0.5, -1)
        return self.outward((weights @ value).transpose(1, 2).flatten(2))


class First(nn.Module):
    """The class token."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Token [batch, width]."""
        return x[:, 0]
