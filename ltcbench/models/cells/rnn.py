"""Plain recurrent network (Elman 1990).

    h <- tanh(W_x x + W_h h + b)

Symbols:
    - h: state.
    - `layer`: W_x, W_h and b.

Deviations:
    - First values as in Keras: W_x Glorot-uniform, W_h orthogonal, b zero.
"""

import torch
from torch import Tensor

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.cell import Cell, Drive, State


class RNN(Cell):
    """Plain recurrent cell; the state is (h,)."""

    uses_elapsed = False

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.layer = Affine(input_size, hidden_size, hidden_size)

    def drive(self, x: Tensor) -> Drive:
        """The inputs' part, (T, B, H)."""
        return (self.layer.of_x(x),)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step; ``elapsed`` is ignored."""
        return (torch.tanh(self.layer(drive[0], state[0])),)
