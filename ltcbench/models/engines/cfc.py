"""The CfC cell over a whole sequence, its backward pass derived by hand.

Forward: the steps of ``cells/cfc.py``, written into buffers for the whole sequence. Backward: the derivatives of heads
and activations do not depend on the gradient that comes back through time, so they are computed for all steps at once;
what is left of each step are products with the layers' weights, and the weights' gradients are one product each at the
end.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.cfc import CfC

aten = torch.ops.aten

# Each activation of ``a`` written into ``z``.
INTO: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "tanh": lambda a, z: torch.tanh(a, out=z),
    "relu": lambda a, z: torch.clamp(a, min=0, out=z),
    "gelu": lambda a, z: aten.gelu.out(a, out=z),
    "silu": lambda a, z: aten.silu.out(a, out=z),
    "softplus": lambda a, z: aten.softplus.out(a, out=z),
}

# The gradient behind an activation from the one before it (g), from what the activation got (a) and what it gave (z).
DERIVATIVES: dict[str, Callable[[Any, Tensor, Tensor], Tensor]] = {
    "tanh": lambda g, a, z: aten.tanh_backward(g, z),
    "relu": lambda g, a, z: aten.threshold_backward(g, z, 0),
    "gelu": lambda g, a, z: aten.gelu_backward(g, a),
    "silu": lambda g, a, z: aten.silu_backward(g, a),
    "softplus": lambda g, a, z: aten.softplus_backward(g, a, 1.0, 20.0),
}

INNER, OUTER = 0.666, 1.7159  # LeCun's tanh is OUTER tanh(INNER x)


def sequence(cell: CfC, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None) -> tuple[Tensor, State]:
    """Outputs of ``cell`` at every step and its last state; arguments as of ``ltcbench.models.scan.scan``.

    Constant factors are moved into the weights before time begins: those of LeCun's tanh, and in flavour tf, whose
    heads have it too, the sign of t_a. The states are then those divided by OUTER.
    """
    scaled = cell.tf and cell.variant != "solution"
    state_scale = OUTER if scaled else 1.0
    lecun = cell.activation == "lecun_tanh"
    layers = cell.layers()
    rows: list[float | Tensor] = [INNER if lecun else 1.0] * (len(layers) - 1)
    rows.append(x.new_tensor([INNER, INNER, -1.0, 1.0]).repeat_interleave(cell.hidden_size) if scaled else 1.0)
    columns = [state_scale, *[OUTER if lecun else 1.0] * (len(layers) - 1)]
    weights = [_times(weight, row, column) for (weight, _), row, column in zip(layers, rows, columns, strict=True)]
    biases = [_times(bias, row) for (_, bias), row in zip(layers, rows, strict=True)]

    of_x = _times(layers[0][0][:, : cell.input_size], rows[0])
    parameters = [weights[0][:, cell.input_size :]]
    for layer in zip(weights[1:], biases[1:], strict=True):
        parameters += layer
    if cell.variant == "solution":
        parameters += [cell.A, cell.w_tau]
    drive, start = F.linear(x, of_x, biases[0]), _times(state[0], 1 / state_scale)
    states: Tensor = _Sequence.apply(cell, drive, start, elapsed.unsqueeze(-1), mask, *parameters)  # type: ignore[no-untyped-call]
    states = _times(states, state_scale)
    return states[..., : cell.output_size], (states[-1],)


def _times(tensor: Tensor, row: float | Tensor, column: float = 1.0) -> Tensor:
    """``tensor`` with its rows multiplied by ``row`` and everything by ``column``; itself where both are 1."""
    if isinstance(row, Tensor):
        row = row.view(-1, *[1] * (tensor.dim() - 1))
    elif row == column == 1:
        return tensor
    return tensor * (row * column)


class _Sequence(torch.autograd.Function):
    """drive (T, B, U), start (B, H), elapsed (T, B, 1), mask (T, B) or None, parameters -> states (T, B, H)."""

    @staticmethod
    def forward(ctx: Any, cell: CfC, drive: Tensor, start: Tensor, elapsed: Tensor, mask: Tensor | None,
                *parameters: Tensor) -> Tensor:  # fmt: skip
        solution = parameters[-2:] if cell.variant == "solution" else ()
        w_h, *later = parameters[: len(parameters) - len(solution)]
        weights, biases = [w_h, *later[::2]], later[1::2]
        layers = len(weights) - 1  # of the backbone; behind them come the heads
        size = drive.shape[:2]
        a = [drive.new_empty(*size, len(w)) for w in weights]  # what each layer gives, the heads' last
        z = [torch.empty_like(ai) for ai in a[:-1]]  # behind the activation
        noise = [torch.empty_like(zi) if cell.drops(i) else None for i, zi in enumerate(z)]
        gate = drive.new_empty(*size, cell.hidden_size)  # g; of cfc_s the exponential
        states = drive.new_empty(size[0] + 1, size[1], cell.hidden_size)
        states[0] = start

        activate, transposed, keep = INTO[_kind(cell)], [w.t() for w in weights], _column(mask)
        combine = _Solution(cell, solution) if solution else _Gated(cell)
        h, drives, elapsed_t, gate_t = states.unbind(0), drive.unbind(0), elapsed.unbind(0), gate.unbind(0)
        a_t, z_t, heads_t = _steps(a), _steps(z), combine.views(a[-1])
        for t in range(size[0]):
            below = h[t]
            for i in range(layers):
                torch.addmm(biases[i - 1] if i else drives[t], below, transposed[i], out=a_t[i][t])
                below = activate(a_t[i][t], z_t[i][t])
                if (drawn := noise[i]) is not None:  # step by step, in the order of the eager engine
                    below = below * drawn[t].bernoulli_(1 - cell.dropout).div_(1 - cell.dropout)
            torch.addmm(biases[-1] if layers else drives[t], below, transposed[-1], out=a_t[-1][t])
            combine.step(heads_t[t], elapsed_t[t], gate_t[t], h[t + 1])
            if keep is not None:
                torch.where(keep[t], h[t + 1], h[t], out=h[t + 1])

        ctx.cell, ctx.layers, ctx.noise = cell, layers, noise
        ctx.save_for_backward(elapsed, mask, gate, states, *weights, *a, *z, *solution)
        return states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor) -> tuple[Any, ...]:
        cell, layers, noise = ctx.cell, ctx.layers, ctx.noise
        elapsed, mask, gate, states, *rest = ctx.saved_tensors
        weights, a, z = rest[: layers + 1], rest[layers + 1 : 2 * layers + 2], rest[2 * layers + 2 : 3 * layers + 2]
        solution = rest[3 * layers + 2 :]

        # Derivatives, then times the gradients: of the activations (T, B, U), of the state by the heads (T, B, 4 H).
        one = torch.ones((), dtype=gate.dtype, device=gate.device)
        g_a = [DERIVATIVES[_kind(cell)](one.expand_as(ai), ai, zi) for ai, zi in zip(a, z, strict=False)]
        g_a = [g if n is None else g * n for g, n in zip(g_a, noise, strict=True)]
        combine = _Solution(cell, solution) if solution else _Gated(cell)
        g_a.append(combine.derivatives(a[-1], elapsed, gate))
        blocks = g_a[-1].unflatten(2, (-1, cell.hidden_size)).unbind(0)

        keep, g_t, out = _column(mask), _steps(g_a), g_out.unbind(0)
        g_new: list[Tensor] = []  # gradients of the new states, the last step's first
        carried = torch.zeros_like(out[0])
        for t in reversed(range(len(out))):
            g = carried.add_(out[t])
            if keep is not None:  # a masked step hands its gradient on to the step before
                g = carried * keep[t]
                passed = carried - g
            blocks[t].mul_(g.unsqueeze(1))
            for i in reversed(range(layers)):
                g_t[i][t].mul_(g_t[i + 1][t] @ weights[i + 1])
            g_new.append(g)
            carried = g_t[0][t] @ weights[0]
            if keep is not None:
                carried += passed

        inputs = [states[:-1], *(zi if n is None else zi * n for zi, n in zip(z, noise, strict=True))]
        g_weights = [gi.flatten(0, 1).t() @ below.flatten(0, 1) for gi, below in zip(g_a, inputs, strict=True)]
        g_biases = [gi.sum((0, 1)) for gi in g_a[1:]]
        g_later = [g for pair in zip(g_weights[1:], g_biases, strict=True) for g in pair]
        g_own = combine.own_gradients(a[-1], elapsed, gate, g_new)
        return None, g_a[0], carried, None, None, g_weights[0], *g_later, *g_own


class _Gated:
    """The heads of cfc and cfc_nogate."""

    def __init__(self, cell: CfC) -> None:
        self.size = cell.hidden_size
        self.ungated = cell.variant == "no_gate"

    def views(self, heads: Tensor) -> list[tuple[Tensor, ...]]:
        """For each step ff1 and ff2 together, then ff1, ff2, t_a and t_b, of heads (T, B, 4 H)."""
        parts = (heads[..., : 2 * self.size], *heads.split(self.size, dim=2))
        return list(zip(*(part.unbind(0) for part in parts), strict=True))

    def step(self, heads: tuple[Tensor, ...], t: Tensor, g: Tensor, new: Tensor) -> None:
        """One step into ``new``; leaves ff1 and ff2, squashed, in ``heads`` and the gate in ``g``."""
        both, ff1, ff2, t_a, t_b = heads
        both.tanh_()
        torch.addcmul(t_b, t_a, t, out=g).sigmoid_()
        if self.ungated:
            torch.addcmul(ff1, g, ff2, out=new)
        else:
            torch.lerp(ff1, ff2, g, out=new)

    def derivatives(self, heads: Tensor, t: Tensor, g: Tensor) -> Tensor:
        """Of the new state by the heads, (T, B, 4 H)."""
        ff1, ff2, *_ = heads.split(self.size, dim=2)
        by_ff1 = aten.tanh_backward(torch.ones_like(g) if self.ungated else 1 - g, ff1)
        by_t_b = aten.sigmoid_backward(ff2 if self.ungated else ff2 - ff1, g)
        return torch.cat([by_ff1, aten.tanh_backward(g, ff2), by_t_b * t, by_t_b], dim=2)

    def own_gradients(self, heads: Tensor, t: Tensor, g: Tensor, g_new: list[Tensor]) -> tuple[Tensor, ...]:
        """There are no parameters behind the heads."""
        return ()


class _Solution:
    """The head of cfc_s and its parameters A and w_tau."""

    def __init__(self, cell: CfC, parameters: Sequence[Tensor]) -> None:
        self.a, self.w_tau = parameters

    def views(self, heads: Tensor) -> list[tuple[Tensor, ...]]:
        """For each step ff1, of heads (T, B, H)."""
        return [(ff1,) for ff1 in heads.unbind(0)]

    def step(self, heads: tuple[Tensor, ...], t: Tensor, decay: Tensor, new: Tensor) -> None:
        """One step into ``new``; leaves the exponential in ``decay``."""
        (ff1,) = heads
        torch.exp(-t * (self.w_tau.abs() + ff1.abs()), out=decay)
        torch.addcmul(self.a, self.a * decay, ff1, value=-1.0, out=new)

    def derivatives(self, heads: Tensor, t: Tensor, decay: Tensor) -> Tensor:
        """Of the new state by the head, (T, B, H)."""
        return -self.a * decay * (1 - t * heads.abs())

    def own_gradients(self, heads: Tensor, t: Tensor, decay: Tensor, g_new: list[Tensor]) -> tuple[Tensor, ...]:
        """Gradients of A and w_tau, each (H,)."""
        g = torch.stack(g_new[::-1])
        by_w_tau = self.a * decay * heads * t * self.w_tau.sign()
        return (g * (1 - decay * heads)).sum((0, 1)), (g * by_w_tau).sum((0, 1))


def _kind(cell: CfC) -> str:
    """The activation without its constant factors."""
    return "tanh" if cell.activation == "lecun_tanh" else cell.activation


def _steps(tensors: Sequence[Tensor]) -> list[tuple[Tensor, ...]]:
    """Each tensor (T, ...) as T tensors: cheaper than indexing at each step."""
    return [tensor.unbind(0) for tensor in tensors]


def _column(mask: Tensor | None) -> tuple[Tensor, ...] | None:
    return None if mask is None else mask.unsqueeze(-1).unbind(0)
