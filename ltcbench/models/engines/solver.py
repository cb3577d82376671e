"""CT-RNN, neural ODE and the ODE-RNN that is one, with an explicit solver, in C (``solver.c``): float32 on the CPU."""

import functools
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import Cell, State
from ltcbench.models.cells.ctrnn import CTRNN
from ltcbench.models.cells.ode_rnn import ODERNN
from ltcbench.models.engines import native
from ltcbench.models.packing import Sizes
from ltcbench.models.solvers import TABLEAUS

SOURCE = native.Source(Path(__file__).with_name("solver.c"), ("solver_forward", "solver_backward"))

Settings = tuple[int, int, Tensor, Tensor, int, int, float]


def serves(cell: Cell, x: Tensor) -> bool:
    """Whether this engine can drive ``cell`` over inputs like ``x``."""
    return not (isinstance(cell, ODERNN) and cell.observes) and SOURCE.serves(x)


def sequence(
    cell: CTRNN | ODERNN, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of ``cell`` at every step and its last state; arguments as of ``ltcbench.models.scan.scan``."""
    ode: CTRNN = cell.ode if isinstance(cell, ODERNN) else cell
    h, layer = ode.solver.step_size * elapsed, ode.drive_map
    gain = x.new_ones(ode.hidden_size) if ode.gain is None else ode.gain
    out, last = _Sequence.apply(  # type: ignore[no-untyped-call]
        x, h, mask, sizes, settings(ode, h), torch.is_grad_enabled(), *state,
        layer.weight_x, layer.weight_h, layer.bias, gain,
    )  # fmt: skip
    return out, (last,)


@functools.cache
def columns(method: str) -> tuple[Tensor, Tensor]:
    """The columns c and b of ``solver.h``."""
    tableau = TABLEAUS[method]
    assert not any(weight for row in tableau.a for weight in row[:-1])  # each stage starts from the one before alone
    return torch.tensor([sum(row, 0.0) for row in tableau.a]), torch.tensor(tableau.b)


def settings(cell: CTRNN, h: Tensor) -> Settings:
    """What the C functions need to know of an equation and its solver, whose sub-steps have these lengths."""
    c, b = columns(cell.solver.name)
    # No sub-step of at most 1 leaves the interval that the exact solution stays in.
    bounded = cell.bounded and cell.decays and bool((h > 1).any())
    clip = float("inf") if cell.clip is None else float(cell.clip)
    return cell.solver.unfolds, len(b), c, b, int(cell.decays), int(bounded), clip


class Kept(NamedTuple):
    """What the backward pass needs of all evaluations of the equation, for ``rows`` steps."""

    y: Tensor | None  # (rows x unfolds x stages, H)
    f: Tensor | None
    within: Tensor | None  # (rows x unfolds, H), where a bound changed nothing; None where there are no bounds

    @classmethod
    def room(cls, settings: Settings, like: Tensor, wanted: bool) -> "Kept":
        """Room for them, if they are wanted; like a tensor (rows, H)."""
        unfolds, stages, *_, bounded, clip = settings
        if not wanted:
            return cls(None, None, None)
        rows, width = like.shape
        limited = bounded or clip < float("inf")
        within = like.new_empty(rows * unfolds, width, dtype=torch.bool) if limited else None
        y, f = (like.new_empty(rows * unfolds * stages, width) for _ in "yf")  # one block would be too large to be kept
        return cls(y, f, within)


class _Sequence(torch.autograd.Function):
    """x (N, F), h (N,), mask (N,) or None, state (B, H), parameters -> states (N, H), last state (B, H)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, h: Tensor, mask: Tensor | None, sizes: Sizes, settings: Settings, wanted: bool,
                start: Tensor, weight_x: Tensor, weight_h: Tensor, bias: Tensor, gain: Tensor,
                ) -> tuple[Tensor, Tensor]:  # fmt: skip
        drive, last = torch.addmm(bias, x, weight_x.t()), native.fresh(start)
        out, kept = torch.empty_like(drive), Kept.room(settings, drive, wanted)
        SOURCE.call("solver_forward", len(sizes), sizes, *last.shape, *settings, gain, weight_h, h, mask, drive, last,
                    *kept, out)  # fmt: skip
        ctx.sizes, ctx.settings = sizes, settings
        ctx.save_for_backward(x, h, mask, weight_x, weight_h, gain, *kept)
        return out, last

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, g_last: Tensor) -> tuple[Tensor | None, ...]:
        x, h, mask, weight_x, weight_h, gain, y, f, within = ctx.saved_tensors
        g, g_a, g_drive, g_gain = (
            native.fresh(g_last),
            torch.empty_like(f),
            g_out.new_zeros(g_out.shape),
            torch.zeros_like(gain),
        )
        SOURCE.call("solver_backward", len(ctx.sizes), ctx.sizes, *g.shape, *ctx.settings, gain, weight_h, h, mask, f,
                    within, g_out.contiguous(), g, g_a, g_drive, g_gain)  # fmt: skip
        g_x = g_drive @ weight_x if ctx.needs_input_grad[0] else None
        return g_x, None, None, None, None, None, g, g_drive.t() @ x, g_a.t() @ y, g_drive.sum(0), g_gain
