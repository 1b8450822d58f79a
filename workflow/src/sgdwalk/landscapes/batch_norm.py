"""Batch norm over a batch's own statistics with a short second derivative, for products with a Hessian.

torch composes the second derivative of its batch norm of some thirty operations on whole activations. With
x_hat = (x - mean) r, r = 1 / sqrt(var + eps), n values in a channel, and the linear map
N(g) = r (g - mean(g) - x_hat mean(g x_hat)), which torch has as one kernel, y = weight x_hat + bias has the derivatives

    g_x = weight N(g),  g_weight = sum g x_hat,  g_bias = sum g,

and a function F with the derivatives u, u_weight and u_bias in these three has

    F_g = weight N(u) + u_weight x_hat + u_bias,  F_weight = q,  q = sum g N(u),
    F_x = -weight r (q x_hat / n + mean(g x_hat) N(u) + mean(u x_hat) N(g)) + u_weight N(g),

sums and means being over a channel. Third derivatives are not there.
"""

import torch
from torch.autograd.function import once_differentiable


def batch_norm(x: torch.Tensor, weight: torch.Tensor | None, bias: torch.Tensor | None, eps: float) -> torch.Tensor:
    """Weight x_hat + bias for x [image, channel, ...]; weight, bias [channel] or None."""
    ones = x.new_ones(x.shape[1])
    return _Values.apply(x, ones if weight is None else weight, torch.zeros_like(ones) if bias is None else bias, eps)


class _Values(torch.autograd.Function):
    """The normalised activations."""

    @staticmethod
    def forward(ctx, x, weight, bias, eps):
        values, mean, r = torch.native_batch_norm(x, weight, bias, None, None, True, 0.0, eps)
        ctx.save_for_backward(x, weight, mean, r)
        return values

    @staticmethod
    def backward(ctx, g):
        return *_Gradients.apply(g, *ctx.saved_tensors), None


class _Gradients(torch.autograd.Function):
    """Their derivatives in x, weight and bias for a given g, and the derivatives of these."""

    @staticmethod
    def forward(ctx, g, x, weight, mean, r):
        ctx.save_for_backward(g, x, weight, mean, r)
        return _kernel(g, x, weight, mean, r)

    @staticmethod
    @once_differentiable
    def backward(ctx, u, u_weight, u_bias):
        g, x, weight, mean, r = ctx.saved_tensors
        count, ones = x.numel() // x.shape[1], torch.ones_like(weight)
        of_u, u_hat, _ = _kernel(u, x, ones, mean, r)
        of_g, g_hat, _ = _kernel(g, x, ones, mean, r)
        q = (g * of_u).sum([0, *range(2, x.ndim)])
        in_x = _combined(
            (x, -weight * r**2 * q / count),
            (of_u, -weight * r * g_hat / count),
            (of_g, u_weight - weight * r * u_hat / count),
            constant=weight * r**2 * q / count * mean,
        )
        in_g = _combined((of_u, weight), (x, u_weight * r), constant=u_bias - u_weight * r * mean)
        return in_g, in_x, q, None, None


def _kernel(g, x, weight, mean, r) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(weight N(g), sum g x_hat, sum g)."""
    needed = [True, True, True]
    return torch.ops.aten.native_batch_norm_backward(g, x, weight, None, None, mean, r, True, 0.0, needed)


def _combined(first, *others, constant: torch.Tensor) -> torch.Tensor:
    """Sum of values times their factor [channel], and a constant [channel]."""
    shape = (-1, *[1] * (first[0].ndim - 2))
    result = torch.addcmul(constant.view(shape), first[0], first[1].view(shape))
    for values, factor in others:
        result.addcmul_(values, factor.view(shape))
    return result
