"""Transformer encoder (Vaswani et al. 2017, arXiv 1706.03762) with an encoding of the time in place of the position.

    u = E x + b + PE(t),   PE_2i(t) = sin(t / 10000^(2i/H)),   PE_2i+1(t) = cos(t / 10000^(2i/H))
    u <- LayerNorm(u + Attention(u)),   u <- LayerNorm(u + W_2 relu(W_1 u + b_1) + b_2)    in each layer

t is the time since the sequence began, the sum of the elapsed times. Each step attends to itself and the steps before
it (there is a target at every step), so that a sequence can be cut anywhere: the state is the whole past.

Symbols:
    - `embed`: E and b; `layers`: the encoder layers, each with `attend` (the three projections), `out`, `norm1`,
      W_1 and W_2 in `widen` and `narrow`, `norm2`.

Deviations:
    - Vaswani et al. encode the position and attend in both directions. The CfC paper names a transformer on Walker2D
      without saying which; neither paper released one.
    - H need not be a multiple of ``heads``: their greatest common divisor is taken.
    - First values Glorot-uniform, biases zero. 2 layers are ours.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ltcbench.models.cells import past
from ltcbench.models.cells.affine import Dense
from ltcbench.models.cells.cell import Cell, State
from ltcbench.models.inputs import carry_forward
from ltcbench.models.options import DEPTH, DROPPED, SIZE, real, whole
from ltcbench.values import Range

WIDENING = Range(1, 1000)


class Layer(nn.Module):
    """One encoder layer, (B, T, H) -> (B, T, H)."""

    def __init__(self, size: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, nn.Dropout(dropout)
        self.attend = Dense(size, 3 * size)
        self.out = Dense(size, size)
        self.widen, self.narrow = Dense(size, feedforward), Dense(feedforward, size)
        self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)

    def forward(self, u: Tensor, visible: Tensor) -> Tensor:
        """``visible`` (B, 1, T, T) is True where a step (third axis) may look at another (last axis)."""
        query, key, value = self.attend(u).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        dropout = self.dropout.p if self.training else 0.0
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=visible, dropout_p=dropout)
        u = self.norm1(u + self.dropout(self.out(seen.transpose(1, 2).flatten(2))))
        hidden = self.dropout(torch.relu(self.widen(u)))
        return self.norm2(u + self.dropout(self.narrow(hidden)))  # type: ignore[no-any-return]


class Transformer(Cell):
    """Causal transformer; the state is the past: inputs (B, P, F), times (B, P), and 1 where a step counts (B, P).

    Args:
        input_size: F.
        hidden_size: H.
        layers: number of encoder layers.
        heads: number of attention heads.
        feedforward: width of the layers' hidden part, in multiples of H.
        dropout: share dropped in training.

    Raises:
        UserError: an option is out of range.
    """

    at_once = True

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        layers: int = 2,
        heads: int = 4,
        feedforward: int = 4,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(input_size, hidden_size)
        whole("layers", layers, DEPTH)
        whole("heads", heads, SIZE)
        whole("feedforward", feedforward, WIDENING)
        real("dropout", dropout, DROPPED)
        self.embed = Dense(input_size, hidden_size)
        heads = math.gcd(heads, hidden_size)
        self.layers = nn.ModuleList(
            Layer(hidden_size, heads, feedforward * hidden_size, dropout) for _ in range(layers)
        )
        self.dropout = nn.Dropout(dropout)

    def initial_state(self, batch: int, like: Tensor) -> State:
        """An empty past."""
        return past.empty(batch, self.input_size, like)

    def sequence(self, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None) -> tuple[Tensor, State]:
        """Outputs (T, B, H) of the inputs (T, B, F); steps outside the mask count neither as inputs nor as time."""
        state = past.extended(state, x, elapsed, mask)
        inputs, times, counts = state
        u = self.dropout(self.embed(inputs) + self._encoding(times))
        itself = torch.eye(u.shape[1], dtype=torch.bool, device=x.device)
        visible = (counts.bool()[:, None, :] & torch.ones_like(itself).tril()) | itself
        for layer in self.layers:
            u = layer(u, visible[:, None])
        shown = carry_forward(u.transpose(0, 1), counts.t().bool()[:, :, None], torch.zeros_like(u[:, 0]))
        return shown[-len(x) :], state

    def _encoding(self, t: Tensor) -> Tensor:
        """PE (B, T, H) of the times (B, T)."""
        even = torch.arange(0, self.hidden_size, 2, dtype=t.dtype, device=t.device)
        phase = t[..., None] * torch.exp(even * (-math.log(10000) / self.hidden_size))  # (B, T, H/2 rounded up)
        return torch.stack([torch.sin(phase), torch.cos(phase)], dim=-1).flatten(2)[..., : self.hidden_size]
