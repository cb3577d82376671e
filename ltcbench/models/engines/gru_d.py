"""The GRU-D without a feature mask over packed sequences, in C (``gru_d.c``): float32 on the CPU."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.gru_d import GRUD
from ltcbench.models.engines import native
from ltcbench.models.packing import Sizes

SOURCE = native.Source(Path(__file__).with_name("gru_d.c"), ("gru_d_forward", "gru_d_backward"))


def serves(cell: GRUD, x: Tensor) -> bool:
    """Whether this engine can drive ``cell`` over inputs like ``x``."""
    return cell.imputation is None and SOURCE.serves(x)


def sequence(
    cell: GRUD, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of a GRU-D and its last state; arguments as of ``scan``."""
    weight = torch.cat([cell.gates.weight_x, cell.gates.weight_h], dim=1)
    gamma = cell.gamma(elapsed.unsqueeze(1))
    out, last = _Sequence.apply(x, gamma, mask, sizes, *state, weight, cell.gates.bias)  # type: ignore[no-untyped-call]
    return out, (last,)


class _Sequence(torch.autograd.Function):
    """x (N, F), gamma (N, H), mask (N,) or None, h (B, H), parameters -> outputs (N, H) and last h."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, gamma: Tensor, mask: Tensor | None, sizes: Sizes, h: Tensor, weight: Tensor,
                bias: Tensor) -> tuple[Tensor, Tensor]:  # fmt: skip
        (rows, features), (width, inner), h = x.shape, weight.shape, native.fresh(h)
        before, out = x.new_empty(2, rows, h.shape[1]).unbind(0)
        inputs, reset = x.new_empty(2, rows, inner).unbind(0)
        gates = x.new_empty(rows, width)
        ctx.shape = len(sizes), features, h.shape[1], sizes
        SOURCE.call("gru_d_forward", *ctx.shape, mask, gamma, x.contiguous(), weight, bias, h, before, inputs, reset,
                    gates, out)  # fmt: skip
        ctx.save_for_backward(mask, gamma, weight, before, inputs, gates, reset)
        return out, h

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, g_last: Tensor) -> tuple[Tensor | None, ...]:
        *given, reset = ctx.saved_tensors
        _, gamma, weight, _, inputs, gates = given
        g, g_gamma, g_gates = native.fresh(g_last), torch.empty_like(gamma), torch.empty_like(gates)
        g_bias, n = gates.new_zeros(gates.shape[1]), 2 * g.shape[1]
        SOURCE.call("gru_d_backward", *ctx.shape, *given, g_out.contiguous(), g, g_gamma, g_gates, g_bias)
        g_x = g_gates @ weight[:, : ctx.shape[1]] if ctx.needs_input_grad[0] else None
        g_weight = torch.cat([g_gates[:, :n].t() @ inputs, g_gates[:, n:].t() @ reset])
        return g_x, g_gamma, None, None, g, g_weight, g_bias
