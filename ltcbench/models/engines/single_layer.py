"""RNN-decay, Lipschitz RNN and coRNN over packed sequences, in C (``single_layer.c``): float32 on the CPU."""

from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.cornn import CoRNN
from ltcbench.models.cells.lipschitz_rnn import LipschitzRNN
from ltcbench.models.cells.rnn_decay import RNNDecay
from ltcbench.models.engines import native
from ltcbench.models.packing import Sizes

SOURCE = native.Source(Path(__file__).with_name("single_layer.c"), ("single_layer_forward", "single_layer_backward"))
DECAY, LIPSCHITZ, OSCILLATOR = range(3)


class Equation(NamedTuple):
    """What the C functions need to know of a cell; symbols as there."""

    kind: int
    units: int
    slopes: int  # R
    dt: float = 0.0
    gamma: float = 0.0
    epsilon: float = 0.0


def serves(cell: RNNDecay | LipschitzRNN | CoRNN, x: Tensor) -> bool:
    """Whether this engine can drive ``cell`` over inputs like ``x``."""
    return not (isinstance(cell, RNNDecay) and not cell.subtracts) and SOURCE.serves(x)


def sequence(
    cell: RNNDecay | LipschitzRNN | CoRNN, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of ``cell`` at every step and its last state; arguments as of ``ltcbench.models.scan.scan``."""
    units, weight_out, e = cell.hidden_size, None, None
    weight: Tensor
    if isinstance(cell, RNNDecay):
        equation, weight = Equation(DECAY, units, units), cell.layer.weight_h
        weight_out, e = cell.out.weight, cell.out.bias - elapsed.unsqueeze(1) * cell.tau
    elif isinstance(cell, LipschitzRNN):
        equation, weight = Equation(LIPSCHITZ, units, 2 * units, cell.dt), torch.cat([cell.W, cell.A])
    else:
        equation, weight = Equation(OSCILLATOR, units, units, cell.dt, cell.gamma, cell.epsilon), cell.W
    start, (drive,) = torch.cat(state, dim=1), cell.drive(x)
    out, last = _Sequence.apply(  # type: ignore[no-untyped-call]
        drive, mask, sizes, equation, start, weight, weight_out, e
    )
    return out, last.split(units, dim=1)


class _Sequence(torch.autograd.Function):
    """d (N, H), mask (N,) or None, s (B, S), weight (R, S), W_o and e or None -> outputs (N, H), last s."""

    @staticmethod
    def forward(ctx: Any, d: Tensor, mask: Tensor | None, sizes: Sizes, equation: Equation, s: Tensor, weight: Tensor,
                weight_out: Tensor | None, e: Tensor | None) -> tuple[Tensor, Tensor]:  # fmt: skip
        last, before = native.fresh(s), d.new_empty(len(d), s.shape[1])
        a, out = torch.empty_like(d), torch.empty_like(d)
        ctx.shape = len(sizes), sizes, *last.shape, *equation
        SOURCE.call("single_layer_forward", *ctx.shape, mask, weight, weight_out, e, d, last, before, a, out)
        ctx.save_for_backward(mask, weight, weight_out, a, before)
        return out, last

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, g_last: Tensor) -> tuple[Tensor | None, ...]:
        *given, a, before = ctx.saved_tensors
        (_, weight, weight_out), units = given, a.shape[1]
        g, slope = native.fresh(g_last), a.new_empty(len(a), len(weight))
        g_e = None if weight_out is None else torch.empty_like(a)
        SOURCE.call("single_layer_backward", *ctx.shape, *given, a, g_out.contiguous(), g, slope, g_e)
        g_out_weight = None if g_e is None else g_e.t() @ a
        return slope[:, :units], None, None, None, g, slope.t() @ before, g_out_weight, g_e
