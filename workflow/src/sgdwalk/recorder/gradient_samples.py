"""Which gradient entries are kept of each step: of all parameters, of every group of layers, of fixed parameters."""

import numpy as np
import torch

from sgdwalk.recorder.layer_groups import size
from sgdwalk.seeds import generator

TRACKED = 64


class Samples:
    """Random gradient entries, spread evenly over the steps of a window.

    Three views of the same gradients: `samples` entries per window, uniformly from all parameters; four times as many
    from the groups of layers, the same number from each; and the entries of about 64 fixed parameters at every step.
    The choice depends on the seed and the window's first step alone.

    groups: columns of each group of layers (layer_groups.groups). window: steps in a window.
    """

    def __init__(self, groups: dict[str, list[slice]], window: int, samples: int, seed: int):
        self.window, self.seed = window, seed
        self.members = {name: torch.cat([torch.arange(s.start, s.stop) for s in g]) for name, g in groups.items()}
        self.size = sum(map(size, groups.values()))
        self.pooled = -(-samples // window)
        self.layered = -(-4 * samples // (len(groups) * window))
        self.tracked, self.tracked_layer = self._track()
        self.entries = self.pooled + self.layered * len(groups) + len(self.tracked)

    def _track(self) -> tuple[torch.Tensor, np.ndarray]:
        """Indices of the fixed parameters, and the group of each."""
        share = max(1, TRACKED // len(self.members))
        parts, names = [], []
        for name, members in self.members.items():
            order = torch.randperm(len(members), generator=generator(self.seed, "tracked", name))
            parts.append(members[order[:share]].sort().values)
            names += [name] * len(parts[-1])
        return torch.cat(parts), np.array(names)

    def draw(self, step: int) -> torch.Tensor:
        """Indices of parameters [step in window, entry] for the window that begins at `step`."""
        random = generator(self.seed, "sample", step)
        parts = [torch.randint(self.size, (self.window, self.pooled), generator=random)]
        for members in self.members.values():
            parts.append(members[torch.randint(len(members), (self.window, self.layered), generator=random)])
        parts.append(self.tracked.expand(self.window, -1))
        return torch.cat(parts, 1)

    def split(self, entries: np.ndarray) -> dict[str, np.ndarray]:
        """Samples: gradient [sample], layer_gradient [layer, sample], tracked_gradient [step in window, tracked].

        entries: the gradients' values [step in window, entry] at the parameters that `draw` chose.
        """
        layered = self.layered * len(self.members)
        pooled, groups, tracked = np.split(entries, [self.pooled, self.pooled + layered], axis=1)
        by_layer = groups.reshape(self.window, len(self.members), self.layered).transpose(1, 0, 2)
        return {
            "gradient": pooled.reshape(-1),
            "layer_gradient": by_layer.reshape(len(self.members), -1),
            "tracked_gradient": tracked,
        }

    def steps(self, starts: np.ndarray) -> dict[str, np.ndarray]:
        """The step [window, sample] that each entry of gradient and layer_gradient was taken at."""
        within = np.arange(self.window)
        return {
            name: starts[:, None] + np.repeat(within, share)
            for name, share in (("step", self.pooled), ("layer_step", self.layered))
        }
