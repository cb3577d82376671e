"""Linear memories of the past: dc/dt = A c + B u for polynomials of a scalar input, and their discretisation.

The matrices are computed once in float64; a matrix exponential in float32 would lose half of its digits.
"""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

System = tuple[Tensor, Tensor]


def lagt(order: int) -> System:
    """A (N, N) and B (N,) of Laguerre polynomials, translated (HiPPO-LagT, the authors' code): -1/2 on the diagonal."""
    one = torch.ones(order, order, dtype=torch.float64)
    return torch.eye(order, dtype=torch.float64) / 2 - one.tril(), one[0].clone()


def legt(order: int) -> System:
    """A (N, N) and B (N,) of Legendre polynomials over a window of length 1 (LMU, its paper's equations 1 and 2)."""
    i = torch.arange(order, dtype=torch.float64)[:, None]
    sign = (-1.0) ** (i - i.t() + 1)
    scale = 2 * i + 1
    return scale * torch.where(i < i.t(), -1.0, sign), (scale * (-1.0) ** i)[:, 0]


def zero_order_hold(A: Tensor, B: Tensor, dt: float) -> System:
    """A' and B' of c <- A' c + B' u, exact where u stays constant for ``dt``."""
    order = len(A)
    joint = A.new_zeros(order + 1, order + 1)
    joint[:order, :order], joint[:order, order] = A, B
    held = torch.linalg.matrix_exp(dt * joint)
    return held[:order, :order].contiguous(), held[:order, order].contiguous()


def discrete(system: Callable[[int], System], order: int, dt: float) -> System:
    """A' and B' of ``system`` by zero-order hold, with torch's default dtype and device."""
    device = torch.get_default_device()
    if device.type == "meta":  # only sizes are asked for
        return torch.empty(order, order), torch.empty(order)
    A, B = _held(system, order, dt)
    kind = torch.get_default_dtype()
    return A.to(device, kind, copy=True), B.to(device, kind, copy=True)


@cache
def _held(system: Callable[[int], System], order: int, dt: float) -> System:
    with torch.device("cpu"):
        return zero_order_hold(*system(order), dt)
