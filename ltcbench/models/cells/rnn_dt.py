"""RNN with the elapsed time t as a further input ("RNN-dt" of Rubanova et al. 2019, arXiv 1907.03907).

    h <- GRU([x, t], h)

Symbols:
    - h: state.
    - `gates`, `bias_n`: of the GRU, see gru; the last column of W_x belongs to t.

Deviations:
    - As rnn_baselines.py of their code: the recurrent cell is a GRU with torch's first values. Here t is the time since
      the previous step.
    - ``union_times``: in their code t is the time to the next moment that any series of the batch has, for a batch runs
      on the union of the times of its series (off unless a table that quotes them turns it on).
"""

from torch import Tensor

from ltcbench.models.cells.cell import Drive, State
from ltcbench.models.cells.gru import GRU


class RNNDt(GRU):
    """GRU cell with the elapsed time as a further input; the state is (h,).

    Args:
        input_size: F.
        hidden_size: H.
        union_times: as in the code of Rubanova et al., see ``ltcbench.models.times.retimed``.
    """

    uses_elapsed = True

    def __init__(self, input_size: int, hidden_size: int, *, union_times: bool = False) -> None:
        super().__init__(input_size, hidden_size, further_inputs=1, init="torch")
        self.union_times = union_times

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step with ``elapsed`` (B, 1)."""
        return (self.update(drive[0], state[0], elapsed),)
