"""Long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    i, j, f, o = W_x x + W_h h + b
    c <- sigmoid(f + forget_bias) * c + sigmoid(i) * tanh(j)
    h <- sigmoid(o) * tanh(c)

Symbols:
    - h, c: state, output and memory.
    - `gates`: W_x, W_h and b of i, j, f, o, in this order.

Deviations:
    - As TensorFlow's LSTMCell, which the LTC paper's code uses: forget bias 1 added outside the trainable bias, all
      weights of both kernels drawn Glorot-uniform over their joint shape (F + H, 4 H), no peepholes.
"""

import torch
from torch import Tensor

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.options import BIAS, real


def remember(z: Tensor, c: Tensor, forget_bias: float) -> tuple[Tensor, Tensor]:
    """Output h and memory c (B, H) after a step, from the gates' arguments i, j, f, o (B, 4 H) and c before it."""
    i, j, f, o = z.chunk(4, dim=1)
    c = torch.sigmoid(f + forget_bias) * c + torch.sigmoid(i) * torch.tanh(j)
    return torch.sigmoid(o) * torch.tanh(c), c


class LSTM(Cell):
    """LSTM cell; the state is (h, c).

    Args:
        input_size: F.
        hidden_size: H.
        forget_bias: added to the argument of the forget gate.

    Raises:
        UserError: the option is out of range.
    """

    uses_elapsed = False

    def __init__(self, input_size: int, hidden_size: int, *, forget_bias: float = 1.0) -> None:
        super().__init__(input_size, hidden_size)
        real("forget_bias", forget_bias, BIAS)
        self.forget_bias = forget_bias
        self.gates = Affine(input_size, hidden_size, 4 * hidden_size, init="dense")

    def initial_state(self, batch: int, like: Tensor) -> State:
        """Two zero tensors (B, H)."""
        return like.new_zeros(batch, self.hidden_size), like.new_zeros(batch, self.hidden_size)

    def drive(self, x: Tensor) -> Drive:
        """The inputs' part of the gates, (T, B, 4 H)."""
        return (self.gates.of_x(x),)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step; ``elapsed`` is ignored."""
        h, c = state
        return remember(self.gates(drive[0], h), c, self.forget_bias)
