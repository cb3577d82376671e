"""The dense layers of a CfC over a whole sequence, one step at a time, their backward pass derived by hand.

With every tanh computed as a sigmoid (see ``squash``) the new state is h = p q + r with

    cfc         q = s1 + g (s2 - s1)     s1, s2, g = sigmoid(heads)
    cfc_nogate  q = s1 + g (s2 - 1/2)
    cfc_s       q = A - A e f            f = head, e = exp(-t (|w_tau| + |f|))

The derivatives of heads and activations do not depend on the gradient that comes back through time: they are computed
for all steps at once.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ltcbench.models.cells.cfc import CfC
from ltcbench.models.engines.squash import DERIVATIVES, IDENTITY, INTO, LECUN_TANH, TANH, Product, Squash
from ltcbench.models.packing import Sizes


class Plan(NamedTuple):
    """How the layers of ``cell`` are computed.

    Attributes:
        cell: the cell.
        squashes: the function behind each layer of the backbone, then behind the heads.
        same: the elapsed time of all steps if it is the same: then the gate is one head, of t_a same + t_b.
    """

    cell: CfC
    squashes: tuple[Squash, ...]
    same: float | None = None

    @classmethod
    def of(cls, cell: CfC, elapsed: Tensor | None = None) -> "Plan":
        """For the cell as it is now, training or not, and elapsed times (N,), if they are known."""
        named = {"lecun_tanh": LECUN_TANH, "tanh": TANH}
        squash = named.get(cell.activation, Squash(cell.activation))
        # Dropout sets to 0 what a tanh gives; r behind a sigmoid would have to be dropped with it.
        backbone = (squash if cell.drops(i) else squash.as_sigmoid() for i in range(len(cell.backbone)))
        if cell.variant == "solution":
            return cls(cell, (*backbone, IDENTITY))
        squashes = (*backbone, (LECUN_TANH if cell.tf else TANH).as_sigmoid())
        varies = elapsed is None or bool((elapsed != elapsed[0]).any())
        return cls(cell, squashes, None if varies or elapsed is None else elapsed[0].item())

    @property
    def _factors(self) -> tuple[float, float]:
        """Of the heads t_a and t_b; the gate does not have the factor k of ff1 and ff2, so it is divided out."""
        k = self.squashes[-1].k
        return (-1.0 if self.cell.tf else 1.0) * (1.0 if self.same is None else self.same) / k, 1 / k

    def heads(self, part: Tensor) -> Tensor:
        """The heads' weight or bias, of ff1, ff2, t_a, t_b, as ``Layers`` takes it: of t_a, ff1, ff2, t_b.

        With the same time everywhere of ff1, ff2 and the gate.
        """
        if self.cell.variant == "solution":
            return part
        size, (by_t_a, by_t_b) = self.cell.hidden_size, self._factors
        ff, t_a, t_b = part[: 2 * size], part[2 * size : 3 * size] * by_t_a, part[3 * size :] * by_t_b
        return torch.cat([t_a, ff, t_b]) if self.same is None else torch.cat([ff, t_b.add_(t_a)])

    def of_heads(self, g: Tensor) -> Tensor:
        """The gradient of the argument of ``heads`` from that of its result."""
        if self.cell.variant == "solution":
            return g
        size, (by_t_a, by_t_b) = self.cell.hidden_size, self._factors
        ff, g_b = g[-3 * size : -size], g[-size:]
        return torch.cat([ff, (g[:size] if self.same is None else g_b) * by_t_a, g_b * by_t_b])


class Layers:
    """A forward and a backward pass through all layers but the first one's product.

    Args:
        plan: how.
        solution: A and w_tau of cfc_s, else nothing.
        weights: of all layers but the first.
        sizes: rows at each step, N together.
        time: (N, 1), or None where the gate is one head.
        a: what each layer gives (N, width).
        z: what the functions behind the backbone's layers make of that; a sigmoid writes it over ``a``.
        noise: dropout's factors, None where there is none.
        e: of every step (N, H), for cfc_s.
    """

    def __init__(
        self, plan: Plan, solution: Sequence[Tensor], weights: Sequence[Tensor], sizes: Sizes, time: Tensor | None,
        a: Sequence[Tensor], z: Sequence[Tensor], noise: Sequence[Tensor | None], e: Tensor | None,
    ) -> None:  # fmt: skip
        self.plan, self.solution, self.sizes, self.time, self.e = plan, solution, sizes, time, e
        self.a, self.z, self.noise = a, z, noise
        size, squashes = plan.cell.hidden_size, plan.squashes
        self.ungated = plan.cell.variant == "no_gate"
        self.products = [Product(w, squashes[i], squashes[i + 1].k) for i, w in enumerate(weights)]
        self.heads = a[-1].split(size, dim=1)
        self.squashed = a[-1][:, -3 * size :]  # s1, s2, g

    @classmethod
    def fresh(
        cls, plan: Plan, solution: Sequence[Tensor], weights: Sequence[Tensor], sizes: Sizes, time: Tensor | None,
        first: Tensor,
    ) -> "Layers":  # fmt: skip
        """With room for the results; ``first`` (N, U) is that of the first layer."""
        a = [first, *(first.new_empty(len(first), len(weight)) for weight in weights)]
        squashes = plan.squashes[:-1]
        z = [ai if squash.f == "sigmoid" else torch.empty_like(ai) for ai, squash in zip(a, squashes, strict=False)]
        noise = [torch.empty_like(zi) if plan.cell.drops(i) else None for i, zi in enumerate(z)]
        return cls(plan, solution, weights, sizes, time, a, z, noise, torch.empty_like(a[-1]) if solution else None)

    def begin(self, biases: Sequence[Tensor]) -> None:
        """Prepare the forward pass."""
        squashes, products = self.plan.squashes, self.products
        constants = [
            torch.add(product.constant(), bias, alpha=squash.k)
            for product, bias, squash in zip(products, biases, squashes[1:], strict=True)
        ]
        # Tensors (N, ...) as T tensors: cheaper than indexing at each step.
        self.a_t = [a.split(self.sizes) for a in self.a]
        z_t = [self.a_t[i] if z is self.a[i] else z.split(self.sizes) for i, z in enumerate(self.z)]
        noise_t = [() if noise is None else noise.split(self.sizes) for noise in self.noise]
        into = [INTO[squash.f] for squash in squashes[:-1]]
        weights = [product.transposed for product in products]
        self.chain = list(zip(into, z_t, noise_t, constants, weights, self.a_t[1:], strict=True))
        self.heads_t = list(zip(*(head.split(self.sizes) for head in self.heads), strict=True))
        self.squashed_t = self.a_t[-1] if self.time is None else self.squashed.split(self.sizes)
        self.time_t: Sequence[Tensor] = () if self.time is None else self.time.split(self.sizes)
        self.e_t: Sequence[Tensor] = () if self.e is None else self.e.split(self.sizes)

    def forward(self, t: int, new: Tensor) -> None:
        """Write the state after step ``t`` into ``new`` (B, H); ``a`` holds what the first layer gives."""
        a = self.a_t[0][t]
        for into, z_t, noise_t, constant, weight, a_t in self.chain:
            z = into(a, z_t[t])
            if noise_t:  # drawn step by step, in the order of the eager engine
                share = 1 - self.plan.cell.dropout
                z = z * noise_t[t].bernoulli_(share).div_(share)
            a = torch.addmm(constant, z, weight, out=a_t[t])

        if self.solution:
            scale, w_tau = self.solution
            e = torch.exp(-self.time_t[t] * (w_tau.abs() + a.abs()), out=self.e_t[t])
            torch.addcmul(scale, scale * e, a, value=-1, out=new)
            return
        *t_a, s1, s2, g = self.heads_t[t]
        if t_a:
            g.addcmul_(t_a[0], self.time_t[t])
        self.squashed_t[t].sigmoid_()
        if self.ungated:
            torch.addcmul(s1, g, s2 - 0.5, out=new)
        else:
            torch.lerp(s1, s2, g, out=new)

    def derive(self, keep: Tensor | None) -> None:
        """Prepare the backward pass; ``keep`` (N, 1) bool: where it is False, the step has no gradients."""
        self.g = [DERIVATIVES[squash.f](a, z) for squash, a, z in zip(self.plan.squashes, self.a, self.z, strict=False)]
        self.g = [g if noise is None else g * noise for g, noise in zip(self.g, self.noise, strict=True)]
        self.g.append(self._by_solution() if self.solution else self._by_gated())
        if keep is not None:
            self.g[-1].mul_(keep)
        by_z = [product.by_z for product in self.products]
        *g_t, self.g_heads_t = (g.split(self.sizes) for g in self.g)
        self.back = list(zip(g_t, by_z, strict=True))[::-1]
        self.blocks = self.g[-1].unflatten(1, (-1, self.plan.cell.hidden_size)).split(self.sizes)

    def _by_solution(self) -> Tensor:
        """Derivative of q by its head (N, H)."""
        assert self.time is not None and self.e is not None
        result: Tensor = -self.solution[0] * self.e * (1 - self.time * self.heads[0].abs())
        return result

    def _by_gated(self) -> Tensor:
        """Derivatives of q by its heads, side by side (N, 3 H or 4 H)."""
        *_, s1, s2, g = self.heads
        result = torch.empty_like(self.a[-1])
        *by_t_a, by_s1, by_s2, by_g = result.split(self.plan.cell.hidden_size, dim=1)
        squashed = self.squashed
        torch.addcmul(squashed, squashed, squashed, value=-1, out=result[:, -squashed.shape[1] :])
        by_s2.mul_(g)
        if self.ungated:
            by_g.mul_(s2 - 0.5)
        else:
            by_s1.mul_(1 - g)
            by_g.mul_(s2 - s1)
        if self.time is not None:
            torch.mul(by_g, self.time, out=by_t_a[0])
        return result

    def backward(self, t: int, g_new: Tensor) -> Tensor:
        """Gradient (B, U) of what the first layer gives, from that of q after step ``t`` (B, H)."""
        self.blocks[t].mul_(g_new.unsqueeze(1))
        g: Tensor = self.g_heads_t[t]
        for g_t, by_z in self.back:
            g = g_t[t].mul_(g @ by_z)
        return g

    def gradients(self) -> tuple[list[Tensor], list[Tensor]]:
        """Of weights and biases of all layers but the first."""
        weights, biases = [], []
        for i, (product, g) in enumerate(zip(self.products, self.g[1:], strict=True)):
            total, noise = g.sum(0), self.noise[i]
            weights.append(product.gradient(g, self.z[i] if noise is None else self.z[i] * noise, total))
            biases.append(total * self.plan.squashes[i + 1].k)
        return weights, biases

    def gradients_of_solution(self, g: Tensor) -> tuple[Tensor, Tensor]:
        """Of A and w_tau, from those of q (N, H)."""
        assert self.time is not None and self.e is not None
        (scale, w_tau), f = self.solution, self.heads[0]
        by_w_tau = scale * self.e * f * self.time * w_tau.sign()
        return (g * (1 - self.e * f)).sum(0), (g * by_w_tau).sum(0)
