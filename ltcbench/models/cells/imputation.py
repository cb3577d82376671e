"""Missing values filled in by a decay from the last observation to the mean (Che et al. 2018).

    delta <- t + delta (1 - m before)                       time since the last observation of each feature
    gamma = exp(-max(0, w delta + b))
    x_hat = m x + (1 - m) (gamma x_last + (1 - gamma) x_mean)

with values x, their mask m and the elapsed time t, all but t one for each feature. Before a feature's first
observation x_last is x_mean.
"""

import torch
from torch import Tensor, nn

from ltcbench.models.cells.cell import State


class Imputation(nn.Module):
    """Decay of the last observation to the mean.

    ``w`` starts at U(0, 0.1), ``b`` at 0: at 0, the published code's first values, max(0, w delta + b) passes no
    gradient. ``mean`` is 0 until ``calibrate_`` sets it.
    """

    mean: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.empty(features).uniform_(0, 0.1))
        self.b = nn.Parameter(torch.zeros(features))
        self.register_buffer("mean", torch.zeros(features))

    def initial_state(self, batch: int, like: Tensor) -> State:
        """x_last and the time that has passed since, each (B, F)."""
        mean = self.mean.to(like).expand(batch, -1)
        return mean, torch.zeros_like(mean)

    def forward(self, x: Tensor, m: Tensor, state: State, elapsed: Tensor) -> tuple[Tensor, Tensor, State]:
        """x_hat and delta (B, F) of a step, and the next state; from x and m (B, F) and elapsed (B, 1)."""
        last, since = state
        delta = elapsed + since
        gamma = torch.exp(-torch.relu(self.w * delta + self.b))
        missing = 1 - m
        x_hat = m * x + missing * (gamma * last + (1 - gamma) * self.mean)
        return x_hat, delta, (m * x + missing * last, missing * delta)
