"""Continuous-time LSTM of the neural Hawkes process (Mei and Eisner 2017, arXiv 1612.09328).

    j, i, f, o, i_bar, f_bar, d = W_x x + W_h h + b
    c <- sigmoid(f) * c + sigmoid(i) * tanh(j)
    c_bar <- sigmoid(f_bar) * c_bar + sigmoid(i_bar) * tanh(j)
    h <- sigmoid(o) * tanh(c_bar + (c - c_bar) exp(-softplus(d) t))    with the elapsed time t

Symbols:
    - h, c, c_bar: state, output, memory and the memory's target.
    - `gates`: W_x, W_h and b in the order above.

Deviations:
    - As node_cell.py of the ODE-LSTM code: t is the time that passed before x came, in the paper the memory decays from
      the event on; the next step starts from the undecayed c, in the paper from the decayed one; the output is
      o tanh(c), in the paper o (2 sigmoid(2 c) - 1), which is the same.
    - W_h orthogonal, W_x Glorot-uniform, b zero, no forget bias.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.cell import Cell, Drive, State


class CTLSTM(Cell):
    """Continuous-time LSTM cell; the state is (h, c, c_bar)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.gates = Affine(input_size, hidden_size, 7 * hidden_size)

    def initial_state(self, batch: int, like: Tensor) -> State:
        """Three zero tensors (B, H)."""
        zero = like.new_zeros(batch, self.hidden_size)
        return zero, zero, zero

    def drive(self, x: Tensor) -> Drive:
        """The inputs' part of the gates, (T, B, 7 H)."""
        return (self.gates.of_x(x),)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step, ``elapsed`` (B, 1) after the previous one."""
        h, c, c_bar = state
        j, i, f, o, i_bar, f_bar, d = self.gates(drive[0], h).chunk(7, dim=1)
        j = torch.tanh(j)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * j
        c_bar = torch.sigmoid(f_bar) * c_bar + torch.sigmoid(i_bar) * j
        c_t = c_bar + (c - c_bar) * torch.exp(-F.softplus(d) * elapsed)
        return torch.sigmoid(o) * torch.tanh(c_t), c, c_bar
