"""CT-RNN and neural ODE with an explicit solver over a whole sequence, the backward pass derived by hand.

At stage i of a sub-step of length h

    y_i = y + h sum_j a_ij k_j,   f_i = tanh(W_x x + W_h y_i + b),   k_i = gain f_i - y_i   (node: gain f_i)

and the sub-step gives y + h sum_i b_i k_i. Backwards, from the gradient g of that,

    g_k_i = h (b_i g + sum_(j > i) a_ji g_y_j),   g_y_i = (g_k_i gain (1 - f_i^2)) W_h - g_k_i   (node: without g_k_i)

and g + sum_i g_y_i is the gradient of y. Weights get theirs in one product at the end.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.ctrnn import CTRNN
from ltcbench.models.solvers import TABLEAUS


def sequence(cell: CTRNN, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None) -> tuple[Tensor, State]:
    """Outputs of ``cell`` at every step and its last state, of (T, B, ...)."""
    (drive,) = cell.drive(x)
    h = (cell.solver.step_size * elapsed).unsqueeze(-1)
    keep = None if mask is None else mask.unsqueeze(-1)
    states: Tensor = _Sequence.apply(cell, drive, state[0], h, keep, cell.drive_map.weight_h, cell.gain)  # type: ignore[no-untyped-call]
    return states, (states[-1],)


def _moved(y: Tensor, h: Tensor, weights: Sequence[float], slopes: Sequence[Tensor], out: Tensor) -> Tensor:
    """Y + h times the weighted sum of the slopes, written into ``out``."""
    for weight, slope in zip(weights, slopes, strict=True):
        if weight:
            y = torch.addcmul(y, h, slope, value=weight, out=out)
    return y


class _Sequence(torch.autograd.Function):
    """drive (T, B, H), start (B, H), h (T, B, 1), keep (T, B, 1) or None, W_h, gain or None -> states (T, B, H)."""

    @staticmethod
    def forward(ctx: Any, cell: CTRNN, drive: Tensor, start: Tensor, h: Tensor, keep: Tensor | None, weight: Tensor,
                gain: Tensor | None) -> Tensor:  # fmt: skip
        tableau, unfolds, (steps, *size) = TABLEAUS[cell.solver.name], cell.solver.unfolds, drive.shape
        stages = len(tableau.b)
        # No sub-step of at most 1 leaves the interval that the exact solution stays in.
        bounded = cell.clip is not None or (cell.bounded and cell.decays and bool((h > 1).any()))
        y = drive.new_empty(steps, unfolds + 1, *size)  # before each sub-step and after the last
        between = drive.new_empty(steps, unfolds, stages - 1, *size)  # y_i of all stages but the first
        f = drive.new_empty(steps, unfolds, stages, *size)
        within = drive.new_empty(steps, unfolds, *size) if bounded else None  # 1 where the bounds changed nothing
        transposed, f_t = weight.t(), iter(f.flatten(0, 2).unbind(0))
        between_t, y_t = iter(between.flatten(0, 2).unbind(0)), iter(y.flatten(0, 1).unbind(0))

        after, keep_t = start, None if keep is None else keep.unbind(0)
        for t, (drive_t, h_t) in enumerate(zip(drive.unbind(0), h.unbind(0), strict=True)):
            before = now = next(y_t).copy_(after)
            bounds = cell.bounds(before) if bounded else None
            for s in range(unfolds):
                slopes: list[Tensor] = []
                for i, row in enumerate(tableau.a):
                    point = _moved(now, h_t, row, slopes, next(between_t)) if i else now
                    slope = torch.addmm(drive_t, point, transposed, out=next(f_t)).tanh_()
                    slope = slope if gain is None else slope * gain
                    slopes.append(slope - point if cell.decays else slope)
                now = _moved(now, h_t, tableau.b, slopes, next(y_t))
                if bounds is not None and within is not None:
                    free = now.clone()
                    torch.eq(now.clamp_(*bounds), free, out=within[t, s])
            after = now if keep_t is None else torch.where(keep_t[t], now, before)
            if keep_t is not None:
                y[t, -1] = after

        ctx.cell = cell
        ctx.save_for_backward(h, keep, weight, gain, y, between, f, within)
        return y[:, -1].contiguous()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor) -> tuple[Tensor | None, ...]:
        h, keep, weight, gain, y, between, f, within = ctx.saved_tensors
        cell: CTRNN = ctx.cell
        tableau, (steps, unfolds, stages, *_) = TABLEAUS[cell.solver.name], f.shape
        g_a = torch.ops.aten.tanh_backward(f.new_ones(()).expand_as(f), f)  # gain (1 - f^2), then times g_k
        if gain is not None:
            g_a.mul_(gain)
        g_gain = None if gain is None else torch.zeros_like(gain)
        g_a_t, f_t = g_a.flatten(0, 2).unbind(0), f.flatten(0, 2).unbind(0)
        out_t, h_t, g = g_out.unbind(0), h.unbind(0), torch.zeros_like(g_out[0])
        for t in reversed(range(steps)):
            g = passed = g + out_t[t]
            if keep is not None:  # a masked step hands its gradient on to the step before
                g = g * keep[t]
                passed = passed - g
            for s in reversed(range(unfolds)):
                g = g if within is None else g * within[t, s]
                g_h, g_y, g_before = g * h_t[t], list[Tensor](), g
                for i in reversed(range(stages)):
                    g_k = g_h if tableau.b[i] == 1 else g_h * tableau.b[i]
                    for later, g_point in zip(tableau.a[:i:-1], g_y, strict=True):
                        if later[i]:
                            g_k = torch.addcmul(g_k, h_t[t], g_point, value=later[i])
                    n = (t * unfolds + s) * stages + i
                    if g_gain is not None:
                        g_gain += (g_k * f_t[n]).sum(0)
                    g_f = g_a_t[n].mul_(g_k)
                    g_y.append(torch.addmm(g_k, g_f, weight, beta=-1) if cell.decays else g_f @ weight)
                    g_before = g_before + g_y[-1]
                g = g_before
            if keep is not None:
                g = g + passed

        g_weight = g_a[:, :, 0].flatten(0, 2).t() @ y[:, :-1].flatten(0, 2)
        if stages > 1:
            g_weight += g_a[:, :, 1:].flatten(0, 3).t() @ between.flatten(0, 3)
        return None, g_a.sum((1, 2)), g, None, None, g_weight, g_gain
