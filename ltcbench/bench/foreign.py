"""A rival in place of our cell, so that our training loop trains it."""

from torch import Tensor

from ltcbench.bench.rivals import Rival
from ltcbench.models.cells.cell import Cell, State


class Foreign(Cell):
    """A rival as a cell, for our training loop.

    Args:
        rival: the rival.
        cell: our cell that it stands for.
    """

    at_once = True

    def __init__(self, rival: Rival, cell: Cell) -> None:
        super().__init__(cell.input_size, cell.hidden_size)
        self.output_size = cell.output_size
        self.rival = rival.module

    def sequence(self, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None) -> tuple[Tensor, State]:
        """All outputs (T, B, H), from zero states; mask and elapsed times are not for it."""
        y: Tensor = self.rival(x.transpose(0, 1))[0]
        return y.transpose(0, 1), state

    def project_(self) -> None:
        """As ncps' users have to do by hand."""
        constrain = getattr(getattr(self.rival, "rnn_cell", None), "apply_weight_constraints", None)
        if constrain:
            constrain()
