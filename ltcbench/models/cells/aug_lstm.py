"""Augmented LSTM: an LSTM that has the elapsed time t as a further input ("Augmented LSTM" of the ODE-LSTM baselines).

    i, j, f, o = W_x [x, t] + W_h h + b
    c <- sigmoid(f + forget_bias) * c + sigmoid(i) * tanh(j)
    h <- sigmoid(o) * tanh(c)

Symbols:
    - h, c: state, output and memory.
    - `gates`: W_x, W_h and b of i, j, f, o, in this order; the last column of W_x belongs to t.

Deviations:
    - As node_cell.py of the ODE-LSTM code: forget bias 1, W_h orthogonal, no peepholes.
"""

from torch import Tensor

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.cell import Drive, State
from ltcbench.models.cells.lstm import LSTM, remember


class AugLSTM(LSTM):
    """LSTM cell with the elapsed time as a further input; the state is (h, c)."""

    uses_elapsed = True

    def __init__(self, input_size: int, hidden_size: int, *, forget_bias: float = 1.0) -> None:
        super().__init__(input_size, hidden_size, forget_bias=forget_bias)
        self.gates = Affine(input_size + 1, hidden_size, 4 * hidden_size)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step with ``elapsed`` (B, 1)."""
        h, c = state
        return remember(self.gates(drive[0], h, elapsed), c, self.forget_bias)
