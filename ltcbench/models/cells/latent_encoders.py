"""Encoders of the latent ODE (Rubanova et al. 2019, arXiv 1907.03907): a sequence, read back in time -> mu, sigma.

    ODE-RNN   a <- Euler's solution of da/dt = f(a) back to the step;   a, s <- GRU([x, m], a, s)
    RNN       h <- GRU([gap, x, m], h)

The state of the ODE-RNN has a standard deviation s beside each mean a; its GRU is

    u = sigmoid(Q_u [a, s, x, m]),  r = sigmoid(Q_r [a, s, x, m]),  c, d = Q_c [r a, r s, x, m]
    a <- (1 - u) c + u a,   s <- |(1 - u) |d| + u s|

where every Q has a hidden layer. Both end in mu, q = G [a, s] or G h, sigma = |q|.
"""

import torch
from torch import Tensor, nn

from ltcbench.models.cells.latent import Sequences, perceptron

PIECES = 50  # of the length of a sequence: the longest step of Euler's method
AHEAD = 0.01  # where the ODE-RNN begins, beyond the last step
HIDDEN = {"ode": 100, "rnn": 50}  # of the last network

Normal = tuple[Tensor, Tensor]


def normal(of: Tensor) -> Normal:
    """Mu and sigma (B, Z) from both in one (B, 2 Z)."""
    mu, q = of.chunk(2, dim=1)
    return mu, q.abs()


class BackwardODERNN(nn.Module):
    """The ODE-RNN: ``size`` n, ``field`` f on it, ``gru_units`` the hidden layers of the GRU."""

    def __init__(self, features: int, size: int, field: nn.Module, gru_units: int, latent_size: int) -> None:
        super().__init__()
        self.size, self.field = size, field
        width = 2 * size + 2 * features
        self.update, self.reset = (perceptron(width, gru_units, size) for _ in range(2))
        self.new = perceptron(width, gru_units, 2 * size)
        self.out = perceptron(2 * size, HIDDEN["ode"], 2 * latent_size)

    def forward(self, of: Sequences) -> Normal:
        """Mu and sigma (B, Z)."""
        a = s = of.x.new_zeros(of.x.shape[1], self.size)
        longest, before = of.length / PIECES, of.last + AHEAD
        back = (part.flip(0).unbind(0) for part in (of.x, of.m, of.t, of.here))
        for x, m, t, here in zip(*back, strict=True):
            a = self._moved(a, torch.where(here, before - t, 0), longest)
            new_a, new_s = self._observed(a, s, torch.cat([x, m], dim=1))
            seen = m.any(1, keepdim=True)
            a, s = torch.where(seen, new_a, a), torch.where(seen, new_s, s)
            before = torch.where(here, t, before)
        return normal(self.out(torch.cat([a, s], dim=1)))

    def _moved(self, a: Tensor, back: Tensor, longest: Tensor) -> Tensor:
        """A (B, n) so much earlier (B,), in steps that are hardly longer than ``longest`` (B,)."""
        fits = (back >= longest) & (longest > 0)
        pieces = torch.where(fits, torch.floor(back / torch.where(fits, longest, 1)).clamp(min=2) - 1, 1)
        pieces = torch.where(back == 0, 0, pieces)
        step = back / pieces.clamp(min=1)
        for piece in range(int(pieces.max()) if len(pieces) else 0):
            a = a - torch.where(piece < pieces, step, 0)[:, None] * self.field(a)
        return a

    def _observed(self, a: Tensor, s: Tensor, v: Tensor) -> Normal:
        everything = torch.cat([a, s, v], dim=1)
        u, r = torch.sigmoid(self.update(everything)), torch.sigmoid(self.reset(everything))
        c, d = self.new(torch.cat([r * a, r * s, v], dim=1)).chunk(2, dim=1)
        return (1 - u) * c + u * a, ((1 - u) * d.abs() + u * s).abs()


class BackwardGRU(nn.Module):
    """The RNN, torch's GRU with ``size`` units and torch's first values."""

    def __init__(self, features: int, size: int, latent_size: int) -> None:
        super().__init__()
        self.gru = nn.GRU(2 * features + 1, size)
        self.out = perceptron(size, HIDDEN["rnn"], 2 * latent_size)

    def forward(self, of: Sequences) -> Normal:
        """Mu and sigma (B, Z)."""
        back = of.at(of.packed(latest_first=True))
        return normal(self.out(last_state(self.gru, back, gaps(back))))


def gaps(of: Sequences) -> Tensor:
    """Time between each step and the one behind it in the packed ``of`` (T, B), 0 at the last."""
    following = torch.cat([of.here[1:], torch.zeros_like(of.here[:1])])
    return torch.where(following, (of.t - torch.cat([of.t[1:], of.t[-1:]])).abs(), 0)


def last_state(gru: nn.GRU, of: Sequences, gap: Tensor) -> Tensor:
    """The state (B, R) of ``gru`` after the last step of each packed sequence, 0 without any."""
    if not of.x.shape[1]:
        return of.x.new_zeros(0, gru.hidden_size)
    states, _ = gru(torch.cat([gap[..., None], of.x, of.m], dim=2))
    number = of.here.sum(0)
    last = states.gather(0, (number - 1).clamp(min=0)[None, :, None].expand(1, -1, gru.hidden_size))[0]
    return torch.where(number[:, None] > 0, last, 0)
