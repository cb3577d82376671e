"""Gated recurrent unit (Cho et al. 2014), in the form of torch.nn and Keras: the reset gate acts after the product.

    r, z = sigmoid(W_x x + W_h h + b)
    n = tanh(W_x x + b + r * (W_h h + b_n))
    h <- (1 - z) * n + z * h

Symbols:
    - h: state.
    - `gates`: W_x, W_h and b of r, z, n, in this order; `bias_n`: b_n.

Deviations:
    - Cho et al. write n = tanh(W_x x + W_h (r * h)); gru_d and gru_ode use that form.
    - First values as in Keras: W_x Glorot-uniform, W_h orthogonal over the joint shape of the three, b zero.
"""

import math

import torch
from torch import Tensor, nn

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.cell import Cell, Drive, State


class GRU(Cell):
    """GRU cell; the state is (h,).

    Args:
        input_size: F.
        hidden_size: H.
        further_inputs: number of inputs that are known only during a step.
        init: first values, see ``Affine``.
    """

    uses_elapsed = False

    def __init__(self, input_size: int, hidden_size: int, further_inputs: int = 0, init: str = "keras") -> None:
        super().__init__(input_size, hidden_size)
        self.gates = Affine(input_size + further_inputs, hidden_size, 3 * hidden_size, init=init)
        self.bias_n = nn.Parameter(torch.zeros(hidden_size))
        if init == "torch":
            nn.init.uniform_(self.bias_n, -1 / math.sqrt(hidden_size), 1 / math.sqrt(hidden_size))

    def drive(self, x: Tensor) -> Drive:
        """The inputs' part of r, z and n, (T, B, 3 H)."""
        return (self.gates.of_x(x),)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step; ``elapsed`` is ignored."""
        return (self.update(drive[0], state[0]),)

    def update(self, of_x: Tensor, h: Tensor, *further: Tensor) -> Tensor:
        """The next h (B, H), from the inputs' part (B, 3 H) and the further inputs, each (B, n)."""
        size = self.hidden_size
        of_x = self.gates.with_further(of_x, *further)
        of_h = h @ self.gates.weight_h.t()
        r, z = torch.sigmoid(of_x[:, : 2 * size] + of_h[:, : 2 * size]).chunk(2, dim=1)
        n = torch.tanh(of_x[:, 2 * size :] + r * (of_h[:, 2 * size :] + self.bias_n))
        return n + z * (h - n)
