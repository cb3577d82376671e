"""The phased LSTM whose gate does not depend on the state, in C (``phased_lstm.c``): float32 on the CPU."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.phased_lstm import PhasedLSTM
from ltcbench.models.engines import native
from ltcbench.models.packing import Sizes

SOURCE = native.Source(Path(__file__).with_name("phased_lstm.c"), ("phased_lstm_forward", "phased_lstm_backward"))


def serves(cell: PhasedLSTM, x: Tensor) -> bool:
    """Whether this engine can drive ``cell`` over inputs like ``x``."""
    return not cell.paper and SOURCE.serves(x)


def sequence(
    cell: PhasedLSTM, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of a phased LSTM and its last state; arguments as of ``scan``."""
    k, gates = cell.openness(elapsed.unsqueeze(1)).squeeze(1), cell.gates
    weight = torch.cat([gates.weight_x, gates.weight_h], dim=1)
    out, *last = _Sequence.apply(x, k, mask, sizes, cell.forget_bias, *state, weight, gates.bias)  # type: ignore[no-untyped-call]
    return out, tuple(last)


class _Sequence(torch.autograd.Function):
    """x (N, F), k (N,), mask (N,) or None, h and c (B, H), parameters -> outputs (N, H), last h and c."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, k: Tensor, mask: Tensor | None, sizes: Sizes, forget_bias: float, h: Tensor,
                c: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, ...]:  # fmt: skip
        (rows, features), size, h, c = x.shape, h.shape[1], native.fresh(h), native.fresh(c)
        inputs, gates = x.new_empty(rows, features + size), x.new_empty(rows, 4 * size)
        before, y, out = x.new_empty(3, rows, size).unbind(0)
        ctx.shape = len(sizes), features, size, sizes
        SOURCE.call("phased_lstm_forward", *ctx.shape, mask, k, x.contiguous(), weight, bias, forget_bias, h, c, inputs,
                    gates, before, y, out)  # fmt: skip
        ctx.save_for_backward(mask, k, weight, inputs, gates, before, y)
        return out, h, c

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, g_h: Tensor, g_c: Tensor) -> tuple[Tensor | None, ...]:
        _, k, weight, inputs, gates, _, _ = ctx.saved_tensors
        g_h, g_c, g_k, g_gates = native.fresh(g_h), native.fresh(g_c), torch.empty_like(k), torch.empty_like(gates)
        g_bias = gates.new_zeros(gates.shape[1])
        SOURCE.call("phased_lstm_backward", *ctx.shape, *ctx.saved_tensors, g_out.contiguous(), g_h, g_c, g_k, g_gates,
                    g_bias)  # fmt: skip
        g_x = g_gates @ weight[:, : ctx.shape[1]] if ctx.needs_input_grad[0] else None
        return g_x, g_k, None, None, None, g_h, g_c, g_gates.t() @ inputs, g_bias
