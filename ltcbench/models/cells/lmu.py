"""Legendre Memory Unit (Voelker et al. 2019, Legendre Memory Units: continuous-time representation in RNNs).

    u = e_x x + e_h h + e_m c
    c <- A' c + B' u                          the last theta steps of u, as N Legendre coefficients
    h <- tanh(W_x x + W_h h + W_m c)
    h <- (1 - g) h + g tanh(..),              g = sigmoid(W_g [x, h, c] + b_g)      in place of it, if ``gated``

    dc/dt = (A c + B u) / theta,  A_ij = (2i+1) (-1 if i < j else (-1)^(i-j+1)),  B_i = (2i+1) (-1)^i

Symbols:
    - h, c: state, output and memory; u is a scalar.
    - `e_x`, `e_h`, `e_m`, `W_x`, `W_h`, `W_m`: as in the equations; `W_g`: W_g and b_g, only if ``gated``.
    - theta, N: options, not trained, as A' and B', which are exact for an input that stays constant over a step.

Deviations:
    - First values as in the authors' notebook: e_x one, W_m Glorot-normal, all others zero.
    - ``gated`` is the form that the HiPPO paper compares with, W_g Kaiming-normal.
    - Without a notion of time: every step counts as one.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.cells.state_space import discrete, legt
from ltcbench.models.options import real, whole
from ltcbench.values import Range

ORDER = Range(1, 512)  # the exponential of its matrix is computed before a training
WINDOW = Range(1, 10**6)


class LMU(Cell):
    """Legendre memory unit; the state is (h, c).

    Args:
        input_size: F.
        hidden_size: H.
        order: N, number of Legendre polynomials; None: H.
        theta: length of the window in steps.
        gated: whether h is updated through a gate.

    Raises:
        UserError: an option is out of range.
    """

    uses_elapsed = False
    A: Tensor
    B: Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        order: int | None = None,
        theta: float = 100.0,
        gated: bool = False,
    ) -> None:
        super().__init__(input_size, hidden_size)
        if order is not None:
            whole("order", order, ORDER)
        real("theta", theta, WINDOW)
        order = hidden_size if order is None else order
        self.e_x = nn.Parameter(torch.ones(1, input_size))
        self.e_h = nn.Parameter(torch.zeros(1, hidden_size))
        self.e_m = nn.Parameter(torch.zeros(1, order))
        self.W_x = nn.Parameter(torch.zeros(hidden_size, input_size))
        self.W_h = nn.Parameter(torch.zeros(hidden_size, hidden_size))
        self.W_m = nn.Parameter(nn.init.xavier_normal_(torch.empty(hidden_size, order)))
        self.W_g: nn.Linear | None = None
        if gated:
            self.W_g = nn.Linear(input_size + hidden_size + order, hidden_size)
            nn.init.kaiming_normal_(self.W_g.weight, nonlinearity="linear")
        A, B = discrete(legt, order, 1 / theta)
        self.register_buffer("A", A, persistent=False)
        self.register_buffer("B", B, persistent=False)

    def initial_state(self, batch: int, like: Tensor) -> State:
        """Zeros, h (B, H) and c (B, N)."""
        return like.new_zeros(batch, self.hidden_size), like.new_zeros(batch, self.e_m.shape[1])

    def drive(self, x: Tensor) -> Drive:
        """The inputs' parts of u (T, B, 1) and h (T, B, H), and of the gate if there is one."""
        of_x = F.linear(x, self.e_x), F.linear(x, self.W_x)
        if self.W_g is None:
            return of_x
        return *of_x, F.linear(x, self.W_g.weight[:, : self.input_size], self.W_g.bias)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step; ``elapsed`` is ignored."""
        h, c = state
        u = drive[0] + h @ self.e_h.t() + c @ self.e_m.t()
        c = c @ self.A.t() + u * self.B
        new = torch.tanh(drive[1] + h @ self.W_h.t() + c @ self.W_m.t())
        if self.W_g is not None:
            of_state = torch.cat([h, c], dim=1) @ self.W_g.weight[:, self.input_size :].t()
            new = h + torch.sigmoid(drive[2] + of_state) * (new - h)
        return new, c
