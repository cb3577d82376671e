"""expRNN over a whole sequence: the matrix exponential is taken once."""

import torch
from torch import Tensor

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.exprnn import ExpRNN, modrelu
from ltcbench.models.packing import Sizes, completed, last


def sequence(
    cell: ExpRNN, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of an expRNN and its last state; arguments as of ``ltcbench.models.scan.scan``."""
    (h,), Q, outputs = state, cell.orthogonal(), []
    mask_t = None if mask is None else mask.unsqueeze(1).split(sizes)
    for t, of_x in enumerate(cell.W(x).split(sizes)):
        h = h[: sizes[t]]
        new = modrelu(torch.addmm(of_x, h, Q), cell.b)
        h = new if mask_t is None else torch.where(mask_t[t], new, h)
        outputs.append(h)
    y = torch.cat(outputs)
    return y, completed((last(y, sizes),), state)
