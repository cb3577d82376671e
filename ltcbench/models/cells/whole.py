"""Cells that see a sequence as a set of observations (time, feature, value) and give one output for the whole of it."""

import torch
from torch import Tensor

from ltcbench.models.cells import past
from ltcbench.models.cells.cell import Cell, State


class WholeCell(Cell):
    """Base of cells that summarise a whole sequence; the state is the past, see ``past``.

    Args:
        input_size: F.
        hidden_size: H.
        masked: whether the inputs hold a feature mask, see ``Cell``. Without one, all features of a step that counts
            are observed.

    Attributes:
        span: time at the end of the longest training sequence; 1 until ``calibrate_`` sets it.
    """

    at_once = True
    takes_mask = True
    whole = True
    span: Tensor

    def __init__(self, input_size: int, hidden_size: int, masked: bool = False) -> None:
        super().__init__(input_size, hidden_size)
        self.masked = masked
        self.register_buffer("span", torch.ones(()))

    def calibrate_(self, mean: Tensor | None, span: Tensor) -> None:
        """Set the longest time."""
        self.span.copy_(torch.where(span == 0, 1.0, span))

    def initial_state(self, batch: int, like: Tensor) -> State:
        """An empty past."""
        return past.empty(batch, (1 + self.masked) * self.input_size, like)

    def sequence(self, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None) -> tuple[Tensor, State]:
        """The output (1, B, output_size) for everything up to the last step, and the past."""
        state = past.extended(state, x, elapsed, mask)
        return self.summary(*self.observations(state)).unsqueeze(0), state

    def observations(self, state: State) -> tuple[Tensor, Tensor, Tensor]:
        """Values (B, P, F), 1 where they are observed (B, P, F), and times (B, P)."""
        x, times, counts = state
        if not self.masked:
            return x, counts.unsqueeze(2).expand_as(x), times
        values, observed = x.chunk(2, dim=2)
        return values, observed * counts.unsqueeze(2), times

    def summary(self, x: Tensor, m: Tensor, t: Tensor) -> Tensor:
        """The output (B, output_size); arguments as ``observations`` gives them."""
        raise NotImplementedError
