"""ODE-RNN: the state follows an ODE between observations (Rubanova et al. 2019, arXiv 1907.03907).

    flavour latent_ode  dh/dt = W_2 tanh(W_1 h + b_1) + b_2 over the elapsed time, then h <- GRU(x, h)
    flavour ode_lstm    dh/dt = gain tanh(W_x x + W_h h + b) over the elapsed time; the output is h

Symbols:
    - h: state.
    - `field`: W_1, b_1, W_2, b_2; `gru`: see gru. Only in flavour latent_ode.
    - `ode`: gain, W_x, W_h, b, see ctrnn. Only in flavour ode_lstm.

Deviations:
    - flavour ode_lstm is what the ODE-LSTM code runs under this name, and so what the CfC paper's tables on XOR and
      Walker2D hold: a neural ODE with the input in the equation, without an update at the observation; 3 steps of RK4.
    - flavour latent_ode stands for the rows quoted from Rubanova et al. (person, PhysioNet). Their update is a GRU
      whose gates are networks with a hidden layer and whose state carries standard deviations too; here it is a plain
      GRU with torch's first values. The equation's weights start at N(0, 0.1^2), as theirs; they solve it by Euler
      with steps of at most 1/50 of the sequence's length.
    - ``forward_time_bug``: their time runs backwards, one step late (off unless a table that quotes them turns it on);
      with ``union_times`` so it does over all the times of a batch, see ``ltcbench.models.times``.
"""

from torch import Tensor, nn

from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.cells.ctrnn import CTRNN
from ltcbench.models.cells.gru import GRU
from ltcbench.models.options import SIZE, choice, of_flavour, whole
from ltcbench.models.solvers import Solver

FLAVOURS = ("ode_lstm", "latent_ode")


class ODERNN(Cell):
    """ODE-RNN cell; the state is (h,).

    Args:
        input_size: F.
        hidden_size: H.
        flavour: ``ode_lstm`` or ``latent_ode``.
        solver, unfolds, tolerance: see ``Solver``; the sub-steps fill the elapsed time.
        ode_units: width of the equation's hidden layer in flavour latent_ode.
        union_times, forward_time_bug: in flavour latent_ode, see ``ltcbench.models.times.retimed``.

    Raises:
        UserError: an option is unknown or out of range.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        flavour: str = "ode_lstm",
        solver: str = "rk4",
        unfolds: int = 3,
        tolerance: float = 1e-6,
        ode_units: int = 100,
        union_times: bool = False,
        forward_time_bug: bool = False,
    ) -> None:
        super().__init__(input_size, hidden_size)
        choice("flavour", flavour, FLAVOURS)
        whole("ode_units", ode_units, SIZE)
        of_flavour("union_times", union_times, flavour, "latent_ode")
        of_flavour("forward_time_bug", forward_time_bug, flavour, "latent_ode")
        self.union_times = union_times and forward_time_bug  # else what is solved piece by piece is solved as a whole
        self.forward_time_bug = forward_time_bug
        self.observes = flavour == "latent_ode"
        self.solver = Solver(solver, unfolds, None, tolerance)
        if self.observes:
            layers = nn.Linear(hidden_size, ode_units), nn.Linear(ode_units, hidden_size)
            self.field = nn.Sequential(layers[0], nn.Tanh(), layers[1])
            for layer in layers:
                nn.init.normal_(layer.weight, std=0.1)
                nn.init.zeros_(layer.bias)
            self.gru = GRU(input_size, hidden_size, init="torch")
        else:
            self.ode = CTRNN(input_size, hidden_size, decays=False, flavour="ode_lstm")
            self.ode.solver = self.solver

    def drive(self, x: Tensor) -> Drive:
        """The inputs' part of the GRU's gates (T, B, 3 H) or of the equation (T, B, H)."""
        return self.gru.drive(x) if self.observes else self.ode.drive(x)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """The solution after ``elapsed`` (B, 1), and the update."""
        if not self.observes:
            return self.ode.step(state, drive, elapsed)
        return (self.gru.update(drive[0], self.solver(self.field, state[0], elapsed)),)

    @property
    def nfe(self) -> int:
        """How often the adaptive solver has evaluated the equation, over all batches; see ``Solver.evaluations``."""
        return self.solver.evaluations
