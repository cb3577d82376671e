"""The LTC cell with the fused solver over a whole sequence, in C (``ltc.c``): float32 on the CPU."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.ltc import LTC
from ltcbench.models.cells.synapses import Synapses
from ltcbench.models.engines import native
from ltcbench.models.packing import Sizes

SOURCE = native.Source(
    Path(__file__).with_name("ltc.c"), ("synapses_forward", "synapses_backward", "ltc_forward", "ltc_backward")
)
LANES = 16  # as in ltc.c
LOG2_E = 1.4426950408889634


def serves(cell: LTC, x: Tensor) -> bool:
    """Whether this engine can drive ``cell`` over inputs like ``x``."""
    return cell.solver is None and SOURCE.serves(x)


def sequence(
    cell: LTC, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of ``cell`` at every step and its last state; arguments as of ``ltcbench.models.scan.scan``."""
    sums: tuple[Tensor, Tensor] = _Synapses.apply(cell.mapped(x), _packed(cell, cell.sensory), cell.hidden_size)  # type: ignore[no-untyped-call]
    reversal, conductance = cell.leaky(*sums)
    h, cm, synapses = cell.step_size(elapsed), cell.positive(cell.cm), _packed(cell, cell.recurrent)
    v, last = _Recurrence.apply(reversal, conductance, h, mask, state[0], cm, synapses, cell.unfolds, sizes)  # type: ignore[no-untyped-call]
    return cell.output((v,)), (last,)


def stepper(cell: LTC) -> Callable[[Tensor, State, Tensor], State]:
    """``cell`` for one step at a time without gradients, with the weights as they are now.

    The function returned takes inputs (B, F), state and elapsed (B, 1).
    """
    sensory, recurrent = (_packed(cell, synapses) for synapses in (cell.sensory, cell.recurrent))
    cm = cell.positive(cell.cm).contiguous()
    leak = torch.stack(cell.leaky(torch.zeros_like(cm), torch.zeros_like(cm))).unsqueeze(1)

    def of_batch(rows: int) -> Callable[[Tensor, State, Tensor], State]:
        """For so many rows, with room that all steps share."""
        inputs, h, sums = cm.new_empty(rows, cell.input_size), cm.new_empty(rows, 1), cm.new_empty(2, rows, len(cm))
        v, scratch, out = (cm.new_empty(rows, len(cm)) for _ in range(3))
        unfolded = cm.new_empty(2 * cell.unfolds + 1, rows, len(cm)).split([cell.unfolds + 1, cell.unfolds])
        sense = SOURCE.bound("synapses_forward", rows, len(cm), cell.input_size, inputs, sensory, *sums)
        advance = SOURCE.bound("ltc_forward", 1, (rows,), len(cm), cell.unfolds, *sums, h, None, cm, recurrent,
                               *unfolded, scratch, v, out)  # fmt: skip

        def step(x: Tensor, state: State, elapsed: Tensor) -> State:
            inputs.copy_(cell.mapped(x))
            v.copy_(state[0])
            h.copy_(cell.step_size(elapsed))
            sense()
            sums.add_(leak)
            advance()
            return (v.clone(),)

        return step

    steps = functools.cache(of_batch)
    return lambda x, state, elapsed: steps(len(x))(x, state, elapsed)


def _packed(cell: LTC, synapses: Synapses) -> Tensor:
    """Synapses as ``ltc.c`` takes them, (blocks of post, pre, 4, LANES): w, w erev, slope, offset."""
    w, w_erev, sigma, offset = synapses.tensors(cell.weight(synapses))
    rows = torch.stack([w, w_erev, -LOG2_E * sigma, -LOG2_E * offset])  # (4, post, pre)
    whole = F.pad(rows, (0, 0, 0, -len(w) % LANES)).view(4, -1, LANES, w.shape[1])
    return whole.permute(1, 3, 0, 2).contiguous()


def _synapses(u: Tensor, synapses: Tensor, post: int) -> tuple[Tensor, Tensor]:
    """Of contiguous tensors as ``_Synapses`` takes them."""
    reversal = u.new_empty(len(u), post)
    conductance = torch.empty_like(reversal)
    SOURCE.call("synapses_forward", len(u), post, u.shape[-1], u, synapses, reversal, conductance)
    return reversal, conductance


def _recurrence(
    sizes: tuple[int, ...], reversal: Tensor, conductance: Tensor, h: Tensor, mask: Tensor | None, start: Tensor,
    cm: Tensor, synapses: Tensor, unfolds: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    """Of contiguous tensors as ``_Recurrence`` takes them; with the potentials and denominators of all unfolds."""
    rows, width = sum(sizes), start.shape[1]
    v = reversal.new_empty((unfolds + 1) * rows, width)
    denominator = reversal.new_empty(unfolds * rows, width)
    out, state, scratch = torch.empty_like(reversal), native.fresh(start), torch.empty_like(start)
    SOURCE.call("ltc_forward", len(sizes), sizes, width, unfolds, reversal, conductance, h, mask, cm, synapses, v,
          denominator, scratch, state, out)  # fmt: skip
    return out, state, v, denominator


class _Synapses(torch.autograd.Function):
    """u (N, pre), synapses of ``_packed`` and the number of post neurons -> reversal and conductance (N, post)."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, synapses: Tensor, post: int) -> tuple[Tensor, Tensor]:
        u = u.contiguous()
        ctx.save_for_backward(u, synapses)
        return _synapses(u, synapses, post)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *g: Tensor) -> tuple[Tensor | None, ...]:
        u, synapses = ctx.saved_tensors
        g_u, g_synapses = torch.zeros_like(u), torch.zeros_like(synapses)
        whole = (F.pad(part, (0, -part.shape[1] % LANES)).contiguous() for part in g)
        SOURCE.call("synapses_backward", len(u), len(synapses), u.shape[1], u, synapses, *whole, g_u, g_synapses)
        return g_u, g_synapses, None


class _Recurrence(torch.autograd.Function):
    """The fused solver over packed sequences.

    Sensory sums (N, H), h (N,), mask (N,) or None, start (B, H), cm (H,), synapses of ``_packed``, number of unfolds,
    sizes -> potentials (N, H) and last state (B, H).
    """

    @staticmethod
    def forward(ctx: Any, reversal: Tensor, conductance: Tensor, h: Tensor, mask: Tensor | None, start: Tensor,
                cm: Tensor, synapses: Tensor, unfolds: int, sizes: Sizes) -> tuple[Tensor, Tensor]:  # fmt: skip
        reversal, conductance, h, start, cm = (tensor.contiguous() for tensor in (reversal, conductance, h, start, cm))
        out, last, v, denominator = _recurrence(sizes, reversal, conductance, h, mask, start, cm, synapses, unfolds)
        ctx.sizes, ctx.unfolds = sizes, unfolds
        ctx.save_for_backward(h, mask, cm, synapses, v, denominator)
        return out, last

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, g_last: Tensor) -> tuple[Tensor | None, ...]:
        h, mask, cm, synapses, v, denominator = ctx.saved_tensors
        g_reversal, g_conductance = h.new_zeros(2, *g_out.shape)
        g_cm, g_synapses = torch.zeros_like(cm), torch.zeros_like(synapses)
        g = native.fresh(g_last)  # of the state, carried back through time
        g_sums = h.new_zeros(2, len(g), len(synapses) * LANES)
        SOURCE.call("ltc_backward", len(ctx.sizes), ctx.sizes, len(cm), ctx.unfolds, g_out.contiguous(), h, mask, cm,
              synapses, v, denominator, *g_sums, torch.empty_like(g), g, g_reversal, g_conductance, g_cm,
              g_synapses)  # fmt: skip
        return g_reversal, g_conductance, None, None, g, g_cm, g_synapses, None, None
