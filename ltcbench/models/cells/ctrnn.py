"""Continuous-time RNN (Funahashi and Nakamura 1993) and neural ODE (Chen et al. 2018) as recurrent cells.

    ctrnn  dh/dt = gain tanh(W_x x + W_h h + b) - h / tau,    tau = 1
    node   dh/dt = gain tanh(W_x x + W_h h + b)

The equation is integrated over the elapsed time, with x constant, in ``unfolds`` steps of ``solver``.

Symbols:
    - h: state.
    - `drive_map`: W_x, W_h and b.
    - `gain`: trainable, one per unit, first value 1; only in flavour ode_lstm, else 1.

Deviations:
    - flavour ltc (the LTC paper's code, ctrnn_model.py): no gain, weights Glorot-uniform over the joint shape of
      [x, h], 6 sub-steps of 0.1, of Euler for ctrnn and RK4 for node. So 0.6 of the elapsed time is integrated, where
      the paper says that a step is 1/6 of the sampling period. ``clip`` is their cell_clip, 10 for node on power and
      traffic.
    - flavour ode_lstm (the ODE-LSTM code, node_cell.py): with gain, W_h orthogonal; there both take 3 steps of RK4 of
      a third of the elapsed time: ``solver=rk4 unfolds=3 step_size=null``.
    - Ours: ``bounded`` puts h of ctrnn back into +-max(|gain|, |h before|) after each sub-step, the interval that the
      exact solution cannot leave. No sub-step of at most 1 leaves it; longer ones may diverge without it.
"""

import torch
from torch import Tensor, nn

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.options import POSITIVE, choice, real
from ltcbench.models.solvers import Solver

FLAVOURS = ("ltc", "ode_lstm")


class CTRNN(Cell):
    """CT-RNN cell, or with ``decays=False`` neural ODE cell; the state is (h,).

    Args:
        input_size: F.
        hidden_size: H.
        decays: whether the equation has the term -h/tau.
        flavour: ``ltc`` or ``ode_lstm``.
        solver, unfolds, step_size, tolerance: see ``Solver``.
        clip: largest absolute value of h after each sub-step, ignored by ``ode``; None: no limit.
        bounded: see above.

    Attributes:
        solver: the ``Solver``; ``solver.evaluations`` counts for ``ode``.

    Raises:
        UserError: an option is unknown or out of range.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        decays: bool = True,
        *,
        flavour: str = "ltc",
        solver: str = "euler",
        unfolds: int = 6,
        step_size: float | None = 0.1,
        tolerance: float = 1e-6,
        clip: float | None = None,
        bounded: bool = True,
    ) -> None:
        super().__init__(input_size, hidden_size)
        choice("flavour", flavour, FLAVOURS)
        if clip is not None:
            real("clip", clip, POSITIVE)
        self.decays = decays
        self.solver = Solver(solver, unfolds, step_size, tolerance)
        self.clip = clip
        self.bounded = bounded
        self.drive_map = Affine(input_size, hidden_size, hidden_size, init="dense" if flavour == "ltc" else "keras")
        self.gain = nn.Parameter(torch.ones(hidden_size)) if flavour == "ode_lstm" else None

    def drive(self, x: Tensor) -> Drive:
        """The inputs' part of tanh's argument, (T, B, H)."""
        return (self.drive_map.of_x(x),)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """The solution after ``elapsed`` (B, 1)."""
        (h,) = state

        def slope(h: Tensor) -> Tensor:
            forward = torch.tanh(self.drive_map(drive[0], h))
            if self.gain is not None:
                forward = self.gain * forward
            return forward - h if self.decays else forward

        return (self.solver(slope, h, elapsed, self.bounds(h)),)

    @torch.no_grad()
    def bounds(self, h: Tensor) -> tuple[Tensor, Tensor] | None:
        """Smallest and largest h (B, H) after each sub-step, from that before the first; None without any."""
        largest: Tensor | None = None
        if self.bounded and self.decays:
            largest = h.abs().clamp(min=1) if self.gain is None else torch.maximum(h.abs(), self.gain.abs())
        if self.clip is not None:
            largest = torch.full_like(h, self.clip) if largest is None else largest.clamp(max=self.clip)
        return None if largest is None else (-largest, largest)

    @property
    def nfe(self) -> int:
        """How often the adaptive solver has evaluated the equation, over all batches; see ``Solver.evaluations``."""
        return self.solver.evaluations
