"""The continuous-time LSTM over packed sequences, in C (``ct_lstm.c``): float32 on the CPU."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.ct_lstm import CTLSTM
from ltcbench.models.engines import native
from ltcbench.models.packing import Sizes

SOURCE = native.Source(Path(__file__).with_name("ct_lstm.c"), ("ct_lstm_forward", "ct_lstm_backward"))


def serves(cell: CTLSTM, x: Tensor) -> bool:
    """Whether this engine can drive ``cell`` over inputs like ``x``."""
    return SOURCE.serves(x)


def sequence(
    cell: CTLSTM, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of a continuous-time LSTM and its last state; arguments as of ``scan``."""
    weight = torch.cat([cell.gates.weight_x, cell.gates.weight_h], dim=1)
    out, *last = _Sequence.apply(x, elapsed, mask, sizes, *state, weight, cell.gates.bias)  # type: ignore[no-untyped-call]
    return out, tuple(last)


class _Sequence(torch.autograd.Function):
    """x (N, F), t (N,), mask (N,) or None, h, c, c_bar (B, H), parameters -> outputs (N, H), last h, c, c_bar."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, time: Tensor, mask: Tensor | None, sizes: Sizes, h: Tensor, c: Tensor,
                c_bar: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, ...]:  # fmt: skip
        (rows, features), size, last = x.shape, h.shape[1], [native.fresh(part) for part in (h, c, c_bar)]
        inputs, gates = x.new_empty(rows, features + size), x.new_empty(rows, 7 * size)
        *kept, out = x.new_empty(5, rows, size).unbind(0)
        ctx.shape = len(sizes), features, size, sizes
        SOURCE.call("ct_lstm_forward", *ctx.shape, mask, time, x.contiguous(), weight, bias, *last, inputs, gates,
                    *kept, out)  # fmt: skip
        ctx.save_for_backward(inputs, mask, time, weight, gates, *kept)
        return out, *last

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, *g_last: Tensor) -> tuple[Tensor | None, ...]:
        inputs, *given = ctx.saved_tensors
        _, _, weight, gates, *_ = given
        g_state, g_gates, g_bias = (
            [*map(native.fresh, g_last)],
            torch.empty_like(gates),
            gates.new_zeros(gates.shape[1]),
        )
        SOURCE.call("ct_lstm_backward", *ctx.shape, *given, g_out.contiguous(), *g_state, g_gates, g_bias)
        g_x = g_gates @ weight[:, : ctx.shape[1]] if ctx.needs_input_grad[0] else None
        return g_x, None, None, None, *g_state, g_gates.t() @ inputs, g_bias
