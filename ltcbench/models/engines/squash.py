"""The squashing functions of a network as p f(k a) + r, with f as cheap as can be, and the products between them.

A tanh is computed as a sigmoid, tanh(a) = 2 sigmoid(2 a) - 1, which takes torch on a CPU a third of the time. The
factors cost nothing at each step: they go into the product of the dense layer in between, which takes z = f(k a) of the
layer below to k a of the layer above:

    k (W (p z + r) + b)  =  (k p) W z + k (r W 1 + b)
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

aten = torch.ops.aten


class Squash(NamedTuple):
    """p f(k a) + r, f a key of ``INTO`` or the identity."""

    f: str
    k: float = 1.0
    p: float = 1.0
    r: float = 0.0

    def as_sigmoid(self) -> "Squash":
        """The same function, if it is one of a tanh, by a sigmoid."""
        if self.f != "tanh":
            return self
        return Squash("sigmoid", 2 * self.k, 2 * self.p, self.r - self.p)


IDENTITY = Squash("identity")
TANH = Squash("tanh")
LECUN_TANH = Squash("tanh", 0.666, 1.7159)

# Each f of ``a`` written into ``z``.
INTO: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "sigmoid": lambda a, z: torch.sigmoid(a, out=z),
    "tanh": lambda a, z: torch.tanh(a, out=z),
    "relu": lambda a, z: torch.clamp(a, min=0, out=z),
    "gelu": lambda a, z: aten.gelu.out(a, out=z),
    "silu": lambda a, z: aten.silu.out(a, out=z),
    "softplus": lambda a, z: aten.softplus.out(a, out=z),
}

# The derivative of each f, from what it got (a) and what it gave (z). A sigmoid's is known from z alone: z may be a.
DERIVATIVES: dict[str, Callable[[Tensor, Tensor], Any]] = {
    "sigmoid": lambda a, z: torch.addcmul(z, z, z, value=-1),
    "tanh": lambda a, z: aten.tanh_backward(_one(z), z),
    "relu": lambda a, z: aten.threshold_backward(_one(z), z, 0),
    "gelu": lambda a, z: aten.gelu_backward(_one(a), a),
    "silu": lambda a, z: aten.silu_backward(_one(a), a),
    "softplus": lambda a, z: aten.softplus_backward(_one(a), a, 1.0, 20.0),
}


def _one(like: Tensor) -> Tensor:
    return like.new_ones(()).expand_as(like)


class Product:
    """What a weight does between two squashing functions.

    Args:
        weight: W (m, n).
        below: the function whose z (B, n) it gets.
        k: of the function above.

    Attributes:
        by_z: k p W, by which a gradient of the result is carried back.
    """

    def __init__(self, weight: Tensor, below: Squash, k: float) -> None:
        self.factor, self.shift = k * below.p, k * below.r
        self.by_z = weight if self.factor == 1 else weight * self.factor
        self.transposed = self.by_z.t()
        self.weight = weight

    def constant(self) -> Tensor:
        """The product k r W 1 (m,), or a single 0."""
        return self.weight.sum(1) * self.shift if self.shift else self.weight.new_zeros(())

    def gradient(self, g: Tensor, z: Tensor, total: Tensor) -> Tensor:
        """Of the weight, from gradients g (N, m) of the results, their sum (m,) and z (N, n)."""
        of_r = total.mul(self.shift).unsqueeze(1)
        return torch.addmm(of_r, g.t(), z, alpha=self.factor)


def carried_back(g: Tensor, g_after: Tensor, by_z: Tensor) -> Tensor:
    """The gradient of a state before a step: ``g`` (B, n) and ``g_after`` (b, m) ``by_z`` in the rows that go on."""
    if len(g_after) == len(g):
        return torch.addmm(g, g_after, by_z)
    g = g.clone()
    g[: len(g_after)].addmm_(g_after, by_z)
    return g
