"""The GRU-ODE over packed sequences with an explicit solver, in C (``gru_ode.c``): float32 on the CPU."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.gru_ode import GRUODE
from ltcbench.models.engines import native
from ltcbench.models.engines.solver import columns
from ltcbench.models.packing import Sizes

SOURCE = native.Source(Path(__file__).with_name("gru_ode.c"), ("gru_ode_forward", "gru_ode_backward"))


def serves(cell: GRUODE, x: Tensor) -> bool:
    """Whether this engine can drive ``cell`` over inputs like ``x``."""
    return SOURCE.serves(x)


def sequence(
    cell: GRUODE, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of a GRU-ODE and its last state; arguments as of ``scan``."""
    h, method, gates = cell.solver.step_size * elapsed, cell.solver.name, cell.gates
    # No Euler step of at most 1 leaves the interval that the exact solution stays in.
    bounded = cell.bounded and (method != "euler" or bool((h > 1).any()))
    c, b = columns(method)
    settings = cell.solver.unfolds, len(b), c, b, int(bounded)
    out, last = _Sequence.apply(  # type: ignore[no-untyped-call]
        x, h, mask, sizes, settings, torch.is_grad_enabled(), *state, gates.weight_x, gates.weight_h, gates.bias
    )
    return out, (last,)


class _Sequence(torch.autograd.Function):
    """x (N, F), h (N,), mask (N,) or None, state (B, H), parameters -> states (N, H), last state (B, H)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, h: Tensor, mask: Tensor | None, sizes: Sizes,
                settings: tuple[int, int, Tensor, Tensor, int], wanted: bool, start: Tensor, weight_x: Tensor,
                weight_h: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:  # fmt: skip
        drive, last, (unfolds, stages, *_, bounded) = torch.addmm(bias, x, weight_x.t()), native.fresh(start), settings
        size = last.shape[1]
        out, evaluations = x.new_empty(len(x), size), len(x) * unfolds * stages
        points, gates = (x.new_empty(evaluations, width * size) if wanted else None for width in (1, 3))
        within = x.new_empty(len(x) * unfolds, size, dtype=torch.bool) if wanted and bounded else None
        ctx.equation = len(sizes), sizes, *last.shape, *settings
        SOURCE.call("gru_ode_forward", *ctx.equation, weight_h, h, mask, drive, last, points, gates, within, out)
        ctx.save_for_backward(x, weight_x, weight_h, h, mask, points, gates, within)
        return out, last

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, g_last: Tensor) -> tuple[Tensor | None, ...]:
        x, weight_x, *given = ctx.saved_tensors
        _, _, _, points, gates, _ = given
        g, size = native.fresh(g_last), g_last.shape[1]
        g_a, g_drive = torch.empty_like(gates), g_out.new_zeros(len(x), 3 * size)
        SOURCE.call("gru_ode_backward", *ctx.equation, *given, g_out.contiguous(), g, g_a, g_drive)
        g_x = g_drive @ weight_x if ctx.needs_input_grad[0] else None
        g_weight_h = torch.cat([g_a[:, : 2 * size].t() @ points, g_a[:, 2 * size :].t() @ (gates[:, :size] * points)])
        return g_x, None, None, None, None, None, g, g_drive.t() @ x, g_weight_h, g_drive.sum(0)
