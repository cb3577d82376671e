"""Set functions for time series (SeFT-Attn; Horn et al. 2020, arXiv 1909.12064).

    s = [PE(t), x_d(t), one-hot d]                                   for every observation of a feature d at a time t
    PE(t) = sin(t / tau_i), cos(t / tau_i),   tau_i = longest^(i / (P/2 - 1)),   i = 0 .. P/2 - 1
    a_k = softmax over the set of q_k . (W_k s) / sqrt(128)          in each head k
    y = [sum of a_1 phi(s), sum of a_2 phi(s), ..]                   phi: layers of ReLU units

t is the time since the sequence began. The layers rho, of ReLU units, follow before the read-out.

Symbols:
    - `phi`: the layers of phi, the first in `first`; `W`: W_k, its rows in the order of the heads; `q`: q_k.
    - `span`: duration of the longest training sequence, of no use here.

Deviations:
    - The paper's key is W_k [s, g] with a summary g of the whole set from a network of its own, psi. As the key is
      linear and the query the same for all, g adds the same to the score of every observation, which the softmax takes
      away: psi has neither an effect nor a gradient, and is left out. W_k has its first values as with g.
    - The element that holds the static descriptors is left out: the tasks here have none apart.
    - As in the code q is zero at first, so that every head begins with the mean; hidden layers are He-uniform.
    - As in the code 1e-7 is added to the softmax's denominator.
"""

import math

import torch
from torch import Tensor, nn

from ltcbench.models.cells.head import Head, perceptron
from ltcbench.models.cells.whole import WholeCell
from ltcbench.models.options import DEPTH, DROPPED, POSITIVE, SIZE, real, whole
from ltcbench.values import Range

KEY = 128  # width of a head's key
SUMMARY = 128  # width of the summary g that the key would have beside the element
HEADS = Range(1, 100)
WAVES = Range(2, 500)


def he_(layers: nn.Module) -> None:
    """First values of linear layers, He-uniform, biases zero."""
    for layer in layers.modules():
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)


class SeFT(WholeCell):
    """SeFT with attention; the state is the past, the output (B, heads x H).

    Args:
        input_size: F.
        hidden_size: H, width of phi's last layer.
        masked: see ``WholeCell``.
        phi_layers, phi_units: hidden layers of phi before its last.
        rho_layers, rho_units: layers between the output and the read-out.
        heads: number of attention heads.
        waves: P / 2, number of wavelengths of the encoding of time.
        longest: the longest wavelength over 2 pi, in the unit of time.
        dropout: share dropped behind each hidden layer in training.
        attention_dropout: share of the observations that a head leaves out in training.

    Raises:
        UserError: an option is out of range.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        masked: bool = False,
        *,
        phi_layers: int = 3,
        phi_units: int = 32,
        rho_layers: int = 3,
        rho_units: int = 32,
        heads: int = 4,
        waves: int = 2,
        longest: float = 100.0,
        dropout: float = 0.0,
        attention_dropout: float = 0.1,
    ) -> None:
        super().__init__(input_size, hidden_size, masked)
        for name, value in (("phi_layers", phi_layers), ("rho_layers", rho_layers)):
            whole(name, value, DEPTH)
        for name, value in (("phi_units", phi_units), ("rho_units", rho_units)):
            whole(name, value, SIZE)
        whole("heads", heads, HEADS)
        whole("waves", waves, WAVES)
        real("longest", longest, POSITIVE)
        real("dropout", dropout, DROPPED)
        real("attention_dropout", attention_dropout, DROPPED)
        self.waves, self.longest, self.heads = waves, longest, heads
        self.rho, self.dropout, self.attention_dropout = (rho_units,) * rho_layers, dropout, attention_dropout
        self.output_size = heads * hidden_size
        element = 2 * waves + 1 + input_size
        self.first = nn.Linear(element, phi_units)
        between = perceptron(phi_units, (phi_units,) * (phi_layers - 1), dropout)
        self.phi = nn.Sequential(
            nn.ReLU(), *([nn.Dropout(dropout)] if dropout else []), *between, *perceptron(phi_units, (hidden_size,))
        )
        he_(self.first)
        he_(self.phi)
        bound = math.sqrt(6 / (element + SUMMARY))
        self.W = nn.Parameter(torch.empty(heads, KEY, element).uniform_(-bound, bound))
        self.q = nn.Parameter(torch.zeros(heads, KEY))

    def head(self) -> Head:
        """The layers of rho."""
        layers = Head(self.rho[-1], *perceptron(self.output_size, self.rho, self.dropout))
        he_(layers)
        return layers

    def summary(self, x: Tensor, m: Tensor, t: Tensor) -> Tensor:
        """Sums of phi over the observations of each series, weighted by each head."""
        batch, _, features = x.shape
        exponent = torch.arange(self.waves, dtype=t.dtype, device=t.device) / (self.waves - 1)
        phase = t.unsqueeze(2) / self.longest**exponent
        encoded = torch.cat([torch.sin(phase), torch.cos(phase)], dim=2)
        series, step, feature = m.nonzero().unbind(1)
        values = x[series, step, feature].unsqueeze(1)

        def mapped(weight: Tensor) -> Tensor:
            """The product of ``weight`` (n, element) with every element, which is never put together."""
            of_time, of_value, of_feature = weight.split([2 * self.waves, 1, features], dim=1)
            found: Tensor = (encoded @ of_time.t())[series, step] + values * of_value.t() + of_feature.t()[feature]
            return found

        score = mapped(torch.einsum("hke,hk->he", self.W, self.q) / math.sqrt(KEY))
        if self.training and self.attention_dropout:
            score = score.masked_fill(torch.rand_like(score) < self.attention_dropout, -1e9)
        zero, row = score.new_zeros(batch, self.heads), series.unsqueeze(1).expand_as(score)
        highest = zero.scatter_reduce(0, row, score.detach(), "amax", include_self=False)
        E = torch.exp(score - highest[series])
        weights = E / (zero.index_add(0, series, E) + 1e-7)[series]
        phi = self.phi(mapped(self.first.weight) + self.first.bias)
        sums = (phi.new_zeros(batch, self.hidden_size).index_add(0, series, part * phi) for part in weights.split(1, 1))
        return torch.cat(list(sums), dim=1)
