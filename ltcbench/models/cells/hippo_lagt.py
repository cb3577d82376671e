"""HiPPO-LagT: a gated cell whose memory holds the Laguerre coefficients of the past (Gu et al. 2020, arXiv 2008.07669).

    u = w_u [x, h] + b_u
    c <- A' c + B' u                                       with dc/dt = A c + B u,  A = I/2 - tril(1),  B = 1
    h <- (1 - g) h + g tanh(W [x, c] + b),                 g = sigmoid(W_g [x, c] + b_g)

The past fades exponentially; A' and B' are exact for an input that stays constant over a step of length dt.

Symbols:
    - h, c: state, output and memory of order N = H; u is a scalar.
    - `weight_x`: the columns of w_u, W and W_g that belong to x, in this order; `bias`: b_u, b and b_g.
    - `weight_h`: the columns of w_u that belong to h; `weight_c`: those of W and W_g that belong to c.
    - dt: an option, not trained, as A' and B'.

Deviations:
    - As in the authors' code the diagonal of A is -1/2; the paper's is -1.
    - First values as in the code: w_u Kaiming-uniform, W Xavier-normal for x and c apart, W_g Kaiming-normal.
    - Without a notion of time: each step is dt, whatever time has passed.
"""

from torch import Tensor

from ltcbench.models.cells.cell import State
from ltcbench.models.cells.hippo import HiPPO
from ltcbench.models.cells.state_space import discrete, lagt
from ltcbench.models.options import POSITIVE, real


class HiPPOLagT(HiPPO):
    """HiPPO-LagT cell; the state is (h, c).

    Args:
        input_size: F.
        hidden_size: H, also the order of the memory.
        dt: length of a step.

    Raises:
        UserError: the option is out of range.
    """

    A: Tensor
    B: Tensor

    def __init__(self, input_size: int, hidden_size: int, *, dt: float = 0.01) -> None:
        super().__init__(input_size, hidden_size)
        real("dt", dt, POSITIVE)
        A, B = discrete(lagt, hidden_size, dt)
        self.register_buffer("A", A, persistent=False)
        self.register_buffer("B", B, persistent=False)

    def remember(self, u: Tensor, memory: State) -> State:
        """The next c, A' c + B' u."""
        return (memory[0] @ self.A.t() + u * self.B,)
