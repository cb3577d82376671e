"""The loop that drives a cell through time, the reference for every engine.

Sequences are packed here and in the engines, see ``ltcbench.models.packing``: (N, ...), with ``sizes`` rows at each
step. An engine is a function of ``scan``'s arguments. Step t works on the first ``sizes[t]`` rows of the state; the
others have ended and keep theirs.
"""

import torch
from torch import Tensor

from ltcbench.models.cells.cell import Cell, State
from ltcbench.models.engines import compiled
from ltcbench.models.packing import Sizes


def scan(
    cell: Cell, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of ``cell`` at every step, and its last state.

    Args:
        cell: the cell.
        x: inputs (N, F).
        state: the state before the first step, each part (B, ...).
        elapsed: time since the previous step (N,).
        mask: (N,) bool; where it is False the state stays as it is and the last output is repeated. None: all True.
            There is one only where all rows have the same length.
        sizes: rows at each step, never more than at the step before; N together.

    Returns:
        outputs (N, output_size) and the state of each row after its last step.
    """
    return _looped(cell.step, cell, x, state, elapsed, mask, sizes)


def compiled_scan(
    cell: Cell, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """As ``scan``, the step compiled by torch."""
    return _looped(compiled.step(cell, x, sizes), cell, x, state, elapsed, mask, sizes)


def whole(
    cell: Cell, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """As ``scan``, for a cell that needs the whole sequence at once."""
    shape = len(sizes), sizes[0]
    mask = None if mask is None else mask.view(shape)
    outputs, state = cell.sequence(x.unflatten(0, shape), state, elapsed.view(shape), mask)
    return outputs.flatten(0, 1), state


def _looped(
    step: compiled.Step, cell: Cell, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    drives = zip(*(part.split(sizes) for part in cell.drive(x)), strict=True)
    elapsed_t = elapsed.unsqueeze(1).split(sizes)
    mask_t = None if mask is None else mask.unsqueeze(1).split(sizes)
    outputs, ended = [], []
    for t, (size, drive) in enumerate(zip(sizes, drives, strict=True)):
        if size < len(state[0]):
            ended.append([part[size:] for part in state])
            state = tuple(part[:size] for part in state)
        new = step(state, drive, elapsed_t[t])
        if mask_t is not None:
            new = tuple(torch.where(mask_t[t], a, b) for a, b in zip(new, state, strict=True))
        state = new
        outputs.append(cell.output(state))
    if ended:
        state = tuple(torch.cat(parts) for parts in zip(state, *reversed(ended), strict=True))
    return torch.cat(outputs), state
