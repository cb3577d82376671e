"""Attention between times (mTAND; Shukla and Marlin 2021, arXiv 2101.10318): queries and keys are embedded times."""

import math

import torch
from torch import Tensor, nn


class TimeEmbedding(nn.Module):
    """phi(t) = [w_0 t + a_0, sin(w_i t + a_i) for i = 1, ..], all trained, (...) -> (..., size)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 1)
        self.periodic = nn.Linear(1, size - 1)

    def forward(self, t: Tensor) -> Tensor:
        """``t`` in units in which a sequence lasts 1."""
        t = t.unsqueeze(-1)
        return torch.cat([self.linear(t), torch.sin(self.periodic(t))], dim=-1)


class TimeAttention(nn.Module):
    """At each query time, per channel the mean of the observed values, weighted by how alike the times are.

    Args:
        size: width of the embedded times.
        heads: number of heads, which must divide ``size``.
        channels: width of the values; with a mask twice that of the values, see ``forward``.
        outputs: width of the result.
    """

    def __init__(self, size: int, heads: int, channels: int, outputs: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key = nn.Linear(size, size), nn.Linear(size, size)
        self.out = nn.Linear(heads * channels, outputs)

    def forward(self, query: Tensor, key: Tensor, values: Tensor, mask: Tensor | None = None) -> Tensor:
        """The result (B, K, outputs).

        The softmax over the observed times of a channel is (E m v) / (E m), with E (B, heads, K, T) the same for all
        channels. The mask is a value too, whose mean over what was observed is 1 if anything was.

        Args:
            query: embedded query times, (K, size) or (B, K, size).
            key: embedded times of the values (B, T, size).
            values: (B, T, C).
            mask: 1 where a value is observed (B, T, C); a channel without any gives 0. None: all are, and the mask is
                no value.
        """
        q, k = (part.unflatten(-1, (self.heads, -1)) for part in (self.query(query), self.key(key)))
        q = (q / math.sqrt(q.shape[-1])).transpose(-2, -3)
        scores = q @ k.permute(0, 2, 3, 1)
        if mask is None:
            found = torch.softmax(scores, dim=-1) @ values.unsqueeze(1)
        else:
            scores = scores.masked_fill(~mask.any(2)[:, None, None], -torch.inf)
            highest = scores.detach().amax(-1, keepdim=True).clamp(min=torch.finfo(scores.dtype).min)
            E = torch.exp(scores - highest)
            total = E @ mask.unsqueeze(1)
            seen = total > 0
            mean = E @ (mask * values).unsqueeze(1) / torch.where(seen, total, 1.0)
            found = torch.cat([mean, seen.to(mean)], dim=-1)
        attended: Tensor = self.out(found.transpose(1, 2).flatten(2))
        return attended
