"""A sketch of the walk: a sparse random projection that preserves all its distances within a known error."""

import torch

from sgdwalk.seeds import generator

BLOCK = 2**20  # weights that are projected at a time: they fit into the processor's cache


class Sketch:
    """Seeded projection of weights [step, parameter] to [step, component] whose distances estimate the true ones.

    Every parameter is added with a random sign to one component, and every component is the sum of equally many: a
    step costs O(parameters), and the matrix of parameters x components is never made (the count sketch of Charikar,
    Chen & Farach-Colton 2002). |projected|^2 is unbiased for |x|^2, with variance 2 p (|x|_2^4 - |x|_4^4), p the
    probability that two parameters share a component, about 1 / components.

    size: parameters. relative_error: sqrt(2 p), the largest relative standard error of a squared distance.
    """

    def __init__(self, size: int, components: int, *, seed: int, device="cpu", dtype=torch.float32):
        self.components = components
        width = -(-size // components)
        places = components * width
        random = generator(seed, "sketch")
        order = torch.randperm(places, generator=random)
        signs = torch.randint(2, (places,), generator=random) * 2 - 1
        beyond = order >= size  # places left empty: size need not be a multiple of components
        self.order = order.masked_fill(beyond, 0).to(device, torch.int32)
        self.signs = signs.masked_fill(beyond, 0).to(device, dtype)
        self.relative_error = (2 * (width - 1) / max(places - 1, 1)) ** 0.5

    def __call__(self, weights: torch.Tensor, origin: torch.Tensor) -> torch.Tensor:
        """Projection [step, component] of weights [step, parameter] - origin [parameter].

        The origin is subtracted first, so that short steps keep their digits.
        """
        rows = max(1, BLOCK // weights.shape[1])
        result = weights.new_empty(len(weights), self.components)
        for k in range(0, len(weights), rows):
            moved = weights[k : k + rows] - origin
            placed = moved.index_select(1, self.order).mul_(self.signs)
            torch.sum(placed.view(len(moved), self.components, -1), 2, out=result[k : k + rows])
        return result
