"""Phased LSTM (Neil et al. 2016, arXiv 1610.09513): an LSTM that a time gate k opens and shuts.

    phi = ((t - s) mod tau) / tau
    k = 2 phi / r_on               if phi < r_on / 2,
        2 - 2 phi / r_on           if r_on / 2 <= phi < r_on,
        alpha phi                  otherwise
    h_tilde, c_tilde = LSTM(x; h, c)
    c <- k c_tilde + (1 - k) c,   h <- k h_tilde + (1 - k) h

Symbols:
    - h, c: state, output and memory; t: in flavour paper the time since the sequence began, also part of the state.
    - `gates`: the LSTM's W_x, W_h and b, see lstm.
    - `tau`, `s`, `r_on`: period, shift and share of the period during which the gate is open.
    - alpha: the leak while it is shut, 0.001.

Deviations:
    - flavour paper: a tau, s and r_on for each unit, first values exp(U(0, 3)), U(0, tau) and 0.05 (r_on not trained);
      no leak in evaluation; forget bias 0; without the peepholes, which the paper calls optional.
    - flavour ode_lstm (node_cell.py of the ODE-LSTM code, whose numbers the CfC paper's tables on XOR and Walker2D
      hold): one tau, s and r_on for all units, softplus of a parameter that starts at 0; t is the step's elapsed time
      instead of the time; the gate opens as 2 phi r_on instead of 2 phi / r_on and leaks in evaluation too; forget
      bias 1.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.cells.lstm import remember
from ltcbench.models.options import choice

ALPHA = 0.001
FLAVOURS = ("ode_lstm", "paper")


class PhasedLSTM(Cell):
    """Phased LSTM cell; the state is (h, c), in flavour paper (h, c, t).

    Args:
        input_size: F.
        hidden_size: H.
        flavour: ``ode_lstm`` or ``paper``.

    Raises:
        UserError: unknown flavour.
    """

    def __init__(self, input_size: int, hidden_size: int, *, flavour: str = "ode_lstm") -> None:
        super().__init__(input_size, hidden_size)
        choice("flavour", flavour, FLAVOURS)
        self.paper = flavour == "paper"
        self.forget_bias = 0.0 if self.paper else 1.0
        self.gates = Affine(input_size, hidden_size, 4 * hidden_size)
        if self.paper:
            tau = torch.exp(torch.empty(hidden_size).uniform_(0, 3))
            self.tau, self.s = nn.Parameter(tau), nn.Parameter(torch.rand(hidden_size) * tau)
            self.r_on = nn.Parameter(torch.full((hidden_size,), 0.05), requires_grad=False)
        else:
            self.tau, self.s, self.r_on = (nn.Parameter(torch.zeros(1)) for _ in range(3))

    def initial_state(self, batch: int, like: Tensor) -> State:
        """Two zero tensors (B, H), in flavour paper also the time (B, 1)."""
        zero = like.new_zeros(batch, self.hidden_size)
        return (zero, zero, like.new_zeros(batch, 1)) if self.paper else (zero, zero)

    def drive(self, x: Tensor) -> Drive:
        """The inputs' part of the gates, (T, B, 4 H)."""
        return (self.gates.of_x(x),)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step, ``elapsed`` (B, 1) after the previous one."""
        h, c, *time = state
        now = tuple(t + elapsed for t in time)
        k = self.openness(now[0] if self.paper else elapsed)
        h_tilde, c_tilde = remember(self.gates(drive[0], h), c, self.forget_bias)
        return (h + k * (h_tilde - h), c + k * (c_tilde - c), *now)

    def openness(self, t: Tensor) -> Tensor:
        """The gate k (B, H or 1) at the time t (B, 1)."""
        tau, s, r_on = (value.view(-1) for value in (self.tau, self.s, self.r_on))
        if not self.paper:
            tau, s, r_on = F.softplus(tau), F.softplus(s), F.softplus(r_on)
        phi = torch.remainder(t - s, tau) / tau
        opening = 2 * phi / r_on if self.paper else 2 * phi * r_on
        leak = 0.0 if self.paper and not self.training else ALPHA
        return torch.where(phi < r_on / 2, opening, torch.where(phi < r_on, 2 - 2 * phi / r_on, leak * phi))
