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
                h: Tensor, c: Tensor, weight_x: Tensor, weight_h: Tensor, bias: Tensor) -> tuple[Tensor, ...]:  # fmt: skip
        x = x if time is None else torch.cat([x, time.unsqueeze(1)], dim=1)
        gates, size = torch.addmm(bias, x, weight_x.t()), h.shape[1]
        before, c_before, y, out = x.new_empty(4, len(x), size).unbind(0)
        h, c = native.fresh(h), native.fresh(c)
        SOURCE.call("lstm_forward", len(sizes), size, sizes, mask, weight_h, float(forget_bias), gates, h, c, before,
                    c_before, y, out)  # fmt: skip
        ctx.sizes, ctx.further = sizes, time is not None
        ctx.save_for_backward(x, mask, weight_x, weight_h, gates, before, c_before, y)
        return out, h, c

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, g_h: Tensor, g_c: Tensor) -> tuple[Tensor | None, ...]:
        x, mask, weight_x, weight_h, gates, before, c_before, y = ctx.saved_tensors
        size, g_h, g_c = y.shape[1], native.fresh(g_h), native.fresh(g_c)
        g_gates, g_bias = torch.empty_like(gates), x.new_zeros(4 * size)
        SOURCE.call("lstm_backward", len(ctx.sizes), size, ctx.sizes, mask, weight_h, gates, c_before, y,
                    g_out.contiguous(), g_h, g_c, g_gates, g_bias)  # fmt: skip
        g_x = g_gates @ weight_x[:, : x.shape[1] - ctx.further] if ctx.needs_input_grad[0] else None
        g_rows = g_gates.t()
        return g_x, None, None, None, None, g_h, g_c, g_rows @ x, g_rows @ before, g_bias
