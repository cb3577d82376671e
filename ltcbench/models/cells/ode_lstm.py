"""ODE-LSTM (Lechner and Hasani 2020, arXiv 2006.04418): an LSTM whose output state follows an ODE.

    m, c <- LSTM(x; h, c)
    dh/dt = gain tanh(W_x m + W_h h + b) - h    over the elapsed time, from h before the step

Symbols:
    - h, c: state, the ODE's state and the LSTM's memory.
    - `gates`: the LSTM's W_x, W_h and b, see lstm.
    - `ode`: gain, W_x, W_h and b of the equation, see ctrnn.

Deviations:
    - The paper lets the equation start at the LSTM's output, h(0) = m. As node_cell.py of the authors' code, whose
      numbers their tables hold, m is the equation's input and h goes on from its last value.
    - Forget bias 3 and 4 steps of Euler (node_cell.py); W_h of the LSTM orthogonal.
    - Ours: ``bounded``, see ctrnn.
"""

from torch import Tensor

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.cells.ctrnn import CTRNN
from ltcbench.models.cells.lstm import remember
from ltcbench.models.options import BIAS, real


class ODELSTM(Cell):
    """ODE-LSTM cell; the state is (h, c).

    Args:
        input_size: F.
        hidden_size: H.
        forget_bias: of the LSTM.
        solver, unfolds, tolerance: see ``Solver``; the sub-steps fill the elapsed time.
        bounded: see ``CTRNN``.

    Raises:
        UserError: an option is unknown or out of range.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        forget_bias: float = 3.0,
        solver: str = "euler",
        unfolds: int = 4,
        tolerance: float = 1e-6,
        bounded: bool = True,
    ) -> None:
        super().__init__(input_size, hidden_size)
        real("forget_bias", forget_bias, BIAS)
        self.forget_bias = forget_bias
        self.gates = Affine(input_size, hidden_size, 4 * hidden_size)
        self.ode = CTRNN(
            hidden_size,
            hidden_size,
            flavour="ode_lstm",
            solver=solver,
            unfolds=unfolds,
            step_size=None,
            tolerance=tolerance,
            bounded=bounded,
        )

    def initial_state(self, batch: int, like: Tensor) -> State:
        """Two zero tensors (B, H)."""
        return like.new_zeros(batch, self.hidden_size), like.new_zeros(batch, self.hidden_size)

    def drive(self, x: Tensor) -> Drive:
        """The inputs' part of the LSTM's gates, (T, B, 4 H)."""
        return (self.gates.of_x(x),)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step over ``elapsed`` (B, 1)."""
        h, c = state
        m, c = remember(self.gates(drive[0], h), c, self.forget_bias)
        (h,) = self.ode.step((h,), self.ode.drive(m), elapsed)
        return h, c

    @property
    def nfe(self) -> int:
        """How often the adaptive solver has evaluated the equation, over all batches; see ``Solver.evaluations``."""
        return self.ode.nfe
