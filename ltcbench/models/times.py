"""Elapsed times as the code of Rubanova et al. 2019 gives them to its recurrent rows, which is not as they are meant.

Its batches run on the union of the times of all their sequences, divided by the largest of them. Everything here is
time first; ``known`` tells which steps a sequence has, and at the others the elapsed time becomes 0.
"""

import torch
from torch import Tensor

from ltcbench.models.inputs import carry_forward

DECIMALS = 3  # to which times agree that are one; sums of gaps in single precision are exact to four
AHEAD = 0.01  # where their backward encoder begins, beyond the last step


def union(times: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """The different times (U,) that are known in a batch, in order, and the place of each step among them (T, B)."""
    grid, place = torch.unique(torch.round(times[known].double(), decimals=DECIMALS), return_inverse=True)
    places = torch.zeros(known.shape, dtype=torch.long, device=known.device)
    places[known] = place
    return grid.to(times.dtype), places


def retimed(elapsed: Tensor, known: Tensor, union_times: bool, forward_time_bug: bool) -> Tensor:
    """What a recurrent row of theirs sees for the elapsed times (T, B), in units of the largest time of the batch.

    Args:
        elapsed: time since the previous step (T, B).
        known: which steps there are (T, B).
        union_times: the gap to the next time that any sequence of the batch has, 0 at the last one. With
            ``forward_time_bug``: what that makes of all times in between is added up.
        forward_time_bug: the next interval is taken from t_i to t_i-1, which is right for an encoder that runs back in
            time. Forwards the first one is -0.01, the second leads from the first step to the last, and each further
            one is minus the gap before the last one.
    """
    if not known.any():
        return torch.zeros_like(elapsed)
    times = elapsed.cumsum(0)
    largest = times[known].abs().max()
    largest = torch.where(largest > 0, largest, 1)
    grid, place = union(times, known)
    times, grid = times / largest, grid / largest
    if not forward_time_bug:
        return torch.where(known, torch.diff(grid, append=grid[-1:])[place], 0)
    if union_times:
        end, before, first = grid[-1], grid[(place - 1).clamp(min=0)], place == 0
    else:
        last = _carried(times, known)
        end, before, first = last[-1], torch.cat([last[:1], last[:-1]]), known.cumsum(0) <= 1
    # The intervals add up to this since the beginning, for all but the first two of them cancel out.
    so_far = torch.where(first, 0, end - before) - AHEAD
    return torch.diff(_carried(so_far, known), dim=0, prepend=torch.zeros_like(elapsed[:1]))


def _carried(values: Tensor, known: Tensor) -> Tensor:
    """The last known value at every step (T, B), 0 before the first."""
    return carry_forward(values[..., None], known[..., None], torch.zeros_like(values[0, :, None]))[..., 0]
