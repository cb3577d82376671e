"""GRU-ODE (De Brouwer et al. 2019, arXiv 1905.12374): the GRU's update as a differential equation.

    r, z = sigmoid(W_x x + W_h h + b)
    g = tanh(W_x x + W_h (r * h) + b)
    dh/dt = (1 - z) * (g - h)

The equation is integrated over the elapsed time, with x constant, in ``unfolds`` steps of ``solver``.

Symbols:
    - h: state.
    - `gates`: W_x, W_h and b of r, z and g, in this order.

Deviations:
    - As node_cell.py of the ODE-LSTM code: the input is part of the equation, there is no Bayesian update (GRU-Bayes)
      at an observation; 4 steps of Euler; dense layers on [x, h], Glorot-uniform, b zero, but 1 for r.
    - Ours: ``bounded`` puts h back into +-max(1, |h before|) after each sub-step, the interval that the exact solution
      cannot leave. No Euler step of at most 1 leaves it; longer ones may diverge without it.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.solvers import Solver


def reset_before(
    gates: Affine, of_x: Tensor, h: Tensor, activation: Callable[[Tensor], Tensor] = torch.tanh
) -> tuple[Tensor, Tensor]:
    """The gate z and the candidate g (B, H) of a GRU whose reset gate acts on h before the product."""
    size = h.shape[1]
    r, z = torch.sigmoid(torch.addmm(of_x[:, : 2 * size], h, gates.weight_h[: 2 * size].t())).chunk(2, dim=1)
    return z, activation(torch.addmm(of_x[:, 2 * size :], r * h, gates.weight_h[2 * size :].t()))


class GRUODE(Cell):
    """GRU-ODE cell; the state is (h,).

    Args:
        input_size: F.
        hidden_size: H.
        solver, unfolds, tolerance: see ``Solver``; the sub-steps fill the elapsed time.
        bounded: see above.

    Raises:
        UserError: an option is unknown or out of range.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        solver: str = "euler",
        unfolds: int = 4,
        tolerance: float = 1e-6,
        bounded: bool = True,
    ) -> None:
        super().__init__(input_size, hidden_size)
        self.solver = Solver(solver, unfolds, None, tolerance)
        self.bounded = bounded
        self.gates = Affine(input_size, hidden_size, hidden_size, blocks=3, init="dense")
        with torch.no_grad():
            self.gates.bias[:hidden_size] = 1

    def drive(self, x: Tensor) -> Drive:
        """The inputs' part of r, z and g, (T, B, 3 H)."""
        return (self.gates.of_x(x),)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """The solution after ``elapsed`` (B, 1)."""
        (h,) = state

        def slope(h: Tensor) -> Tensor:
            z, g = reset_before(self.gates, drive[0], h)
            return (1 - z) * (g - h)

        largest = h.detach().abs().clamp(min=1)
        return (self.solver(slope, h, elapsed, (-largest, largest) if self.bounded else None),)

    @property
    def nfe(self) -> int:
        """How often the adaptive solver has evaluated the equation, over all batches; see ``Solver.evaluations``."""
        return self.solver.evaluations
