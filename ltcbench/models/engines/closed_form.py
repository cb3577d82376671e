"""The CfC family over packed sequences, in C (``closed_form.c``): float32 on the CPU.

In the loop are all products that depend on the state; the gradients of weights are one product each at the end.
"""

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


class _Plan(NamedTuple):
    """How ``cell`` is computed.

    Attributes:
        cell: the CfC proper.
        numbers: as ``closed_form.c`` takes them.
        same: the elapsed time of all steps if it is the same: then the gate is one head, of t_a same + t_b.
        forget_bias: of the memory.
    """

    cell: CfC
    numbers: tuple[int, ...]
    same: float | None
    forget_bias: float

    @classmethod
    def of(cls, cell: CfC | MixedCfC, elapsed: Tensor) -> "_Plan":
        mixed = isinstance(cell, MixedCfC)
        cfc = cell.cfc if isinstance(cell, MixedCfC) else cell
        first, last = elapsed.aminmax()
        same = first.item() if cfc.variant != "solution" and first == last else None
        activation = ACTIVATIONS.index(cfc.activation) if len(cfc.backbone) else 0
        memory = cell.input_size + cell.hidden_size if mixed else 0
        width = cfc.backbone[0].out_features if len(cfc.backbone) else 0
        numbers = (cfc.input_size, cfc.hidden_size, len(cfc.backbone), width, VARIANTS.index(cfc.variant), activation,
                   same is None, memory, mixed and cfc.tf)  # fmt: skip
        return cls(cfc, tuple(map(int, numbers)), same, float(cell.forget_bias) if isinstance(cell, MixedCfC) else 0.0)

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
        return (
            g
            if self.same is None
            else torch.cat([*g.chunk(3)[:2], self.sign * self.same * g.chunk(3)[2], g.chunk(3)[2]])
        )

    def noise(self, sizes: Sizes, like: Tensor) -> list[Tensor | None]:
        """Dropout's factors behind each layer of the backbone (N, U), drawn in the order of the eager engine."""
        share = 1 - self.cell.dropout
        drawn = [
            like.new_empty(len(like), self.numbers[3]) if self.cell.drops(i) else None
            for i in range(len(self.cell.backbone))
        ]
        dropped = [noise for noise in drawn if noise is not None]
        if dropped:
            for parts in zip(*(noise.split(sizes) for noise in dropped), strict=True):
                for part in parts:
                    part.bernoulli_(share)
        for noise in dropped:
            noise.div_(share)
        return drawn


class _Sequence(torch.autograd.Function):
    """x (N, F), times (N,), mask (N,) or None, the parts of the state (B, H), parameters -> outputs (N, H), last state.

    The parameters are the weights of all layers, their biases, of cfc_s A and w_tau, of mixed memory W_x, W_h and b.
    """

    @staticmethod
    def forward(ctx: Any, plan: _Plan, x: Tensor, elapsed: Tensor, mask: Tensor | None, sizes: Sizes, parts: int,
                *tensors: Tensor) -> tuple[Tensor, ...]:  # fmt: skip
        features, size, depth, width, variant, _, _, memory, _ = plan.numbers
        state, tensors = [native.fresh(part) for part in tensors[:parts]], tensors[parts:]
        weights, biases, others = (
            list(tensors[: depth + 1]),
            list(tensors[depth + 1 : 2 * depth + 2]),
            tensors[2 * depth + 2 :],
        )
        weights[-1], biases[-1] = plan.heads(weights[-1]), plan.heads(biases[-1])
        solution, gates = (others, ()) if variant == VARIANTS.index("solution") else ((), others)
        time = None if plan.same is not None else plan.sign * elapsed
        rows = len(x)
        inputs = x.new_empty(rows, features + size)
        values, slopes = ([x.new_empty(rows, width) for _ in range(depth)] for _ in range(2))
        heads, out = x.new_empty(rows, len(weights[-1])), x.new_empty(rows, size)
        e = x.new_empty(rows, size) if solution else None
        widths = (memory, 4 * size, size, size) if memory else ()
        remembered = [x.new_empty(rows, wide) for wide in widths]
        SOURCE.call(
            "closed_form_forward", len(sizes), sizes, plan.numbers, *plan.squash, plan.forget_bias, mask,
            x.contiguous(), time, _array(weights), _array(biases), _array(plan.noise(sizes, x)), _array(solution),
            _array(gates), *state, *([None] if parts == 1 else []), inputs, _array(values), _array(slopes), heads, e,
            _array(remembered), out,
        )  # fmt: skip
        ctx.plan, ctx.sizes, ctx.counts = (
            plan,
            sizes,
            (depth + 1, depth, depth, len(solution), len(gates[:2]), len(remembered)),
        )
        ctx.save_for_backward(
            mask, time, inputs, heads, e, *weights, *values, *slopes, *solution, *gates[:2], *remembered
        )
        return out, *state

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, *g_state: Tensor) -> tuple[Tensor | None, ...]:
        plan: _Plan = ctx.plan
        features, size, depth, _, _, _, _, memory, feeds = plan.numbers
        mask, time, inputs, heads, e, *saved = ctx.saved_tensors
        weights, values, slopes, solution, gates, remembered = (
            [saved.pop(0) for _ in range(count)] for count in ctx.counts
        )
        g_state = tuple(native.fresh(part) for part in g_state)
        g = [*map(torch.empty_like, slopes), torch.empty_like(heads)]
        g_biases = [heads.new_zeros(len(weight)) for weight in weights]
        g_solution = [torch.zeros_like(part) for part in solution]
        g_gates, g_bias = (heads.new_empty(len(heads), 4 * size), heads.new_zeros(4 * size)) if memory else (None, None)
        SOURCE.call(
            "closed_form_backward", len(ctx.sizes), ctx.sizes, plan.numbers, *plan.squash, mask, time,
            _array(weights), _array(solution), gates[1] if memory else None, _array(slopes), heads, e,
            _array(remembered), g_out.contiguous(), *g_state, *(() if memory else (None,)), _array(g), g_gates,
            _array(g_biases), _array(g_solution), g_bias,
        )  # fmt: skip
        g_weights = [part.t() @ below for part, below in zip(g, (inputs, *values), strict=True)]
        g_weights[-1], g_biases[-1] = plan.of_heads(g_weights[-1]), plan.of_heads(g_biases[-1])
        g_of_memory: tuple[Tensor | None, ...] = ()
        if g_gates is not None:
            g_of_memory = (*(g_gates.t() @ remembered[0]).split([memory - size, size], dim=1), g_bias)
        g_x = None
        if ctx.needs_input_grad[1]:
            g_x = g_gates @ gates[0] if g_gates is not None else torch.zeros(())
            g_x = g_x + g[0] @ weights[0][:, :features] if not feeds else g_x
        return None, g_x, None, None, None, None, *g_state, *g_weights, *g_biases, *g_solution, *g_of_memory


def _array(tensors: Any) -> tuple[Tensor | None, ...]:
    return tuple(tensors) or (None,)
