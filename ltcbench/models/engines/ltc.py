"""The LTC cell with the fused solver over a whole sequence, in C (``ltc.c``): float32 on the CPU.

The backward pass is derived by hand. With v' = N / D, N = cm v + h (reversal + sum w s erev) and
D = cm + h (conductance + sum w s), a gradient g of v' gives g / D for N and -g v' / D for D; the rest is the chain rule
through the synapses, whose sigmoids are computed again.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.ltc import LTC
from ltcbench.models.engines.native import address, library
from ltcbench.models.packing import Sizes, completed, last

SOURCE = Path(__file__).with_name("ltc.c")
FUNCTIONS = ("synapses_forward", "synapses_backward", "ltc_forward", "ltc_backward")


def available() -> bool:
    """Whether the C functions can be had here."""
    return library(SOURCE, FUNCTIONS) is not None


def serves(cell: LTC, x: Tensor) -> bool:
    """Whether this engine can drive ``cell`` over inputs like ``x``."""
    return cell.solver is None and x.dtype == torch.float32 and x.device.type == "cpu" and available()


def sequence(
    cell: LTC, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of ``cell`` at every step and its last state; arguments as of ``ltcbench.models.scan.scan``."""
    sensory = cell.sensory.tensors(cell.weight(cell.sensory))
    reversal, conductance = cell.leaky(*_Synapses.apply(cell.mapped(x), *sensory))  # type: ignore[no-untyped-call]
    recurrent = cell.recurrent.tensors(cell.weight(cell.recurrent))
    h, cm = cell.step_size(elapsed), cell.positive(cell.cm)
    start = state[0][: sizes[0]]
    v: Tensor = _Recurrence.apply(reversal, conductance, h, mask, sizes, start, cm, cell.unfolds, *recurrent)  # type: ignore[no-untyped-call]
    return cell.output((v,)), completed((last(v, sizes),), state)


def stepper(cell: LTC) -> Callable[[Tensor, State, Tensor], State]:
    """``cell`` for one step at a time without gradients, with the weights as they are now.

    The function returned takes inputs (B, F), state and elapsed (B, 1).
    """
    sensory, recurrent = (
        [tensor.contiguous() for tensor in synapses.tensors(cell.weight(synapses))]
        for synapses in (cell.sensory, cell.recurrent)
    )
    cm = cell.positive(cell.cm).contiguous()
    leak = cell.leaky(torch.zeros_like(cm), torch.zeros_like(cm))

    def step(x: Tensor, state: State, elapsed: Tensor) -> State:
        sums = _synapses(cell.mapped(x), sensory)
        reversal, conductance = (sum_ + of_leak for sum_, of_leak in zip(sums, leak, strict=True))
        h, v = cell.step_size(elapsed).view(-1), state[0].contiguous()
        out, *_ = _recurrence(reversal, conductance, h, None, (len(x),), v, cm, cell.unfolds, recurrent)
        return (out,)

    return step


def _synapses(u: Tensor, tensors: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Of contiguous tensors as ``_Synapses`` takes them."""
    reversal = u.new_empty(*u.shape[:-1], len(tensors[0]))
    conductance = torch.empty_like(reversal)
    _call("synapses_forward", _rows(u), *tensors[0].shape, u, *tensors, reversal, conductance)
    return reversal, conductance


def _recurrence(
    reversal: Tensor, conductance: Tensor, h: Tensor, mask: Tensor | None, sizes: Sizes, start: Tensor, cm: Tensor,
    unfolds: int, tensors: Sequence[Tensor],
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Of contiguous tensors as ``_Recurrence`` takes them; with the potentials and denominators of all unfolds."""
    rows, width = reversal.shape
    v = reversal.new_empty(rows * (unfolds + 1), width)
    denominator = reversal.new_empty(rows * unfolds, width)
    out, scratch = torch.empty_like(reversal), torch.empty_like(start)
    _call("ltc_forward", len(sizes), torch.tensor(sizes, dtype=torch.int32), width, unfolds, reversal, conductance, h,
          mask, start, cm, *tensors, v, denominator, scratch, out)  # fmt: skip
    return out, v, denominator


class _Synapses(torch.autograd.Function):
    """u (..., pre) and w, w erev, sigma, sigma mu (post, pre) -> reversal and conductance (..., post)."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        u, tensors = u.contiguous(), tuple(tensor.contiguous() for tensor in tensors)
        ctx.save_for_backward(u, *tensors)
        return _synapses(u, tensors)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *g: Tensor) -> tuple[Tensor, ...]:
        u, *tensors = ctx.saved_tensors
        gradients = [torch.zeros_like(tensor) for tensor in (u, *tensors)]
        g = tuple(gradient.contiguous() for gradient in g)
        _call("synapses_backward", _rows(u), *tensors[0].shape, u, *tensors, *g, *gradients)
        return tuple(gradients)


class _Recurrence(torch.autograd.Function):
    """Sensory sums (N, H), h (N,), mask (N,), sizes, start (B, H), cm (H,), synapses (H, H) -> potentials (N, H)."""

    @staticmethod
    def forward(ctx: Any, reversal: Tensor, conductance: Tensor, h: Tensor, mask: Tensor | None, sizes: Sizes,
                start: Tensor, cm: Tensor, unfolds: int, *tensors: Tensor) -> Tensor:  # fmt: skip
        reversal, conductance, h, start, cm, *tensors_ = (
            tensor.contiguous() for tensor in (reversal, conductance, h, start, cm, *tensors)
        )
        out, v, denominator = _recurrence(reversal, conductance, h, mask, sizes, start, cm, unfolds, tensors_)
        ctx.sizes, ctx.unfolds = sizes, unfolds
        ctx.save_for_backward(h, mask, cm, *tensors_, v, denominator)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor) -> tuple[Any, ...]:
        h, mask, cm, *tensors, v, denominator = ctx.saved_tensors
        sizes: Sizes = ctx.sizes
        g = h.new_zeros(sizes[0], g_out.shape[1])  # of the state, carried back through time
        g_reversal, g_conductance = h.new_zeros(2, *g_out.shape)
        gradients = [torch.zeros_like(tensor) for tensor in (cm, *tensors)]
        saved = (h, mask, cm, *tensors, v, denominator)
        scratch = h.new_empty(3, *g.shape)
        _call("ltc_backward", len(sizes), torch.tensor(sizes, dtype=torch.int32), g.shape[1], ctx.unfolds,
              g_out.contiguous(), *saved, scratch, g, g_reversal, g_conductance, *gradients)  # fmt: skip
        return g_reversal, g_conductance, None, None, None, g, gradients[0], None, *gradients[1:]


def _rows(u: Tensor) -> int:
    return u.numel() // u.shape[-1]


def _call(function: str, *arguments: int | Tensor | None) -> None:
    """Call a C function; whole numbers pass as int, tensors as the address of their first value."""
    native = library(SOURCE, FUNCTIONS)
    assert native is not None
    getattr(native, function)(*(arg if isinstance(arg, int) else address(arg) for arg in arguments))
