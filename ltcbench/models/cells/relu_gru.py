"""Gated recurrent unit with a rectifier in place of tanh (Dey and Salem 2017, arXiv 1701.05923).

    z, r = sigmoid(W_x x + W_h h + b)
    n = relu(W_x x + W_h (r * h) + b)
    h <- (1 - z) * h + z * n

Symbols:
    - h: state.
    - `gates`: W_x, W_h and b of r, z, n, in this order.

Deviations:
    - The paper is about three variants with fewer parameters in the gates; whether one of them or the full form gave
      the number that others quote is not known. This is the full form.
    - First values as in Keras: W_x Glorot-uniform, W_h orthogonal over the joint shape of the three, b zero.
    - h has no bound.
"""

import torch
from torch import Tensor

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.cells.gru_ode import reset_before


class ReLUGRU(Cell):
    """GRU cell with a rectifier; the state is (h,)."""

    uses_elapsed = False

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.gates = Affine(input_size, hidden_size, 3 * hidden_size)

    def drive(self, x: Tensor) -> Drive:
        """The inputs' part of r, z and n, (T, B, 3 H)."""
        return (self.gates.of_x(x),)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step; ``elapsed`` is ignored."""
        (h,) = state
        z, n = reset_before(self.gates, drive[0], h, torch.relu)
        return (h + z * (n - h),)
