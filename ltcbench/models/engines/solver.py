"""CT-RNN and neural ODE with an explicit solver over a whole sequence, in C (``solver.c``): float32 on the CPU."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.ctrnn import CTRNN
from ltcbench.models.engines.native import call, library
from ltcbench.models.packing import Sizes
from ltcbench.models.solvers import TABLEAUS, Tableau

SOURCE = Path(__file__).with_name("solver.c")
FUNCTIONS = ("solver_forward", "solver_backward")


def serves(x: Tensor) -> bool:
    """Whether this engine can drive a cell over inputs like ``x``."""
    return x.dtype == torch.float32 and x.device.type == "cpu" and library(SOURCE, FUNCTIONS) is not None


def sequence(
    cell: CTRNN, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of ``cell`` at every step and its last state; arguments as of ``ltcbench.models.scan.scan``."""
    (drive,) = cell.drive(x)
    h, gain = cell.solver.step_size * elapsed, cell.gain
    # No sub-step of at most 1 leaves the interval that the exact solution stays in.
    bounded = cell.bounded and cell.decays and bool((h > 1).any())
    gain = drive.new_ones(cell.hidden_size) if gain is None else gain
    weight = cell.drive_map.weight_h
    y, last = _Sequence.apply(cell, bounded, sizes, drive, state[0], h, mask, weight, gain)  # type: ignore[no-untyped-call]
    return y, (last,)


def _columns(tableau: Tableau) -> tuple[Tensor, Tensor]:
    """c and b of ``solver.h``: each stage starts from the one before alone."""
    assert not any(weight for row in tableau.a for weight in row[:-1])
    return torch.tensor([sum(row, 0.0) for row in tableau.a]), torch.tensor(tableau.b)


class _Sequence(torch.autograd.Function):
    """drive (N, H), start (B, H), h (N,), mask (N,) or None, W_h (H, H), gain (H,) -> states (N, H), last state (B, H)."""

    @staticmethod
    def forward(ctx: Any, cell: CTRNN, bounded: bool, sizes: Sizes, drive: Tensor, start: Tensor, h: Tensor,
                mask: Tensor | None, weight: Tensor, gain: Tensor) -> tuple[Tensor, Tensor]:  # fmt: skip
        drive, h, weight, gain = (tensor.contiguous() for tensor in (drive, h, weight, gain))
        c, b = _columns(TABLEAUS[cell.solver.name])
        clip = float("inf") if cell.clip is None else float(cell.clip)
        stages, unfolds, (rows, width) = len(b), cell.solver.unfolds, drive.shape
        points: Tensor | None = None
        f: Tensor | None = None
        within: Tensor | None = None
        if any(ctx.needs_input_grad):
            points, f = drive.new_empty(2, rows * unfolds * stages, width)
            if bounded or cell.clip is not None:
                within = drive.new_empty(rows * unfolds, width, dtype=torch.bool)
        out, last = torch.empty_like(drive), start.clone(memory_format=torch.contiguous_format)
        equation = (unfolds, stages, c, b, int(cell.decays), int(bounded), clip, gain, weight)
        _call("solver_forward", len(sizes), sizes, len(start), width, *equation, h, mask, drive, last, points, f,
              within, out)  # fmt: skip
        ctx.sizes, ctx.equation = sizes, equation[:-2]
        ctx.save_for_backward(gain, weight, h, mask, points, f, within)
        return out, last

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, g_last: Tensor) -> tuple[Tensor | None, ...]:
        gain, weight, h, mask, points, f, within = ctx.saved_tensors
        g, g_a = g_last.clone(memory_format=torch.contiguous_format), torch.empty_like(f)
        g_drive, g_gain = torch.zeros_like(g_out, memory_format=torch.contiguous_format), torch.zeros_like(gain)
        _call("solver_backward", len(ctx.sizes), ctx.sizes, *g.shape, *ctx.equation, gain, weight, h, mask, f, within,
              g_out.contiguous(), g, g_a, g_drive, g_gain)  # fmt: skip
        return None, None, None, g_drive, g, None, None, g_a.t() @ points, g_gain


def _call(function: str, *arguments: int | float | Tensor | tuple[int, ...] | None) -> None:
    native = library(SOURCE, FUNCTIONS)
    assert native is not None
    call(native, function, *arguments)
