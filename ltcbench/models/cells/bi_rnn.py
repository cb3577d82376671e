"""An LSTM and a CT-RNN that hear each other ("Bi-directional RNN" of the ODE-LSTM baselines; not two directions).

    m, c <- LSTM([x, h, t]; m, c)    with the elapsed time t
    dh/dt = gain tanh(W_x [x, m] + W_h h + b) - h    over the elapsed time, with m before the step
    output m + h

Symbols:
    - m, c, h: state, the LSTM's output and memory, and the CT-RNN's state.
    - `gates`: the LSTM's W_x, W_h and b, see lstm; the columns of W_x belong to x, h, t in this order.
    - `ode`: gain, W_x, W_h and b of the equation, see ctrnn; the columns of W_x belong to x, m.

Deviations:
    - There is no paper of this model: all is as in node_cell.py of the ODE-LSTM code. Forget bias 1, 4 steps of Euler.
      A dense layer that their cell makes and never uses is left out.
    - Ours: ``bounded``, see ctrnn.
"""

from torch import Tensor

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.cells.ctrnn import CTRNN
from ltcbench.models.cells.lstm import remember
from ltcbench.models.options import BIAS, real


class BiRNN(Cell):
    """LSTM and CT-RNN in one cell; the state is (m, c, h).

    Args:
        input_size: F.
        hidden_size: H, units of each of the two.
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
        forget_bias: float = 1.0,
        solver: str = "euler",
        unfolds: int = 4,
        tolerance: float = 1e-6,
        bounded: bool = True,
    ) -> None:
        super().__init__(input_size, hidden_size)
        real("forget_bias", forget_bias, BIAS)
        self.forget_bias = forget_bias
        self.gates = Affine(input_size + hidden_size + 1, hidden_size, 4 * hidden_size)
        self.ode = CTRNN(
            input_size + hidden_size,
            hidden_size,
            flavour="ode_lstm",
            solver=solver,
            unfolds=unfolds,
            step_size=None,
            tolerance=tolerance,
            bounded=bounded,
        )

    def initial_state(self, batch: int, like: Tensor) -> State:
        """Three zero tensors (B, H)."""
        zero = like.new_zeros(batch, self.hidden_size)
        return zero, zero, zero

    def drive(self, x: Tensor) -> Drive:
        """The inputs' part of the LSTM's gates (T, B, 4 H) and of the equation (T, B, H)."""
        return self.gates.of_x(x), *self.ode.drive(x)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step over ``elapsed`` (B, 1)."""
        m, c, h = state
        of_x, of_m = drive[0], self.ode.drive_map.with_further(drive[1], m)
        m, c = remember(self.gates(of_x, m, h, elapsed), c, self.forget_bias)
        (h,) = self.ode.step((h,), (of_m,), elapsed)
        return m, c, h

    def output(self, state: State) -> Tensor:
        """The sum m + h, (B, H)."""
        return state[0] + state[2]

    @property
    def nfe(self) -> int:
        """How often the adaptive solver has evaluated the equation, over all batches; see ``Solver.evaluations``."""
        return self.ode.nfe
