"""GRU-D (Che et al. 2018, Recurrent neural networks for multivariate time series with missing values).

With values x, their mask m and delta, the time since each feature's last observation (see imputation for x_hat):

    gamma = exp(-max(0, W_gamma delta + b_gamma)),   h <- gamma * h
    r, z = sigmoid(W_x [x_hat, m] + W_h h + b)
    h_tilde = tanh(W_x [x_hat, m] + W_h (r * h) + b)
    h <- (1 - z) * h + z * h_tilde

Symbols:
    - h: state; with a feature mask also x_last and the time since then, see imputation.
    - `gates`: W_x, W_h and b of r, z, h_tilde, in this order; the paper's W, U, V, b.
    - `decay`: W_gamma and b_gamma.
    - `imputation`: the decay of the inputs, only with a feature mask.

Deviations:
    - Without a feature mask there is nothing to fill in, delta is the elapsed time and m is left out, as in
      node_cell.py of the ODE-LSTM code, whose numbers the CfC paper's tables on XOR and Walker2D hold.
    - First values as in node_cell.py: Glorot-uniform, biases zero. Its z is 1 - z of the paper.
    - ``union_times``: in the code of Rubanova et al. 2019 the elapsed time is that to the next moment that any series
      of the batch has, for a batch runs on the union of the times of its series (off unless a table that quotes them
      turns it on).
    - x_mean is what ``calibrate_`` was given, the mean of the observed training values in the paper; 0 without.
"""

import torch
from torch import Tensor

from ltcbench.models.cells.affine import Affine, Dense
from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.cells.gru_ode import reset_before
from ltcbench.models.cells.imputation import Imputation


class GRUD(Cell):
    """GRU-D cell; the state is (h,), with a feature mask (h, x_last, time since).

    Args:
        input_size: F.
        hidden_size: H.
        masked: whether the inputs hold a feature mask, see ``Cell``.
        union_times: as in the code of Rubanova et al., see ``ltcbench.models.times.retimed``.
    """

    takes_mask = True

    def __init__(self, input_size: int, hidden_size: int, masked: bool = False, *, union_times: bool = False) -> None:
        super().__init__(input_size, hidden_size)
        self.union_times = union_times
        self.imputation = Imputation(input_size) if masked else None
        self.decay = Dense(input_size if masked else 1, hidden_size)
        width = 2 * input_size if masked else input_size
        self.gates = Affine(width, hidden_size, hidden_size, blocks=3, init="dense")

    def initial_state(self, batch: int, like: Tensor) -> State:
        """h, and with a feature mask what ``Imputation`` remembers."""
        h = like.new_zeros(batch, self.hidden_size)
        return (h, *(self.imputation.initial_state(batch, like) if self.imputation else ()))

    def drive(self, x: Tensor) -> Drive:
        """Without a feature mask the inputs' part of the gates (T, B, 3 H), else the inputs (T, B, 2 F)."""
        return (x if self.imputation else self.gates.of_x(x),)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step, ``elapsed`` (B, 1) after the previous one."""
        h, of_x, delta, memory = state[0], drive[0], elapsed, state[1:]
        if self.imputation:
            x, m = drive[0].chunk(2, dim=1)
            x_hat, delta, memory = self.imputation(x, m, memory, elapsed)
            of_x = self.gates.of_x(torch.cat([x_hat, m], dim=1))
        h = self.gamma(delta) * h
        z, h_tilde = reset_before(self.gates, of_x, h)
        return (h + z * (h_tilde - h), *memory)

    def gamma(self, delta: Tensor) -> Tensor:
        """What is left of the state (B, H) after ``delta`` (B, F or 1)."""
        return torch.exp(-torch.relu(self.decay(delta)))
