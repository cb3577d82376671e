"""RNN whose state decays with the elapsed time t ("RNN-Decay").

    flavour ode_lstm    h <- W_o tanh(W_x x + W_h h + b) + b_o - t tau
    flavour latent_ode  h <- GRU(x, h exp(-max(0, w t + b)))

Symbols:
    - h: state.
    - `layer`, `out`, `tau`: W_x, W_h, b; W_o, b_o; tau, one for each unit, first value 0.1. Only in flavour ode_lstm.
    - `gru`, `rate`: see gru; w and b. Only in flavour latent_ode.

Deviations:
    - flavour ode_lstm is the "Vanilla RNN" of node_cell.py of the ODE-LSTM code, whose numbers stand as RNN-Decay in
      the CfC paper's tables on XOR and Walker2D: nothing decays exponentially, t tau is subtracted from the state.
    - flavour latent_ode stands for the rows quoted from Rubanova et al. 2019 (person, PhysioNet). Their rate depends on
      the time since each feature's last observation, divided by the largest of the batch; here on t. First values
      N(0, 0.1^2) for w and 0 for b, torch's for the GRU, as in their code.
    - ``union_times``: in their code t is the time to the next moment that any series of the batch has, for a batch runs
      on the union of the times of its series (off unless a table that quotes them turns it on).
"""

import torch
from torch import Tensor, nn

from ltcbench.models.cells.affine import Affine, Dense
from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.cells.gru import GRU
from ltcbench.models.options import choice, of_flavour

FLAVOURS = ("ode_lstm", "latent_ode")


class RNNDecay(Cell):
    """RNN-Decay cell; the state is (h,).

    Args:
        input_size: F.
        hidden_size: H.
        flavour: ``ode_lstm`` or ``latent_ode``.
        union_times: as in the code of Rubanova et al., see ``ltcbench.models.times.retimed``.

    Raises:
        UserError: unknown flavour, or a switch that it does not have.
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, flavour: str = "ode_lstm", union_times: bool = False
    ) -> None:
        super().__init__(input_size, hidden_size)
        choice("flavour", flavour, FLAVOURS)
        of_flavour("union_times", union_times, flavour, "latent_ode")
        self.union_times = union_times
        self.subtracts = flavour == "ode_lstm"
        if self.subtracts:
            self.layer = Affine(input_size, hidden_size, hidden_size, init="dense")
            self.out = Dense(hidden_size, hidden_size)
            self.tau = nn.Parameter(torch.full((hidden_size,), 0.1))
        else:
            self.gru = GRU(input_size, hidden_size, init="torch")
            self.rate = nn.Linear(1, 1)
            nn.init.normal_(self.rate.weight, std=0.1)
            nn.init.zeros_(self.rate.bias)

    def drive(self, x: Tensor) -> Drive:
        """The inputs' part, (T, B, H) or of the GRU's gates (T, B, 3 H)."""
        return (self.layer.of_x(x),) if self.subtracts else self.gru.drive(x)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step, ``elapsed`` (B, 1) after the previous one."""
        if self.subtracts:
            return (self.out(torch.tanh(self.layer(drive[0], state[0]))) - elapsed * self.tau,)
        return (self.gru.update(drive[0], state[0] * torch.exp(-torch.relu(self.rate(elapsed)))),)
