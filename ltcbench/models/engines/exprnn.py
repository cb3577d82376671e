"""expRNN over a whole sequence: the matrix exponential is taken once."""

import torch
from torch import Tensor

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.exprnn import ExpRNN, modrelu


def sequence(cell: ExpRNN, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None) -> tuple[Tensor, State]:
    """Outputs of an expRNN; arguments as of ``ltcbench.models.scan.scan``."""
    (h,), Q, outputs = state, cell.orthogonal(), []
    for t, of_x in enumerate(cell.W(x).unbind(0)):
        new = modrelu(torch.addmm(of_x, h, Q), cell.b)
        h = new if mask is None else torch.where(mask[t, :, None], new, h)
        outputs.append(h)
    return torch.stack(outputs), (h,)
