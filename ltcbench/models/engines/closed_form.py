"""The CfC family over packed sequences, in C (``closed_form.c``): float32 on the CPU.

In the loop are all products that depend on the state; the gradients of weights are one product each at the end.
"""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.cfc import VARIANTS, CfC
from ltcbench.models.cells.cfc_mm import MixedCfC
from ltcbench.models.engines import native
from ltcbench.models.packing import Sizes

SOURCE = native.Source(Path(__file__).with_name("closed_form.c"), ("closed_form_forward", "closed_form_backward"))
ACTIVATIONS = ("lecun_tanh", "tanh", "relu", "gelu", "silu")  # as numbered in activations.h


def serves(cell: CfC | MixedCfC, x: Tensor) -> bool:
    """Whether this engine can drive ``cell`` over inputs like ``x``."""
    cfc = cell.cfc if isinstance(cell, MixedCfC) else cell
    return (cfc.activation in ACTIVATIONS or not len(cfc.backbone)) and SOURCE.serves(x)


def sequence(
    cell: CfC | MixedCfC, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
) -> tuple[Tensor, State]:
    """Outputs of ``cell`` at every step and its last state; arguments as of ``ltcbench.models.scan.scan``."""
    cfc = cell.cfc if isinstance(cell, MixedCfC) else cell
    solution = (cfc.A, cfc.w_tau) if cfc.variant == "solution" else ()
    gates = (cell.gates.weight_x, cell.gates.weight_h, cell.gates.bias) if isinstance(cell, MixedCfC) else ()
    weights, biases = zip(*cfc.layers(), strict=True)
    out, *last = _Sequence.apply(  # type: ignore[no-untyped-call]
        _Plan.of(cell, elapsed), x, elapsed, mask, sizes, len(state), *state, *weights, *biases, *solution, *gates
    )
    return out[:, : cell.output_size], tuple(last)


class _Shape(NamedTuple):
    """The numbers that ``closed_form.c`` calls a shape; F, H and U there are ``features``, ``size`` and ``units``."""

    features: int
    size: int
    layers: int
    units: int
    variant: int
    activation: int
    timed: bool
    memory: int
    feeds: bool


class _Plan(NamedTuple):
    """How ``cell`` is computed.

    Attributes:
        cell: the CfC proper.
        shape: its numbers.
        same: the elapsed time of all steps if it is the same: then the gate is one head, of t_a same + t_b.
        forget_bias: of the memory.
    """

    cell: CfC
    shape: _Shape
    same: float | None
    forget_bias: float

    @classmethod
    def of(cls, cell: CfC | MixedCfC, elapsed: Tensor) -> "_Plan":
        mixed = isinstance(cell, MixedCfC)
        cfc = cell.cfc if isinstance(cell, MixedCfC) else cell
        least, most = elapsed.aminmax()
        same = least.item() if cfc.variant != "solution" and least == most else None
        layers = len(cfc.backbone)
        shape = _Shape(
            features=cfc.input_size,
            size=cfc.hidden_size,
            layers=layers,
            units=cfc.layer(0)[0].shape[0] if layers else 0,
            variant=VARIANTS.index(cfc.variant),
            activation=ACTIVATIONS.index(cfc.activation) if layers else 0,
            timed=same is None,
            memory=cell.input_size + cell.hidden_size if mixed else 0,
            feeds=mixed and cfc.tf,
        )
        return cls(cfc, shape, same, float(cell.forget_bias) if isinstance(cell, MixedCfC) else 0.0)

    @property
    def sign(self) -> float:
        """Of t_a."""
        return -1.0 if self.cell.tf and self.cell.variant != "solution" else 1.0

    @property
    def squash(self) -> tuple[float, float]:
        """The factors p and k of p tanh(k a) behind ff1 and ff2."""
        return (1.7159, 0.666) if self.cell.tf else (1.0, 1.0)

    def heads(self, part: Tensor) -> Tensor:
        """The heads' weight or bias, of ff1, ff2, t_a, t_b: with the same time everywhere of ff1, ff2 and the gate."""
        if self.same is None:
            return part
        *ff, t_a, t_b = part.chunk(4)
        return torch.cat([*ff, torch.add(t_b, t_a, alpha=self.sign * self.same)])

    def of_heads(self, g: Tensor) -> Tensor:
        """The gradient of the argument of ``heads`` from that of its result."""
        if self.same is None:
            return g
        *ff, t_b = g.chunk(3)
        return torch.cat([*ff, t_b * (self.sign * self.same), t_b])

    def noise(self, sizes: Sizes, like: Tensor) -> list[Tensor | None]:
        """Dropout's factors behind each layer of the backbone (N, U), drawn in the order of the eager engine."""
        share, layers = 1 - self.cell.dropout, range(self.shape.layers)
        drawn = {i: like.new_empty(len(like), self.shape.units) for i in layers if self.cell.drops(i)}
        for parts in zip(*(noise.split(sizes) for noise in drawn.values()), strict=True):
            for part in parts:
                part.bernoulli_(share)
        return [drawn[i].div_(share) if i in drawn else None for i in layers]


class _Sequence(torch.autograd.Function):
    """x (N, F), times (N,), mask (N,) or None, the parts of the state (B, H), parameters -> outputs (N, H), last state.

    The parameters are the weights of all layers, their biases, of cfc_s A and w_tau, of mixed memory W_x, W_h and b.
    """

    @staticmethod
    def forward(ctx: Any, plan: _Plan, x: Tensor, elapsed: Tensor, mask: Tensor | None, sizes: Sizes, parts: int,
                *tensors: Tensor) -> tuple[Tensor, ...]:  # fmt: skip
        shape, rows, size = plan.shape, len(x), plan.shape.size
        state = [native.fresh(part) for part in tensors[:parts]]
        weights, biases, others = _split(tensors[parts:], shape.layers + 1, shape.layers + 1)
        weights[-1], biases[-1] = plan.heads(weights[-1]), plan.heads(biases[-1])
        solution, gates = (others, []) if plan.cell.variant == "solution" else ([], others)
        time = plan.sign * elapsed if shape.timed else None
        inputs = x.new_empty(rows, shape.features + size)
        values, slopes = ([x.new_empty(rows, shape.units) for _ in range(shape.layers)] for _ in range(2))
        heads, out = x.new_empty(rows, len(weights[-1])), x.new_empty(rows, size)
        e = x.new_empty(rows, size) if solution else None
        widths = (shape.memory, 4 * size, size, size) if gates else ()
        remembered = [x.new_empty(rows, width) for width in widths]
        SOURCE.call(
            "closed_form_forward", len(sizes), sizes, plan.shape, *plan.squash, plan.forget_bias, mask,
            x.contiguous(), time, _array(weights), _array(biases), _array(plan.noise(sizes, x)), _array(solution),
            _array(gates), *state, *([None] if parts == 1 else []), inputs, _array(values), _array(slopes), heads, e,
            _array(remembered), out,
        )  # fmt: skip
        ctx.plan, ctx.sizes = plan, sizes
        kept = weights, values, slopes, solution, gates[:2], remembered
        ctx.counts = [*map(len, kept)][:-1]
        ctx.save_for_backward(mask, time, inputs, heads, e, *(tensor for some in kept for tensor in some))
        return out, *state

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, *g_state: Tensor) -> tuple[Tensor | None, ...]:
        plan: _Plan = ctx.plan
        shape, size = plan.shape, plan.shape.size
        mask, time, inputs, heads, e, *saved = ctx.saved_tensors
        weights, values, slopes, solution, gates, remembered = _split(saved, *ctx.counts)
        g_state = tuple(native.fresh(part) for part in g_state)
        g = [*map(torch.empty_like, slopes), torch.empty_like(heads)]
        g_biases = [heads.new_zeros(len(weight)) for weight in weights]
        g_solution = [torch.zeros_like(part) for part in solution]
        g_gates, g_bias = (heads.new_empty(len(heads), 4 * size), heads.new_zeros(4 * size)) if gates else (None, None)
        SOURCE.call(
            "closed_form_backward", len(ctx.sizes), ctx.sizes, plan.shape, *plan.squash, mask, time,
            _array(weights), _array(solution), gates[1] if gates else None, _array(slopes), heads, e,
            _array(remembered), g_out.contiguous(), *g_state, *(() if gates else (None,)), _array(g), g_gates,
            _array(g_biases), _array(g_solution), g_bias,
        )  # fmt: skip
        g_weights = [part.t() @ below for part, below in zip(g, (inputs, *values), strict=True)]
        g_weights[-1], g_biases[-1] = plan.of_heads(g_weights[-1]), plan.of_heads(g_biases[-1])
        g_of_memory: tuple[Tensor | None, ...] = ()
        if g_gates is not None:
            g_of_memory = (*(g_gates.t() @ remembered[0]).split([shape.memory - size, size], dim=1), g_bias)
        g_x = None
        if ctx.needs_input_grad[1]:
            g_x = heads.new_zeros(()) if shape.feeds else g[0] @ weights[0][:, : shape.features]
            g_x = g_x if g_gates is None else torch.addmm(g_x, g_gates, gates[0])
        return None, g_x, None, None, None, None, *g_state, *g_weights, *g_biases, *g_solution, *g_of_memory


def _split(tensors: Sequence[Tensor], *counts: int) -> list[list[Tensor]]:
    """So many of them each, and the rest."""
    ends = [*accumulate(counts)]
    return [list(tensors[begin:end]) for begin, end in zip([0, *ends], [*ends, None], strict=True)]


def _array(tensors: Sequence[Tensor | None]) -> tuple[Tensor | None, ...]:
    return tuple(tensors) or (None,)  # C knows no array of length 0
