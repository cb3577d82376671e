"""The CfC cell over a whole sequence, its backward pass derived by hand.

Forward: the steps of ``cells/cfc.py``, written into buffers for the whole sequence. Backward: the derivatives of heads
and activations do not depend on the gradient that comes back through time, so they are computed for all steps at once;
what is left of each step are products with the layers' weights, and the weights' gradients are one product each at the
end.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.cfc import ACTIVATIONS, CfC

aten = torch.ops.aten

# The gradient behind an activation from the one before it (g), from what the activation got (a) and what it gave (z).
DERIVATIVES: dict[str, Callable[[Any, Tensor, Tensor], Tensor]] = {
    "lecun_tanh": lambda g, a, z: g * (1.7159 * 0.666 - (0.666 / 1.7159) * z.square()),
    "tanh": lambda g, a, z: aten.tanh_backward(g, z),
    "relu": lambda g, a, z: aten.threshold_backward(g, z, 0),
    "gelu": lambda g, a, z: aten.gelu_backward(g, a),
    "silu": lambda g, a, z: aten.silu_backward(g, a),
    "softplus": lambda g, a, z: aten.softplus_backward(g, a, 1.0, 20.0),
}


def sequence(cell: CfC, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None) -> tuple[Tensor, State]:
    """Outputs of ``cell`` at every step and its last state; arguments as of ``ltcbench.models.scan.scan``."""
    (drive,) = cell.drive(x)
    (first, _), *later = cell.layers()
    parameters = [first[:, cell.input_size :], *(tensor for layer in later for tensor in layer)]
    if cell.variant == "solution":
        parameters += [cell.A, cell.w_tau]
    states: Tensor = _Sequence.apply(cell, drive, state[0], elapsed.unsqueeze(-1), mask, *parameters)  # type: ignore[no-untyped-call]
    return states[..., : cell.output_size], (states[-1],)


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

        activate, transposed, keep = ACTIVATIONS[cell.activation], [w.t() for w in weights], _column(mask)
        combine = _solution if solution else _gated
        h, drives, a_t, z_t = states.unbind(0), drive.unbind(0), _steps(a), _steps(z)
        heads = [head.unbind(0) for head in a[-1].split(cell.hidden_size, dim=2)]
        for t in range(size[0]):
            below = h[t]
            for i in range(layers):
                torch.addmm(biases[i - 1] if i else drives[t], below, transposed[i], out=a_t[i][t])
                below = z_t[i][t].copy_(activate(a_t[i][t]))
                if (drawn := noise[i]) is not None:  # step by step, in the order of the eager engine
                    below = below * drawn[t].bernoulli_(1 - cell.dropout).div_(1 - cell.dropout)
            torch.addmm(biases[-1] if layers else drives[t], below, transposed[-1], out=a_t[-1][t])
            combine(cell, [head[t] for head in heads], elapsed[t], gate[t], solution, h[t + 1])
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
        g_a = [DERIVATIVES[cell.activation](one.expand_as(ai), ai, zi) for ai, zi in zip(a, z, strict=False)]
        g_a = [g if n is None else g * n for g, n in zip(g_a, noise, strict=True)]
        by_heads = _by_solution if solution else _by_gated
        g_a.append(by_heads(cell, a[-1].split(cell.hidden_size, dim=2), elapsed, gate, solution))
        blocks = g_a[-1].unflatten(2, (-1, cell.hidden_size)).unbind(0)

        keep = _column(mask)
        g_state = torch.empty_like(gate)  # gradient of each step's new state
        g_t, out, now = _steps(g_a), g_out.unbind(0), g_state.unbind(0)
        g = out[-1]
        for t in reversed(range(len(out))):
            if keep is None:
                now[t].copy_(g)
            else:  # a masked step hands its gradient on to the step before
                torch.mul(g, keep[t], out=now[t])
                g = g - now[t]
            blocks[t].mul_(now[t].unsqueeze(1))
            for i in reversed(range(layers)):
                g_t[i][t].mul_(g_t[i + 1][t] @ weights[i + 1])
            before = out[t - 1] if t else torch.zeros_like(g)
            g = torch.addmm(before if keep is None else before + g, g_t[0][t], weights[0])

        inputs = [states[:-1], *(zi if n is None else zi * n for zi, n in zip(z, noise, strict=True))]
        g_weights = [gi.flatten(0, 1).t() @ below.flatten(0, 1) for gi, below in zip(g_a, inputs, strict=True)]
        g_biases = [gi.sum((0, 1)) for gi in g_a[1:]]
        g_later = [g for pair in zip(g_weights[1:], g_biases, strict=True) for g in pair]
        g_solution = _of_solution(a[-1], elapsed, gate, solution, g_state) if solution else ()
        return None, g_a[0], g, None, None, g_weights[0], *g_later, *g_solution


def _gated(cell: CfC, heads: Sequence[Tensor], t: Tensor, g: Tensor, _: Sequence[Tensor], new: Tensor) -> Tensor:
    """One step of cfc and cfc_nogate into ``new``; leaves ff1 and ff2, squashed, in ``heads``, the gate in ``g``."""
    ff1, ff2, t_a, t_b = heads
    for ff in (ff1, ff2):
        if cell.tf:
            ff.mul_(0.666).tanh_().mul_(1.7159)
        else:
            ff.tanh_()
    torch.addcmul(t_b, t_a, t, value=-1.0 if cell.tf else 1.0, out=g).sigmoid_()
    if cell.variant == "no_gate":
        return torch.addcmul(ff1, g, ff2, out=new)
    return torch.lerp(ff1, ff2, g, out=new)


def _by_gated(cell: CfC, heads: Sequence[Tensor], t: Tensor, g: Tensor, _: Sequence[Tensor]) -> Tensor:
    """Derivatives (T, B, 4 H) of ``_gated``'s result by the heads, side by side."""
    ff1, ff2 = heads[:2]
    squash = DERIVATIVES["lecun_tanh" if cell.tf else "tanh"]
    ungated = cell.variant == "no_gate"
    by_t_b = (ff2 if ungated else ff2 - ff1) * g * (1 - g)
    by_t_a = by_t_b * (-t if cell.tf else t)
    return torch.cat(
        [squash(torch.ones_like(g) if ungated else 1 - g, ff1, ff1), squash(g, ff2, ff2), by_t_a, by_t_b], 2
    )


def _solution(
    cell: CfC, heads: Sequence[Tensor], t: Tensor, decay: Tensor, parameters: Sequence[Tensor], new: Tensor
) -> Tensor:
    """One step of cfc_s into ``new``; leaves the exponential in ``decay``."""
    ff1 = heads[0]
    a, w_tau = parameters
    torch.exp(-t * (w_tau.abs() + ff1.abs()), out=decay)
    return torch.addcmul(a, a * decay, ff1, value=-1.0, out=new)


def _by_solution(cell: CfC, heads: Sequence[Tensor], t: Tensor, decay: Tensor, parameters: Sequence[Tensor]) -> Tensor:
    """Derivatives (T, B, H) of ``_solution``'s result by its head."""
    return -parameters[0] * decay * (1 - t * heads[0].abs())


def _of_solution(
    ff1: Tensor, t: Tensor, decay: Tensor, parameters: Sequence[Tensor], g_state: Tensor
) -> tuple[Tensor, Tensor]:
    """Gradients of A and w_tau, each (H,)."""
    a, w_tau = parameters
    by_w_tau = a * decay * ff1 * t * w_tau.sign()
    return (g_state * (1 - decay * ff1)).sum((0, 1)), (g_state * by_w_tau).sum((0, 1))


def _steps(tensors: Sequence[Tensor]) -> list[tuple[Tensor, ...]]:
    """Each tensor (T, ...) as T tensors: cheaper than indexing at each step."""
    return [tensor.unbind(0) for tensor in tensors]


def _column(mask: Tensor | None) -> Tensor | None:
    return None if mask is None else mask.unsqueeze(-1)
