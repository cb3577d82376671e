"""Skip LSTM (Campos et al. 2018, arXiv 1708.06834): an LSTM that learns which steps to leave out.

    h', c' = LSTM(x; h, c)                     see lstm
    p' = p + min(d, 1 - p),   o = round(p')    half to even; the gradient of o is that of p'
    h, c <- o (h', c') + (1 - o) (h, c)
    d <- o sigmoid(w c' + b_p) + (1 - o) d
    p <- (1 - o) p'

Symbols:
    - h, c, p, d: state; p is the accumulated probability of an update, d what it grows by at every step.
    - `gates`: the LSTM's W_x, W_h and b of i, j, f, o, in this order.
    - `increment`: w and b_p.
    - `h_0`, `c_0`: the first h and c, trained. At first p is 0 and d is 1, so that the first step is an update.

Deviations:
    - The penalty on the number of updates is left out: it is 0 in the experiments on IMDB.
    - First values: the LSTM's as in lstm, w Glorot-uniform, b_p one, h_0 and c_0 zero.
"""

import torch
from torch import Tensor, nn

from ltcbench.models.cells.affine import Affine, Dense
from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.cells.head import Head
from ltcbench.models.cells.lstm import remember
from ltcbench.models.options import BIAS, DROPPED, real


class SkipLSTM(Cell):
    """Skip LSTM cell; the state is (h, c, p, d).

    Args:
        input_size: F.
        hidden_size: H.
        forget_bias: added to the argument of the forget gate.
        dropout: share of the outputs dropped before the read-out in training.

    Raises:
        UserError: an option is out of range.
    """

    uses_elapsed = False

    def __init__(self, input_size: int, hidden_size: int, *, forget_bias: float = 1.0, dropout: float = 0.0) -> None:
        super().__init__(input_size, hidden_size)
        real("forget_bias", forget_bias, BIAS)
        real("dropout", dropout, DROPPED)
        self.forget_bias, self.dropout = forget_bias, dropout
        self.gates = Affine(input_size, hidden_size, 4 * hidden_size, init="dense")
        self.increment = Dense(hidden_size, 1)
        nn.init.ones_(self.increment.bias)
        self.h_0 = nn.Parameter(torch.zeros(hidden_size))
        self.c_0 = nn.Parameter(torch.zeros(hidden_size))

    def head(self) -> Head:
        """The dropout."""
        return Head(self.output_size, nn.Dropout(self.dropout)) if self.dropout else Head(self.output_size)

    def initial_state(self, batch: int, like: Tensor) -> State:
        """h_0 and c_0 (B, H), p = 0 and d = 1 (B, 1)."""
        zero = like.new_zeros(batch, 1)
        return self.h_0.expand(batch, -1), self.c_0.expand(batch, -1), zero, torch.ones_like(zero)

    def drive(self, x: Tensor) -> Drive:
        """The inputs' part of the gates, (T, B, 4 H)."""
        return (self.gates.of_x(x),)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step; ``elapsed`` is ignored."""
        h, c, p, d = state
        h_new, c_new = remember(self.gates(drive[0], h), c, self.forget_bias)
        p = p + torch.minimum(d, 1 - p)
        o = p.detach().round() + (p - p.detach())  # 0 or 1 exactly, with the gradient of p
        kept = 1 - o
        d = o * torch.sigmoid(self.increment(c_new)) + kept * d
        return o * h_new + kept * h, o * c_new + kept * c, kept * p, d
