"""How much a training or inference step computes, and how fast the machine can do that at best.

Counted is the mathematics, on the eager engine: FLOP of the matrix products, and sigmoids and their like of the
forward pass. An engine may need more, if it computes something twice, or less.
"""

import functools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from ltcbench.bench.timing import Action, interleaved, precise

Product = tuple[int, int, int]

_CURVES = {"sigmoid", "tanh", "exp"}  # about as dear as each other
_FACTORS = {"mm": 0, "addmm": 1}  # where the left factor stands among the arguments
REPEATS = 7
LARGE: Product = (512, 512, 512)
IN_CACHE = 4096


@dataclass(frozen=True)
class Work:
    """What an action computes.

    Attributes:
        flop: of its matrix products.
        product: sizes (m, k, n) of the kind of product that takes the most of them, None without any.
        sigmoids: how many values of sigmoid, tanh and exp.
        array: how many of them in one operation, where it is most.
    """

    flop: int
    product: Product | None
    sigmoids: int
    array: int


class _Observer(TorchDispatchMode):
    """Counts products by size, and values of curves by the size of the operation."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.products: Counter[Product] = Counter()
        self.curves: Counter[int] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in _CURVES:
            self.curves[out.numel()] += out.numel()
        if name in _FACTORS:
            left, right = args[_FACTORS[name] : _FACTORS[name] + 2]
            product = (*left.shape, right.shape[1])
            self.products[product] += 2 * left.numel() * right.shape[1]
        return out


def work(action: Action) -> Work:
    """What ``action``, which has to run operation by operation, computes."""
    observer = _Observer()
    counter = FlopCounterMode(display=False)
    with counter, observer:
        action()
    products, curves = observer.products.most_common(1), observer.curves.most_common(1)
    return Work(
        counter.get_total_flops(),
        products[0][0] if products else None,
        observer.curves.total(),
        curves[0][0] if curves else 0,
    )


@functools.cache
def product_rate(product: Product, precision: str, device: torch.device) -> float:
    """FLOP/s of a matrix product of these sizes (m, k, n)."""
    m, k, n = product
    a, b = torch.randn(m, k, device=device), torch.randn(k, n, device=device)
    out = torch.empty(m, n, device=device)
    with precise(precision):
        return 2 * m * k * n / _seconds(lambda: torch.mm(a, b, out=out), device)


@functools.cache
def sigmoid_rate(array: int, device: torch.device) -> float:
    """Sigmoids a second in an array of this size."""
    x = torch.randn(array, device=device)
    out = torch.empty_like(x)
    return array / _seconds(lambda: torch.sigmoid(x, out=out), device)


def least(work: Work, precision: str, device: torch.device) -> float | None:
    """Seconds that the machine takes for this work at its best, None where it is none that is counted.

    Products go as fast as one of large matrices, each curve as fast as an exponential from the cache, the least that a
    sigmoid needs. Backward passes are counted by their products alone.
    """
    if not work.flop + work.sigmoids:
        return None
    return work.flop / product_rate(LARGE, precision, device) + work.sigmoids / exponential_rate(device)


@functools.cache
def exponential_rate(device: torch.device) -> float:
    """Exponentials a second in an array that stays in the cache."""
    x = torch.randn(IN_CACHE, device=device)
    out = torch.empty_like(x)
    return IN_CACHE / _seconds(lambda: torch.exp(x, out=out), device)


def _seconds(action: Action, device: torch.device) -> float:
    return interleaved({"": action}, REPEATS, synchronise=synchroniser(device))[""].median


def synchroniser(device: torch.device) -> Action:
    """What waits until ``device`` has done what it was told."""
    return functools.partial(torch.cuda.synchronize, device) if device.type == "cuda" else lambda: None
