"""The past as a state: what a cell that looks at all steps so far has to keep of them."""

import torch
from torch import Tensor

from ltcbench.models.cells.cell import State


def empty(batch: int, features: int, like: Tensor) -> State:
    """No past: inputs (B, 0, F), times (B, 0), and 1 where a step counts (B, 0)."""
    return like.new_zeros(batch, 0, features), like.new_zeros(batch, 0), like.new_zeros(batch, 0)


def extended(past: State, x: Tensor, elapsed: Tensor, mask: Tensor | None) -> State:
    """The past with further steps; those outside the mask count neither as inputs nor as time.

    Args:
        past: inputs (B, P, F), times since the sequence began (B, P) and counts (B, P).
        x: inputs (T, B, F).
        elapsed: time since the previous step (T, B).
        mask: (T, B) bool, or None.
    """
    steps, batch, _ = x.shape
    counts = x.new_ones(batch, steps) if mask is None else mask.t().to(x)
    start = past[1][:, -1:] if past[1].shape[1] else x.new_zeros(batch, 1)
    times = start + torch.cumsum(elapsed.t() * counts, dim=1)
    return tuple(
        torch.cat([old, new], dim=1) for old, new in zip(past, (x.transpose(0, 1), times, counts), strict=True)
    )
