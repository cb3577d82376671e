"""ODE-LSTM and Bi-RNN, an LSTM and an equation in one cell, in C (``ode_lstm.c``): float32 on the CPU."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.bi_rnn import BiRNN
from ltcbench.models.cells.cell import State
from ltcbench.models.cells.ode_lstm import ODELSTM
from ltcbench.models.engines import native
from ltcbench.models.engines.solver import Kept, Settings, settings
from ltcbench.models.packing import Sizes

SOURCE = native.Source(Path(__file__).with_name("ode_lstm.c"), ("ode_lstm_forward", "ode_lstm_backward"))


def serves(cell: ODELSTM | BiRNN, x: Tensor) -> bool:
    """Whether this engine can drive ``cell`` over inputs like ``x``."""
    return SOURCE.serves(x)


def sequence(
    cell: ODELSTM | BiRNN, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of ``cell`` at every step and its last state; arguments as of ``scan``."""
    gates, ode = cell.gates, cell.ode
    assert ode.gain is not None
    if isinstance(cell, BiRNN):
        m, c, h = state
        time: Tensor | None = elapsed
    else:
        (h, c), m, time = state, None, None
    h_t = ode.solver.step_size * elapsed
    out, h, c, m = _Sequence.apply(  # type: ignore[no-untyped-call]
        x, time, h_t, mask, sizes, settings(ode, h_t), torch.is_grad_enabled(), cell.forget_bias, h, c, m,
        torch.cat([gates.weight_x, gates.weight_h], dim=1), gates.bias,
        ode.drive_map.weight_x, ode.drive_map.weight_h, ode.drive_map.bias, ode.gain,
    )  # fmt: skip
    return out, (h, c) if m is None else (m, c, h)


class _Sequence(torch.autograd.Function):
    """x (N, F), t (N,) or None, h_t (N,), mask (N,) or None, h, c, m (B, H), parameters -> outputs, last h, c, m."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, time: Tensor | None, h_t: Tensor, mask: Tensor | None, sizes: Sizes,
                settings: Settings, wanted: bool, forget_bias: float, h: Tensor, c: Tensor, m: Tensor | None,
                weight: Tensor, bias: Tensor, weight_x: Tensor, weight_h: Tensor, ode_bias: Tensor,
                gain: Tensor) -> tuple[Tensor | None, ...]:  # fmt: skip
        (rows, features), size, kept = x.shape, h.shape[1], Kept.room(settings, x.new_empty(len(x), h.shape[1]), wanted)
        h, c, m = native.fresh(h), native.fresh(c), None if m is None else native.fresh(m)
        inputs, heard, gates, c_before, y, out = (
            x.new_empty(rows, width)
            for width in (weight.shape[1], weight_x.shape[1], 4 * size, size, size, size)
        )  # fmt: skip
        ctx.equation = len(sizes), sizes, *h.shape, *settings
        ctx.widths = features, weight.shape[1], weight_x.shape[1]
        SOURCE.call("ode_lstm_forward", *ctx.equation, gain, weight_h, *ctx.widths, mask, x.contiguous(), time, h_t,
                    weight, bias, float(forget_bias), weight_x, ode_bias, h, c, m, inputs, heard, gates, c_before, y,
                    *kept, out)  # fmt: skip
        ctx.save_for_backward(gain, weight_h, mask, h_t, weight, weight_x, gates, c_before, y, *kept, inputs, heard)
        return out, h, c, m

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, g_h: Tensor, g_c: Tensor, g_m: Tensor | None) -> tuple[Tensor | None, ...]:
        gain, weight_h, *given, points, f, within, inputs, heard = ctx.saved_tensors
        _, _, weight, weight_x, gates, _, _ = given
        features, width, _ = ctx.widths
        both = width > features + g_h.shape[1]  # m is a state
        g_h, g_c, g_m = native.fresh(g_h), native.fresh(g_c), None if g_m is None else native.fresh(g_m)
        g_gates, g_drive, g_a = torch.empty_like(gates), torch.zeros_like(g_out), torch.empty_like(f)
        g_gain = torch.zeros_like(gain)
        SOURCE.call("ode_lstm_backward", *ctx.equation, gain, weight_h, *ctx.widths, *given, f, within,
                    g_out.contiguous(), g_h, g_c, g_m, g_gates, g_drive, g_a, g_gain)  # fmt: skip
        g_x = None
        if ctx.needs_input_grad[0]:
            g_x = g_gates @ weight[:, :features]
            if both:
                g_x += g_drive @ weight_x[:, :features]
        return (g_x, *[None] * 7, g_h, g_c, g_m, g_gates.t() @ inputs, g_gates.sum(0), g_drive.t() @ heard,
                g_a.t() @ points, g_drive.sum(0), g_gain)  # fmt: skip
