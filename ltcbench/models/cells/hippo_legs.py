"""HiPPO-LegS: a gated cell whose memory holds the Legendre coefficients of the past (Gu et al. 2020, arXiv 2008.07669).

    u = w_u [x, h] + b_u
    c <- (u, 0, .., 0)                                                    at the first step
    c <- (I - A/2k)^-1 [(I + A/2k) c + (B/k) u]                           at the k-th step after it
    h <- (1 - g) h + g tanh(W [x, c] + b),                                g = sigmoid(W_g [x, c] + b_g)

    A_nm = -sqrt((2n+1)(2m+1)) for m < n, -(n+1) for m = n, 0 above;      B_n = sqrt(2n+1)

c describes the whole past evenly, stretched to its length, so there is no step size.

Symbols:
    - h, c, k: state, output, memory of order N = H, and the steps before; u is a scalar.
    - `weight_x`: the columns of w_u, W and W_g that belong to x, in this order; `bias`: b_u, b and b_g.
    - `weight_h`: the columns of w_u that belong to h; `weight_c`: those of W and W_g that belong to c.

Deviations:
    - As in the authors' code k stops at ``max_length``: from there on the memory forgets exponentially.
    - The code looks up precomputed matrices, N^2 numbers a step. Here the triangular system is solved in N log N
      operations, below its diagonal A being an outer product; each sequence of a batch has a k of its own.
    - First values as in the code: w_u Kaiming-uniform, W Xavier-normal for x and c apart, W_g Kaiming-normal.
    - Without a notion of time: every step counts as one.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.hippo import HiPPO
from ltcbench.models.options import whole
from ltcbench.values import Range

LENGTH = Range(1, 10**6)


def _solved(y: Tensor, s: Tensor, n: Tensor) -> Tensor:
    """The x with (I - s A) x = y, for rows y (B, N) and s (B, 1); with the degrees n (N,) falling, of A transposed.

    With r = sqrt(2n+1) the sums S_n = sum of r_m x_m over m <= n follow S_n = a_n S_n-1 + b_n, where |a| < 1.
    """
    r, scale = torch.sqrt(2 * n + 1), 1 / (1 + s * (n + 1))
    a, S = (1 - s * n) * scale, r * y * scale
    reach = 1
    while reach < len(n):  # each S holds the terms of ``reach`` degrees; before the first there is nothing
        S = torch.addcmul(S, a, F.pad(S, (reach, -reach)))
        a = a * F.pad(a, (reach, -reach))
        reach *= 2
    return (y - s * r * F.pad(S, (1, -1))) * scale


class Resolvent(torch.autograd.Function):
    """(I - s A)^-1 y, its backward pass the transposed system: nothing of the solution's course is kept."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, s: Tensor) -> Tensor:
        """For rows y (B, N) and s (B, 1), which has no gradient."""
        ctx.save_for_backward(s)
        return _solved(y, s, torch.arange(y.shape[1], dtype=y.dtype, device=y.device))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """The gradient with respect to y."""
        (s,) = ctx.saved_tensors
        n = torch.arange(gradient.shape[1] - 1, -1, -1, dtype=gradient.dtype, device=gradient.device)
        return _solved(gradient.flip(1), s, n).flip(1), None


class HiPPOLegS(HiPPO):
    """HiPPO-LegS cell; the state is (h, c, k).

    Args:
        input_size: F.
        hidden_size: H, also the order of the memory.
        max_length: the largest k.

    Raises:
        UserError: the option is out of range.
    """

    def __init__(self, input_size: int, hidden_size: int, *, max_length: int = 1024) -> None:
        super().__init__(input_size, hidden_size)
        whole("max_length", max_length, LENGTH)
        self.max_length = max_length

    def initial_state(self, batch: int, like: Tensor) -> State:
        """Zeros: h and c (B, H), and the steps taken (B, 1)."""
        return *super().initial_state(batch, like), like.new_zeros(batch, 1)

    def remember(self, u: Tensor, memory: State) -> State:
        """The next c and k; (I + A/2k) c is 2 c - (I - A/2k) c, so that one system is solved."""
        c, k = memory
        s = 0.5 / k.clamp(1, self.max_length)
        r = torch.sqrt(2 * torch.arange(c.shape[1], dtype=c.dtype, device=c.device) + 1)
        further = Resolvent.apply(2 * c + 2 * s * u * r, s) - c  # type: ignore[no-untyped-call]
        return torch.where(k > 0, further, F.pad(u, (0, c.shape[1] - 1))), k + 1
