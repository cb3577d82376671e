"""CfC with mixed memory: an LSTM beside a gated CfC (CfC paper, arXiv 2106.13898, "CfC-mmRNN").

    flavour torch  m, c <- LSTM(x; h, c),   h <- CfC(x; m)    both read the input, the CfC starts from the LSTM's output
    flavour tf     m, c <- LSTM(x; h, c),   h <- CfC(m; h)    the LSTM feeds the CfC

Symbols:
    - h, c: state, the CfC's state and the LSTM's memory.
    - `gates`: the LSTM's W_x, W_h and b, see lstm.
    - `cfc`: the gated CfC, see cfc.

Deviations:
    - The paper does not say how the two are wired; the authors' two implementations do it differently.
    - Of their TensorFlow code: without time stamps (IMDB) the elapsed time of this cell is 0, of the plain ones 1. Here
      it is what the caller gives, 1 if nothing.
    - First values: W_x Glorot-uniform, W_h orthogonal; b zero in flavour tf, U(-0.1, 0.1) in flavour torch.
"""

from collections.abc import Iterable

from torch import Tensor, nn

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.cells.cfc import CfC
from ltcbench.models.cells.lstm import remember
from ltcbench.models.options import BIAS, real


class MixedCfC(Cell):
    """CfC cell with an LSTM's memory; the state is (h, c).

    Args:
        input_size: F.
        hidden_size: H.
        forget_bias: of the LSTM.
        others: as of ``CfC``.

    Raises:
        UserError: an option is out of range.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        backbone_units: int = 128,
        backbone_layers: int = 1,
        backbone_activation: str = "lecun_tanh",
        backbone_dropout: float = 0.0,
        flavour: str = "torch",
        gain: float = 1.0,
        forget_bias: float = 1.0,
    ) -> None:
        super().__init__(input_size, hidden_size)
        real("forget_bias", forget_bias, BIAS)
        self.forget_bias = forget_bias
        self.cfc = CfC(
            hidden_size if flavour == "tf" else input_size,
            hidden_size,
            backbone_units=backbone_units,
            backbone_layers=backbone_layers,
            backbone_activation=backbone_activation,
            backbone_dropout=backbone_dropout,
            flavour=flavour,
            gain=gain,
        )
        self.gates = Affine(input_size, hidden_size, 4 * hidden_size)
        if flavour == "torch":
            nn.init.uniform_(self.gates.bias, -0.1, 0.1)

    def initial_state(self, batch: int, like: Tensor) -> State:
        """Two zero tensors (B, H)."""
        return like.new_zeros(batch, self.hidden_size), like.new_zeros(batch, self.hidden_size)

    def drive(self, x: Tensor) -> Drive:
        """The inputs' parts of the LSTM's gates (T, B, 4 H) and, in flavour torch, of the CfC."""
        return (self.gates.of_x(x), *(() if self.cfc.tf else self.cfc.drive(x)))

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step over ``elapsed`` (B, 1)."""
        h, c = state
        m, c = remember(self.gates(drive[0], h), c, self.forget_bias)
        if self.cfc.tf:
            (h,) = self.cfc.step((h,), self.cfc.drive(m), elapsed)
        else:
            (h,) = self.cfc.step((m,), drive[1:], elapsed)
        return h, c

    def kernels(self) -> Iterable[Tensor]:
        """Weights of the CfC, not of the LSTM (as in the authors' code)."""
        return self.cfc.kernels()
