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


def serves(cell: GRU, x: Tensor) -> bool:
    """Whether this engine can drive ``cell`` over inputs like ``x``."""
    return SOURCE.serves(x)


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
    def forward(ctx: Any, x: Tensor, time: Tensor | None, mask: Tensor | None, sizes: Sizes, h: Tensor,
                weight_x: Tensor, weight_h: Tensor, bias: Tensor, bias_n: Tensor) -> tuple[Tensor, Tensor]:  # fmt: skip
        (rows, features), width, size = x.shape, weight_x.shape[1], h.shape[1]
        inputs, gates = x.new_empty(rows, width + size), x.new_empty(rows, 3 * size)
        u, out = x.new_empty(2, rows, size).unbind(0)
        h = native.fresh(h)
        SOURCE.call("gru_forward", len(sizes), features, size, sizes, mask, x.contiguous(), time, weight_x, weight_h,
                    bias, bias_n, h, inputs, gates, u, out)  # fmt: skip
        ctx.sizes, ctx.features = sizes, features
        ctx.save_for_backward(mask, weight_x, weight_h, inputs, gates, u)
        return out, h

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, g_h: Tensor) -> tuple[Tensor | None, ...]:
        mask, weight_x, weight_h, inputs, gates, u = ctx.saved_tensors
        (_, width), size, g_h = inputs.shape, u.shape[1], native.fresh(g_h)
        g_gates, g_u = torch.empty_like(gates), torch.empty_like(u)
        g_bias, g_bias_n = gates.new_zeros(3 * size), gates.new_zeros(size)
        SOURCE.call("gru_backward", len(ctx.sizes), width, size, ctx.sizes, mask, weight_h, inputs, gates, u,
                    g_out.contiguous(), g_h, g_gates, g_u, g_bias, g_bias_n)  # fmt: skip
        g_x = g_gates @ weight_x[:, : ctx.features] if ctx.needs_input_grad[0] else None
        g_weight_x, g_weight_h = (g_gates.t() @ inputs).split([width - size, size], dim=1)
        torch.mm(g_u.t(), inputs[:, -size:], out=g_weight_h[2 * size :])  # what h gives n is behind r
        return g_x, None, None, None, g_h, g_weight_x, g_weight_h, g_bias, g_bias_n
