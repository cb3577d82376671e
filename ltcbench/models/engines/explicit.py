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
from ltcbench.models.packing import Sizes, completed, last
from ltcbench.models.solvers import TABLEAUS


def sequence(
    cell: CTRNN, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of ``cell`` at every step and its last state; arguments as of ``ltcbench.models.scan.scan``."""
    (drive,) = cell.drive(x)
    h = (cell.solver.step_size * elapsed).unsqueeze(-1)
    keep = None if mask is None else mask.unsqueeze(-1)
    states: Tensor = _Sequence.apply(  # type: ignore[no-untyped-call]
        cell, drive, state[0][: sizes[0]], h, keep, sizes, cell.drive_map.weight_h, cell.gain
    )
    return states, completed((last(states, sizes),), state)


def _moved(y: Tensor, h: Tensor, weights: Sequence[float], slopes: Sequence[Tensor], out: Tensor) -> Tensor:
    """Y + h times the weighted sum of the slopes, written into ``out``."""
    for weight, slope in zip(weights, slopes, strict=True):
        if weight:
            y = torch.addcmul(y, h, slope, value=weight, out=out)
    return y


class _Sequence(torch.autograd.Function):
    """drive (N, H), start (B, H), h (N, 1), keep (N, 1) or None, sizes, W_h, gain or None -> states (N, H).

    What is kept of each stage or sub-step is a list of as many blocks, step by step, (sizes[t], H).
    """

    @staticmethod
    def forward(ctx: Any, cell: CTRNN, drive: Tensor, start: Tensor, h: Tensor, keep: Tensor | None, sizes: Sizes,
                weight: Tensor, gain: Tensor | None) -> Tensor:  # fmt: skip
        tableau, unfolds, size = TABLEAUS[cell.solver.name], cell.solver.unfolds, drive.shape[1]
        stages = len(tableau.b)
        # No sub-step of at most 1 leaves the interval that the exact solution stays in.
        bounded = cell.clip is not None or (cell.bounded and cell.decays and bool((h > 1).any()))
        y = drive.new_empty(len(drive) * (unfolds + 1), size)  # before each sub-step and after the last
        between = drive.new_empty(len(drive) * unfolds * (stages - 1), size)  # y_i of all stages but the first
        f = drive.new_empty(len(drive) * unfolds * stages, size)
        within = drive.new_empty(len(drive) * unfolds, size) if bounded else None  # 1 where the bounds changed nothing
        transposed, f_t = weight.t(), iter(_blocks(f, sizes, unfolds * stages))
        between_t, y_t = iter(_blocks(between, sizes, unfolds * (stages - 1))), iter(_blocks(y, sizes, unfolds + 1))
        within_t = iter(() if within is None else _blocks(within, sizes, unfolds))

        after, keep_t, out = start, None if keep is None else keep.split(sizes), list[Tensor]()
        for t, (drive_t, h_t) in enumerate(zip(drive.split(sizes), h.split(sizes), strict=True)):
            before = now = next(y_t).copy_(after[: sizes[t]])
            bounds = cell.bounds(before) if bounded else None
            for _ in range(unfolds):
                slopes: list[Tensor] = []
                for i, row in enumerate(tableau.a):
                    point = _moved(now, h_t, row, slopes, next(between_t)) if i else now
                    slope = torch.addmm(drive_t, point, transposed, out=next(f_t)).tanh_()
                    slope = slope if gain is None else slope * gain
                    slopes.append(slope - point if cell.decays else slope)
                now = _moved(now, h_t, tableau.b, slopes, next(y_t))
                if bounds is not None:
                    free = now.clone()
                    torch.eq(now.clamp_(*bounds), free, out=next(within_t))
            after = now if keep_t is None else now.copy_(torch.where(keep_t[t], now, before))
            out.append(after)

        ctx.cell, ctx.sizes = cell, sizes
        ctx.save_for_backward(h, keep, weight, gain, y, between, f, within)
        return torch.cat(out)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor) -> tuple[Tensor | None, ...]:
        h, keep, weight, gain, y, between, f, within = ctx.saved_tensors
        cell: CTRNN = ctx.cell
        sizes: Sizes = ctx.sizes
        tableau, unfolds = TABLEAUS[cell.solver.name], cell.solver.unfolds
        stages = len(tableau.b)
        g_a = torch.ops.aten.tanh_backward(f.new_ones(()).expand_as(f), f)  # gain (1 - f^2), then times g_k
        if gain is not None:
            g_a.mul_(gain)
        g_gain = None if gain is None else torch.zeros_like(gain)
        g_a_t, f_t = (_blocks(part, sizes, unfolds * stages) for part in (g_a, f))
        within_t = () if within is None else _blocks(within, sizes, unfolds)
        keep_t = None if keep is None else keep.split(sizes)
        out_t, h_t, g = g_out.split(sizes), h.split(sizes), g_out[:0]
        for t in reversed(range(len(sizes))):
            g = passed = torch.cat([g + out_t[t][: len(g)], out_t[t][len(g) :]]) if len(g) < sizes[t] else g + out_t[t]
            if keep_t is not None:  # a masked step hands its gradient on to the step before
                g = g * keep_t[t]
                passed = passed - g
            for s in reversed(range(unfolds)):
                g = g * within_t[t * unfolds + s] if within_t else g
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
            if keep_t is not None:
                g = g + passed

        y_t, first = _blocks(y, sizes, unfolds + 1), torch.cat(g_a_t[::stages])
        befores = [block for n, block in enumerate(y_t) if n % (unfolds + 1) < unfolds]
        g_weight = first.t() @ torch.cat(befores)
        if stages > 1:
            of_later = [block for n, block in enumerate(g_a_t) if n % stages]
            g_weight += torch.cat(of_later).t() @ between
        each = unfolds * stages
        of_step = (part.unflatten(0, (each, -1)) for part in g_a.split([each * size for size in sizes]))
        return None, torch.cat([part.sum(0) for part in of_step]), g, None, None, None, g_weight, g_gain


def _blocks(part: Tensor, sizes: Sizes, each: int) -> tuple[Tensor, ...]:
    """The ``each`` blocks of every step."""
    blocks: tuple[Tensor, ...] = part.split([size for size in sizes for _ in range(each)])
    return blocks
