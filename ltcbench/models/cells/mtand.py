"""Multi-time attention network, encoder form (mTAND-Enc; Shukla and Marlin 2021, arXiv 2101.10318).

    phi(t) = [w_0 t + a_0, sin(w_i t + a_i)],   e(r, t) = (W_q phi(r) + b_q) . (W_k phi(t) + b_k) / sqrt(width)
    z(r)_d = sum of exp(e(r, t)) x_d(t) / sum of exp(e(r, t)),     both over the times t at which d was observed
    y = GRU over r_1, .., r_K of W [z, s] + b                      s_d = 1 if d was observed at all, else 0

t is the time since the sequence began, in units of the longest training sequence; r_k are K times from 0 to 1. The
output is the GRU's last state, which two ReLU layers follow before the read-out. With ``causal_ok`` the r_k are the
times of the steps themselves, with an output at each of them and a linear read-out: every output looks at later steps
too, so the model is not causal.

Symbols:
    - `embed`: w_0, a_0 and w_i, a_i; `attend`: W_q and b_q in `query`, W_k and
      b_k in `key`, W and b in `out`.
    - `gru`: torch's GRU.
    - `span`: duration of the longest training sequence, not trained.

Deviations:
    - Over a feature that was never observed the code takes a mean of zeros, here the result is 0 too.
    - Softmax and mean are computed without a tensor of all channels, query times and times, see time_attention.
    - ``heads`` need not divide the width of the embedding: their greatest common divisor is taken.
"""

import math

import torch
from torch import Tensor, nn

from ltcbench.models.cells import past
from ltcbench.models.cells.cell import State
from ltcbench.models.cells.head import Head, perceptron
from ltcbench.models.cells.time_attention import TimeAttention, TimeEmbedding
from ltcbench.models.cells.whole import WholeCell
from ltcbench.models.options import SIZE, whole
from ltcbench.values import Range

EMBEDDING = Range(2, 2048)
POINTS = Range(1, 10**4)


class MTAND(WholeCell):
    """Encoder of mTAND; the state is the past.

    Args:
        input_size: F.
        hidden_size: H, units of the GRU and width of what it reads.
        masked: see ``WholeCell``.
        reference_points: K.
        time_units: width of the embedding of a time.
        heads: number of attention heads.
        head_units: of the two ReLU layers before the read-out.
        causal_ok: whether to answer at every step, looking at later ones too.

    Raises:
        UserError: an option is out of range.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        masked: bool = False,
        *,
        reference_points: int = 128,
        time_units: int = 128,
        heads: int = 1,
        head_units: int = 300,
        causal_ok: bool = False,
    ) -> None:
        super().__init__(input_size, hidden_size, masked)
        whole("reference_points", reference_points, POINTS)
        whole("time_units", time_units, EMBEDDING)
        whole("heads", heads, SIZE)
        whole("head_units", head_units, SIZE)
        self.whole = not causal_ok
        self.reference_points, self.head_units = reference_points, head_units
        self.embed = TimeEmbedding(time_units)
        self.attend = TimeAttention(time_units, math.gcd(heads, time_units), 2 * input_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size)

    def head(self) -> Head:
        """Two ReLU layers, none where there is an answer at every step."""
        if not self.whole:
            return Head(self.output_size)
        return Head(self.head_units, *perceptron(self.output_size, (self.head_units, self.head_units)))

    def summary(self, x: Tensor, m: Tensor, t: Tensor) -> Tensor:
        """The GRU's last state (B, H)."""
        r = torch.linspace(0, 1, self.reference_points, dtype=t.dtype, device=t.device)
        z = self.attend(self.embed(r), self.embed(t / self.span), x, m)
        last: Tensor = self.gru(z.transpose(0, 1))[1][0]
        return last

    def sequence(self, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None) -> tuple[Tensor, State]:
        """As ``WholeCell``; with ``causal_ok`` outputs (T, B, H), the GRU passing over steps without observation."""
        if self.whole:
            return super().sequence(x, state, elapsed, mask)
        state = past.extended(state, x, elapsed, mask)
        values, m, t = self.observations(state)
        times = self.embed(t / self.span)
        z = self.attend(times, times, values, m)
        seen = m.any(2)
        order = (~seen).long().argsort(dim=1, stable=True)  # what was observed comes first
        y, _ = self.gru(z.gather(1, order.unsqueeze(2).expand_as(z)).transpose(0, 1))
        count = seen.cumsum(1)
        y = y.transpose(0, 1).gather(1, (count - 1).clamp(min=0).unsqueeze(2).expand_as(z))
        return (y * (count > 0).unsqueeze(2)).transpose(0, 1)[-len(x) :], state
