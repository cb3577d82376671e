"""The LSTM over packed sequences, in C (``lstm.c``): float32 on the CPU.

Inputs' products and weights' gradients are one product each for the whole sequence; only what depends on the state is
in the loop.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.lstm import LSTM
from ltcbench.models.engines import native
from ltcbench.models.packing import Sizes

SOURCE = native.Source(Path(__file__).with_name("lstm.c"), ("lstm_forward", "lstm_backward"))


def serves(cell: LSTM, x: Tensor) -> bool:
    """Whether this engine can drive ``cell`` over inputs like ``x``."""
    return SOURCE.serves(x)


def sequence(
    cell: LSTM, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of an LSTM, or of one with the elapsed time as its last input; arguments as of ``scan``."""
    time = elapsed if cell.uses_elapsed else None
    gates = cell.gates
    out, *last = _Sequence.apply(  # type: ignore[no-untyped-call]
        x, time, mask, sizes, cell.forget_bias, *state, gates.weight_x, gates.weight_h, gates.bias
    )
    return out, tuple(last)


class _Sequence(torch.autograd.Function):
    """x (N, F), time (N,) or None, mask (N,) or None, h and c (B, H), parameters -> outputs (N, H), last h and c."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, time: Tensor | None, mask: Tensor | None, sizes: Sizes, forget_bias: float,
                h: Tensor, c: Tensor, weight_x: Tensor, weight_h: Tensor,
                bias: Tensor) -> tuple[Tensor, ...]:  # fmt: skip
        (rows, features), width, size = x.shape, weight_x.shape[1], h.shape[1]
        inputs, gates = x.new_empty(rows, width + size), x.new_empty(rows, 4 * size)
        c_before, y, out = x.new_empty(3, rows, size).unbind(0)
        h, c = native.fresh(h), native.fresh(c)
        SOURCE.call("lstm_forward", len(sizes), features, size, sizes, mask, x.contiguous(), time, weight_x, weight_h,
                    bias, float(forget_bias), h, c, inputs, gates, c_before, y, out)  # fmt: skip
        ctx.sizes, ctx.features = sizes, features
        ctx.save_for_backward(mask, weight_x, weight_h, inputs, gates, c_before, y)
        return out, h, c

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, g_h: Tensor, g_c: Tensor) -> tuple[Tensor | None, ...]:
        mask, weight_x, weight_h, inputs, gates, c_before, y = ctx.saved_tensors
        size, g_h, g_c = y.shape[1], native.fresh(g_h), native.fresh(g_c)
        g_gates, g_bias = torch.empty_like(gates), gates.new_zeros(4 * size)
        SOURCE.call("lstm_backward", len(ctx.sizes), size, ctx.sizes, mask, weight_h, gates, c_before, y,
                    g_out.contiguous(), g_h, g_c, g_gates, g_bias)  # fmt: skip
        g_x = g_gates @ weight_x[:, : ctx.features] if ctx.needs_input_grad[0] else None
        g_weight_x, g_weight_h = (g_gates.t() @ inputs).split([weight_x.shape[1], size], dim=1)
        return g_x, None, None, None, None, g_h, g_c, g_weight_x, g_weight_h, g_bias
