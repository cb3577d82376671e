"""The CT-GRU over packed sequences, in C (``ctgru.c``): float32 on the CPU.

A unit's scales lie side by side in the cell; here all units of a scale do, so that one instruction works on many.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.ctgru import CTGRU
from ltcbench.models.engines import native
from ltcbench.models.packing import Sizes

SOURCE = native.Source(Path(__file__).with_name("ctgru.c"), ("ctgru_forward", "ctgru_backward"))


def serves(cell: CTGRU, x: Tensor) -> bool:
    """Whether this engine can drive ``cell`` over inputs like ``x``."""
    return SOURCE.serves(x)


def sequence(
    cell: CTGRU, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of a CT-GRU and its last state; arguments as of ``scan``."""
    size, scales, event = cell.hidden_size, cell.scales, cell.event
    ln_tau = cell.ln_tau(x)
    weight = torch.cat([scales.weight_x, scales.weight_h], dim=1)
    out, h_k = _Sequence.apply(  # type: ignore[no-untyped-call]
        x, cell.decay(elapsed.unsqueeze(1), ln_tau), ln_tau, mask, sizes, _turned(state[0], size, 1),
        _turned(weight, size, 0), _turned(scales.bias, size, 0), torch.cat([event.weight_x, event.weight_h], dim=1),
        event.bias,
    )  # fmt: skip
    return out, (h_k.unflatten(1, (cell.M, size)).transpose(1, 2).flatten(1),)


def _turned(part: Tensor, size: int, dim: int) -> Tensor:
    """The rows (dim 0) of R and of S, or the state (dim 1), unit after unit, as scale after scale."""
    turned: Tensor = part.unflatten(dim, (2 if dim == 0 else 1, size, -1)).transpose(dim + 1, dim + 2)
    return turned.flatten(dim, dim + 2)


class _Sequence(torch.autograd.Function):
    """x (N, F), decay (N, M), ln tau (M,), mask (N,) or None, h_k (B, M H), parameters -> outputs (N, H), last h_k."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, decay: Tensor, ln_tau: Tensor, mask: Tensor | None, sizes: Sizes, h_k: Tensor,
                weight: Tensor, bias: Tensor, event_weight: Tensor,
                event_bias: Tensor) -> tuple[Tensor, Tensor]:  # fmt: skip
        (rows, features), (size, width), scales = x.shape, event_weight.shape, len(ln_tau)
        inputs, event_inputs = x.new_empty(2, rows, width).unbind(0)
        q, out = x.new_empty(2, rows, size).unbind(0)
        before, z, h_k = x.new_empty(rows, scales * size), x.new_empty(rows, len(weight)), native.fresh(h_k)
        ctx.shape = len(sizes), features, size, scales, len(weight) // (2 * size), sizes
        SOURCE.call("ctgru_forward", *ctx.shape, mask, x.contiguous(), decay, ln_tau, weight, bias, event_weight,
                    event_bias, h_k, inputs, event_inputs, before, z, q, out)  # fmt: skip
        ctx.save_for_backward(mask, decay, ln_tau, weight, bias, event_weight, before, z, q, inputs, event_inputs)
        return out, h_k

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, g_last: Tensor) -> tuple[Tensor | None, ...]:
        *given, inputs, event_inputs = ctx.saved_tensors
        _, _, _, weight, bias, event_weight, _, z, q = given
        g_k, g_z, g_q = native.fresh(g_last), torch.empty_like(z), torch.empty_like(q)
        g_bias, g_event_bias = torch.zeros_like(bias), q.new_zeros(q.shape[1])
        SOURCE.call("ctgru_backward", *ctx.shape, *given, g_out.contiguous(), g_k, g_z, g_q, g_bias, g_event_bias)
        features = ctx.shape[1]
        g_x = g_z @ weight[:, :features] + g_q @ event_weight[:, :features] if ctx.needs_input_grad[0] else None
        return g_x, None, None, None, None, g_k, g_z.t() @ inputs, g_bias, g_q.t() @ event_inputs, g_event_bias
