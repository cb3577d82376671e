"""RNN with an orthogonal recurrent matrix (expRNN; Lezcano-Casado and Martinez-Rubio 2019, arXiv 1901.08428).

    h <- modrelu(W x + h Q),   modrelu(z) = sign(z) max(0, |z| + b)
    Q = exp(S),   S = A - A^T with A above the diagonal

Symbols:
    - h: state.
    - `W`: W, in flavour hippo with a bias; `b`: b.
    - `A`: a matrix of which only the part above the diagonal counts; its learning rate is a tenth of the trainer's.

Deviations:
    - The authors' code by default moves the point around which Q is parametrised every hundred updates; it stays the
      identity here, as in the paper.
    - First values: S has 2 x 2 blocks on its diagonal, of s = -sqrt((1 - cos a) / (1 + cos a)) with a ~ U(0, pi/2)
      (``cayley``, the authors' default) or s ~ U(-pi, pi) (``henaff``).
    - ``flavour`` paper: W Kaiming-normal, b ~ U(-0.01, 0.01); hippo, as in the HiPPO authors' code: W Xavier-normal, b
      zero.
"""

import math

import torch
from torch import Tensor, nn

from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.options import choice

FLAVOURS = ("paper", "hippo")
STARTS = ("cayley", "henaff")


def modrelu(z: Tensor, b: Tensor) -> Tensor:
    """sign(z) max(0, |z| + b)."""
    return torch.sign(z) * torch.relu(z.abs() + b)


class ExpRNN(Cell):
    """expRNN cell; the state is (h,).

    Args:
        input_size: F.
        hidden_size: H.
        flavour: first values and bias of W, see above.
        start: how S is drawn, see above.

    Raises:
        UserError: an option is unknown.
    """

    uses_elapsed = False
    rates = {"A": 0.1}  # noqa: RUF012

    def __init__(self, input_size: int, hidden_size: int, *, flavour: str = "paper", start: str = "cayley") -> None:
        super().__init__(input_size, hidden_size)
        choice("flavour", flavour, FLAVOURS)
        choice("start", start, STARTS)
        hippo = flavour == "hippo"
        self.W = nn.Linear(input_size, hidden_size, bias=hippo)
        if hippo:
            nn.init.xavier_normal_(self.W.weight)
        else:
            nn.init.kaiming_normal_(self.W.weight, nonlinearity="relu")
        self.b = nn.Parameter(torch.zeros(hidden_size) if hippo else torch.empty(hidden_size).uniform_(-0.01, 0.01))
        blocks = torch.empty(hidden_size // 2)
        if start == "cayley":
            cos = torch.cos(blocks.uniform_(0, math.pi / 2))
            blocks = -torch.sqrt((1 - cos) / (1 + cos))
        else:
            blocks.uniform_(-math.pi, math.pi)
        A = torch.zeros(hidden_size, hidden_size)
        first = torch.arange(0, 2 * len(blocks), 2)
        A[first, first + 1] = blocks
        self.A = nn.Parameter(A)

    def orthogonal(self) -> Tensor:
        """Q (H, H)."""
        upper = self.A.triu(1)
        Q: Tensor = torch.linalg.matrix_exp(upper - upper.t())
        return Q

    def drive(self, x: Tensor) -> Drive:
        """W x, (T, B, H)."""
        return (self.W(x),)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step; ``elapsed`` is ignored."""
        return (modrelu(drive[0] + state[0] @ self.orthogonal(), self.b),)
