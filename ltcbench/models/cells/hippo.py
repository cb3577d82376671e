"""Gated recurrent cell with a polynomial memory (Gu et al. 2020, arXiv 2008.07669), what its two memories share."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ltcbench.models.cells.cell import Cell, Drive, State


class HiPPO(Cell):
    """HiPPO cell without its memory; the state is (h, c, ...), c the memory of order N = H.

    Args:
        input_size: F.
        hidden_size: H.
    """

    uses_elapsed = False

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        joint = input_size + hidden_size
        uniform, fan = math.sqrt(3 / joint), 1 / math.sqrt(joint)
        w_u = torch.empty(1, joint).uniform_(-uniform, uniform)
        W = [nn.init.xavier_normal_(torch.empty(hidden_size, width)) for width in (input_size, hidden_size)]
        W_g = torch.empty(hidden_size, joint).normal_(0, fan)
        self.weight_x = nn.Parameter(torch.cat([w_u[:, :input_size], W[0], W_g[:, :input_size]]))
        self.weight_h = nn.Parameter(w_u[:, input_size:].clone())
        self.weight_c = nn.Parameter(torch.cat([W[1], W_g[:, input_size:]]))
        self.bias = nn.Parameter(torch.empty(1 + 2 * hidden_size).uniform_(-fan, fan))

    def initial_state(self, batch: int, like: Tensor) -> State:
        """Two zero tensors (B, H)."""
        return like.new_zeros(batch, self.hidden_size), like.new_zeros(batch, self.hidden_size)

    def drive(self, x: Tensor) -> Drive:
        """The inputs' part of u, the candidate and the gate, (T, B, 1 + 2 H)."""
        return (F.linear(x, self.weight_x, self.bias),)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step; ``elapsed`` is ignored."""
        h, *memory = state
        of_x = drive[0]
        u = of_x[:, :1] + h @ self.weight_h.t()
        c, *counters = self.remember(u, tuple(memory))
        candidate, gate = torch.addmm(of_x[:, 1:], c, self.weight_c.t()).chunk(2, dim=1)
        return h + torch.sigmoid(gate) * (torch.tanh(candidate) - h), c, *counters

    def remember(self, u: Tensor, memory: State) -> State:
        """The memory, its first part c (B, N), after the scalar input u (B, 1)."""
        raise NotImplementedError
