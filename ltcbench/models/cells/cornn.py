"""Coupled oscillatory RNN (Rusch and Mishra 2021, arXiv 2010.00951).

    z <- z + dt (tanh(W y + W_z z + V x + b) - gamma y - epsilon z)
    y <- y + dt z

with y and z on the right taken before the step, but for z in the second line.

Symbols:
    - y, z: state, the oscillators' positions and velocities; the output is y.
    - `V`: V and b; `W`: [W, W_z].
    - dt, gamma, epsilon: options, not trained.

Deviations:
    - As the code for IMDB (IMDB/model.py): the damping -epsilon z is explicit too (the paper allows both); first values
      U(-1/sqrt(n), 1/sqrt(n)) with n inputs of V and of [W, W_z]; dt, gamma, epsilon as in IMDB_task.py.
    - Without a notion of time: each step is dt, whatever time has passed.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.options import POSITIVE, real


class CoRNN(Cell):
    """coRNN cell; the state is (y, z).

    Args:
        input_size: F.
        hidden_size: H.
        dt: length of a step.
        gamma, epsilon: frequency and damping of the oscillators.

    Raises:
        UserError: an option is out of range.
    """

    uses_elapsed = False

    def __init__(
        self, input_size: int, hidden_size: int, *, dt: float = 0.054, gamma: float = 4.9, epsilon: float = 4.8
    ) -> None:
        super().__init__(input_size, hidden_size)
        for name, value in (("dt", dt), ("gamma", gamma), ("epsilon", epsilon)):
            real(name, value, POSITIVE)
        self.dt, self.gamma, self.epsilon = dt, gamma, epsilon
        self.V = nn.Linear(input_size, hidden_size)
        bound = 1 / math.sqrt(2 * hidden_size)
        self.W = nn.Parameter(torch.empty(hidden_size, 2 * hidden_size).uniform_(-bound, bound))

    def initial_state(self, batch: int, like: Tensor) -> State:
        """Two zero tensors (B, H)."""
        return like.new_zeros(batch, self.hidden_size), like.new_zeros(batch, self.hidden_size)

    def drive(self, x: Tensor) -> Drive:
        """V x + b, (T, B, H)."""
        return (self.V(x),)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step; ``elapsed`` is ignored."""
        y, z = state
        force = torch.tanh(F.linear(torch.cat([y, z], dim=1), self.W) + drive[0])
        z = z + self.dt * (force - self.gamma * y - self.epsilon * z)
        return y + self.dt * z, z
