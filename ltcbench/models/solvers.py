"""Solvers of a cell's differential equation over one time step, during which its inputs are constant.

Each sample has its own elapsed time: fixed-step solvers divide it into sub-steps, the adaptive one rescales time to
s in [0, 1], dy/ds = elapsed f(y).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ltcbench.errors import UserError
from ltcbench.models.options import POSITIVE, STEPS, TOLERANCE, choice, real, whole

Field = Callable[[Tensor], Tensor]
Bounds = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Tableau:
    """An explicit Runge-Kutta method: stage i is evaluated at y + h sum_j a[i][j] k_j, the step is h sum_i b[i] k_i."""

    a: tuple[tuple[float, ...], ...]
    b: tuple[float, ...]


TABLEAUS = {
    "euler": Tableau(((),), (1.0,)),
    "heun": Tableau(((), (1.0,)), (1 / 2, 1 / 2)),
    "rk4": Tableau(((), (1 / 2,), (0.0, 1 / 2), (0.0, 0.0, 1.0)), (1 / 6, 1 / 3, 1 / 3, 1 / 6)),
}
SOLVERS = (*TABLEAUS, "ode")


def explicit(field: Field, y: Tensor, h: Tensor, steps: int, tableau: Tableau, bounds: Bounds | None = None) -> Tensor:
    """The state after ``steps`` explicit steps.

    Args:
        field: f of dy/dt = f(y), (B, H) -> (B, H).
        y: (B, H).
        h: length of a step (B, 1).
        steps: how many.
        tableau: the method.
        bounds: smallest and largest y; every step that leaves them is put back. Without gradient, which would cost as
            much as the step. None: no bounds.
    """
    for _ in range(steps):
        slopes: list[Tensor] = []
        for row in tableau.a:
            slopes.append(field(_moved(y, h, row, slopes)))
        y = _moved(y, h, tableau.b, slopes)
        if bounds is not None:
            y = torch.clamp(y, *bounds)
    return y


def _moved(y: Tensor, h: Tensor, weights: tuple[float, ...], slopes: list[Tensor]) -> Tensor:
    parts = [slope if weight == 1 else weight * slope for weight, slope in zip(weights, slopes, strict=True) if weight]
    return y + h * sum(parts[1:], parts[0]) if parts else y


def fused(
    parts: Callable[[Tensor], tuple[Tensor, Tensor]], c: Tensor, y: Tensor, h: Tensor, steps: int, epsilon: float = 0.0
) -> Tensor:
    """The state after ``steps`` semi-implicit steps of c dy/dt = a(y) - b(y) y; the factor y is taken at their end.

    Args:
        parts: gives a and b, (B, H) -> (B, H), (B, H).
        c: (H,).
        y: (B, H).
        h: length of a step (B, 1).
        steps: how many.
        epsilon: added to b.
    """
    for _ in range(steps):
        a, b = parts(y)
        y = (c * y + h * a) / (c + h * (b + epsilon))
    return y


class Solver:
    """A solver with its settings.

    Args:
        name: ``euler``, ``heun``, ``rk4`` or ``ode`` (adaptive Dormand-Prince 5(4), needs torchdiffeq).
        unfolds: sub-steps in one time step.
        step_size: length of a sub-step as a share of the elapsed time; None: 1/unfolds. The LTC paper's code takes
            6 sub-steps of 0.1 and so integrates over 0.6 of the elapsed time.
        tolerance: relative and absolute tolerance of ``ode``, which always integrates over the whole elapsed time.

    Attributes:
        evaluations: how often ``ode`` has evaluated its equation, over all batches; set it to 0 to count anew.

    Raises:
        UserError: unknown solver, or a setting out of range.
    """

    def __init__(
        self, name: str, unfolds: int = 1, step_size: float | None = None, tolerance: float | None = None
    ) -> None:
        choice("solver", name, SOLVERS)
        whole("unfolds", unfolds, STEPS)
        if step_size is not None:
            real("step_size", step_size, POSITIVE)
        if tolerance is not None:
            real("tolerance", tolerance, TOLERANCE)
        self.name = name
        self.unfolds = unfolds
        self.step_size = 1 / unfolds if step_size is None else step_size
        self.tolerance = 1e-6 if tolerance is None else tolerance
        self.evaluations = 0

    def __call__(self, field: Field, y: Tensor, elapsed: Tensor, bounds: Bounds | None = None) -> Tensor:
        """The state (B, H) after ``elapsed`` (B, 1); bounds as in ``explicit``, ignored by ``ode``."""
        if self.name == "ode":
            return self._adaptive(field, y, elapsed)
        return explicit(field, y, self.step_size * elapsed, self.unfolds, TABLEAUS[self.name], bounds)

    def _adaptive(self, field: Field, y: Tensor, elapsed: Tensor) -> Tensor:
        try:
            from torchdiffeq import odeint
        except ImportError:
            raise UserError("solver 'ode' needs torchdiffeq: pip install 'ltcbench[ode]'.") from None
        if len(y) == 0:  # nothing that a length of step could be told from
            return y + elapsed * field(y)

        def rescaled(s: Tensor, y: Tensor) -> Tensor:
            self.evaluations += 1
            return elapsed * field(y)

        span = torch.tensor([0.0, 1.0], dtype=torch.float64, device=y.device)
        try:
            path: Tensor = odeint(
                rescaled,
                y,
                span,
                rtol=self.tolerance,
                atol=self.tolerance,
                method="dopri5",
                options={"dtype": span.dtype},
            )
        except AssertionError as error:
            raise UserError(
                f"the adaptive solver gave up ({error}): choose a larger model.tolerance or a fixed-step solver."
            ) from None
        return path[-1]
