"""RNN on filled-in inputs ("RNN-Impute" of Rubanova et al. 2019, arXiv 1907.03907).

With values x, their mask m and the elapsed time t (see imputation for x_hat):

    h <- GRU([x_hat, m, t], h)

Symbols:
    - h: state; with a feature mask also x_last and the time since then, see imputation.
    - `gru`: see gru; the last column of its W_x belongs to t.
    - `imputation`: the decay of the inputs, only with a feature mask.

Deviations:
    - As rnn_baselines.py of their code: the recurrent cell is a GRU with torch's first values. Their code divides the
      times by the largest of the batch and takes x_mean over a sequence, future and missing values (as 0) included;
      here times are what they are and x_mean is what ``calibrate_`` was given, 0 without.
    - ``union_times``: in their code t is the time to the next moment that any series of the batch has, for a batch runs
      on the union of the times of its series (off unless a table that quotes them turns it on).
    - Without a feature mask there is nothing to fill in, and the model is rnn_dt.
"""

import torch
from torch import Tensor

from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.cells.gru import GRU
from ltcbench.models.cells.imputation import Imputation


class RNNImpute(Cell):
    """GRU cell on imputed inputs; the state is (h,), with a feature mask (h, x_last, time since).

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
        self.gru = GRU(2 * input_size if masked else input_size, hidden_size, further_inputs=1, init="torch")

    def initial_state(self, batch: int, like: Tensor) -> State:
        """h, and with a feature mask what ``Imputation`` remembers."""
        h = like.new_zeros(batch, self.hidden_size)
        return (h, *(self.imputation.initial_state(batch, like) if self.imputation else ()))

    def drive(self, x: Tensor) -> Drive:
        """Without a feature mask the inputs' part of the gates (T, B, 3 H), else the inputs (T, B, 2 F)."""
        return (x,) if self.imputation else self.gru.drive(x)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step, ``elapsed`` (B, 1) after the previous one."""
        of_x, memory = drive[0], state[1:]
        if self.imputation:
            x, m = drive[0].chunk(2, dim=1)
            x_hat, _, memory = self.imputation(x, m, memory, elapsed)
            (of_x,) = self.gru.drive(torch.cat([x_hat, m], dim=1))
        return (self.gru.update(of_x, state[0], elapsed), *memory)
