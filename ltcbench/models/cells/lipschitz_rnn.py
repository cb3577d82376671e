"""Lipschitz RNN (Erichson et al. 2021, arXiv 2006.12070).

    A = beta (M_A - M_A^T) + (1 - beta) (M_A + M_A^T) - gamma I,    W likewise from M_W
    h <- h + dt (A h + tanh(W h + U x + b))

Symbols:
    - h: state.
    - `M_A`, `M_W`: the free matrices behind A and W.
    - `U`: U and b.
    - dt, beta, gamma: options, not trained; dt is the paper's epsilon.

Deviations:
    - The paper has a beta and a gamma for each of A and W; as in the code (models.py) they share one.
    - As in the code: M ~ N(0, (init_std / H)^2), U Glorot-normal, b zero; options as in driver.py. The code multiplies
      h by A and W from the left, which only turns the sign of the antisymmetric parts.
    - Without a notion of time: each step is dt, whatever time has passed.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.options import NOT_NEGATIVE, POSITIVE, SHARE, real


class LipschitzRNN(Cell):
    """Lipschitz RNN cell; the state is (h,).

    Args:
        input_size: F.
        hidden_size: H.
        dt: length of a step.
        beta: share of the antisymmetric part, 0 to 1.
        gamma: damping.
        init_std: H times the standard deviation of the first M_A and M_W.

    Raises:
        UserError: an option is out of range.
    """

    uses_elapsed = False

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        dt: float = 0.05,
        beta: float = 0.7,
        gamma: float = 0.001,
        init_std: float = 6.0,
    ) -> None:
        super().__init__(input_size, hidden_size)
        real("dt", dt, POSITIVE)
        real("beta", beta, SHARE)
        real("gamma", gamma, NOT_NEGATIVE)
        real("init_std", init_std, POSITIVE)
        self.dt, self.beta, self.gamma = dt, beta, gamma
        self.M_A = nn.Parameter(torch.randn(hidden_size, hidden_size) * init_std / hidden_size)
        self.M_W = nn.Parameter(torch.randn(hidden_size, hidden_size) * init_std / hidden_size)
        self.U = nn.Linear(input_size, hidden_size)
        nn.init.xavier_normal_(self.U.weight)
        nn.init.zeros_(self.U.bias)

    def drive(self, x: Tensor) -> Drive:
        """U x + b, (T, B, H)."""
        return (self.U(x),)

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        """One step; ``elapsed`` is ignored."""
        (h,) = state
        return (h + self.dt * (F.linear(h, self.A) + torch.tanh(F.linear(h, self.W) + drive[0])),)

    @property
    def A(self) -> Tensor:
        """A of the equation, (H, H)."""
        return self._matrix(self.M_A)

    @property
    def W(self) -> Tensor:
        """W of the equation, (H, H)."""
        return self._matrix(self.M_W)

    def _matrix(self, M: Tensor) -> Tensor:
        """A or W of its M (H, H): beta (M - M^T) + (1 - beta) (M + M^T) = M + (1 - 2 beta) M^T."""
        return M + (1 - 2 * self.beta) * M.t() - self.gamma * torch.eye(len(M), dtype=M.dtype, device=M.device)
