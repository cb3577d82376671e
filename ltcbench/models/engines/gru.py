"""The GRU over packed sequences, in C (``gru.c``): float32 on the CPU.

Inputs' products and weights' gradients are one product each for the whole sequence; only what depends on the state is
in the loop.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.gru import GRU
from ltcbench.models.engines import native
from ltcbench.models.packing import Sizes

SOURCE = native.Source(Path(__file__).with_name("gru.c"), ("gru_forward", "gru_backward"))


def sequence(
    cell: GRU, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of a GRU, or of one with the elapsed time as its last input; arguments as of ``scan``."""
    time = elapsed if cell.uses_elapsed else None
    gates = cell.gates
    out, h = _Sequence.apply(x, time, mask, sizes, *state, gates.weight_x, gates.weight_h, gates.bias, cell.bias_n)  # type: ignore[no-untyped-call]
    return out, (h,)


class _Sequence(torch.autograd.Function):
    """x (N, F), time (N,) or None, mask (N,) or None, h (B, H), W_x, W_h, b, b_n -> outputs (N, H) and last h."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, time: Tensor | None, mask: Tensor | None, sizes: Sizes, start: Tensor,
                weight_x: Tensor, weight_h: Tensor, bias: Tensor, bias_n: Tensor) -> tuple[Tensor, Tensor]:  # fmt: skip
        x = x if time is None else torch.cat([x, time.unsqueeze(1)], dim=1)
        gates, size = torch.addmm(bias, x, weight_x.t()), start.shape[1]
        before, u, out = x.new_empty(3, len(x), size).unbind(0)
        h = native.fresh(start)
        SOURCE.call("gru_forward", len(sizes), size, sizes, mask, weight_h, bias_n, gates, h, before, u, out)
        ctx.sizes, ctx.further = sizes, time is not None
        ctx.save_for_backward(x, mask, weight_x, weight_h, gates, before, u)
        return out, h

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, g_h: Tensor) -> tuple[Tensor | None, ...]:
        x, mask, weight_x, weight_h, gates, before, u = ctx.saved_tensors
        size, g_h = u.shape[1], native.fresh(g_h)
        g_gates, g_u, g_bias, g_bias_n = (
            torch.empty_like(gates), torch.empty_like(u), x.new_zeros(3 * size), x.new_zeros(size),
        )  # fmt: skip
        SOURCE.call("gru_backward", len(ctx.sizes), size, ctx.sizes, mask, weight_h, gates, before, u,
                    g_out.contiguous(), g_h, g_gates, g_u, g_bias, g_bias_n)  # fmt: skip
        g_weight_h = torch.empty_like(weight_h)
        torch.mm(g_gates[:, : 2 * size].t(), before, out=g_weight_h[: 2 * size])
        torch.mm(g_u.t(), before, out=g_weight_h[2 * size :])
        g_x = g_gates @ weight_x[:, : x.shape[1] - ctx.further] if ctx.needs_input_grad[0] else None
        return g_x, None, None, None, g_h, g_gates.t() @ x, g_weight_h, g_bias, g_bias_n
