"""Synapses of the LTC: each has its own weight, reversal potential and sigmoid."""

import torch
from torch import Tensor, nn


class Synapses(nn.Module):
    """Synapses from ``pre`` onto ``post`` neurons; w, erev, mu, sigma are laid out [post, pre].

    Args:
        mask: (post, pre), 0 where there is no synapse.
        w: range of the first weights.
        excitatory: share of the first reversal potentials that are +1; the others are -1.
    """

    mask: Tensor | None

    def __init__(self, mask: Tensor, w: tuple[float, float], excitatory: float) -> None:
        super().__init__()
        self.register_buffer("mask", None if mask.all() else mask.to(torch.get_default_device()))
        self.w = uniform(*mask.shape, between=w)
        self.erev = nn.Parameter(torch.where(torch.rand(mask.shape) < excitatory, 1.0, -1.0))
        self.mu = uniform(*mask.shape, between=(0.3, 0.8))  # authors' code, as sigma
        self.sigma = uniform(*mask.shape, between=(3.0, 8.0))

    def forward(self, u: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """Sums over the synapses, of conductances times potentials and of conductances: (..., pre) -> (..., post)."""
        w_s = w * torch.sigmoid(self.sigma * (u.unsqueeze(-2) - self.mu))  # (..., post, pre)
        return (w_s * self.erev).sum(-1), w_s.sum(-1)

    def tensors(self, w: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What the sums are made of: w, w erev, sigma and sigma mu, each (post, pre)."""
        return w, w * self.erev, self.sigma, self.sigma * self.mu


def uniform(*shape: int, between: tuple[float, float]) -> nn.Parameter:
    """A parameter drawn uniformly."""
    return nn.Parameter(torch.empty(*shape).uniform_(*between))
