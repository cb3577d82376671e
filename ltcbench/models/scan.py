"""The one place where a cell is driven through time."""

import torch
from torch import Tensor

from ltcbench.models.cells.cell import Cell, State


def scan(cell: Cell, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None) -> tuple[Tensor, State]:
    """Outputs of ``cell`` at every step, and its last state.

    Args:
        cell: the cell.
        x: inputs (T, B, F).
        state: the state before the first step.
        elapsed: time since the previous step (T, B).
        mask: (T, B) bool; where it is False the state stays as it is and the last output is repeated. None: all True.

    Returns:
        outputs (T, B, output_size) and the state after the last step.
    """
    if cell.at_once:
        return cell.sequence(x, state, elapsed, mask)
    drive = cell.drive(x)
    outputs = []
    for t in range(len(x)):
        new = cell.step(state, tuple(part[t] for part in drive), elapsed[t, :, None])
        if mask is None:
            state = new
        else:
            here = mask[t, :, None]
            state = tuple(torch.where(here, a, b) for a, b in zip(new, state, strict=True))
        outputs.append(cell.output(state))
    return torch.stack(outputs), state
