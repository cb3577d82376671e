"""Multi-time attention network, full form (mTAND-Full; Shukla and Marlin 2021, arXiv 2101.10318).

    mu_k, log sigma_k^2 = G biGRU over r_1, .., r_K of z(r_k)       z: attention to the observations, see mtand
    z_k = mu_k + sigma_k eps
    y = GRU over k of z_k,   x_hat(t) = V attention at t to biGRU over k of z_k

It is a variational autoencoder with a latent state at each of K reference times r_k from 0 to 1, from which the
observations are decoded at their own times. The output is the last state of a GRU over the latent states, which two
ReLU layers follow before the read-out. The loss is the task's and the variational one,

    -ll + kappa KL,    ll = mean of log N(x; x_hat, 0.01^2),   KL = sum over k and dimensions, per observation

with kappa as in variational.

Symbols:
    - `embed`, `attend`, `encoder`, `latent`: phi, attention and biGRU of the encoder, and G, which has a hidden layer.
    - `summarise`: the GRU over the latent states.
    - `decoder`, `embed_back`, `attend_back`, `observe`: biGRU, phi and attention of the decoder, and V, which has a
      hidden layer.
    - `span`: duration of the longest training sequence, not trained.

Deviations:
    - Their loss is the variational one plus 100 times the task's, here a hundredth of that (``elbo``), which is the
      same to Adam with a hundredth of its epsilon.
    - A series without any observation has the divergence of one observation; the code divides by 0.
    - ``pooled`` is their code: a test draws too. Off, the means are read.
    - Attention as in mtand: without the large tensor, with a divisor of the width as the number of heads.
"""

import math

import torch
from torch import Tensor, nn

from ltcbench.models.cells import variational
from ltcbench.models.cells.head import Head, perceptron
from ltcbench.models.cells.latent import WIDTH, Latent, Sequences
from ltcbench.models.cells.mtand import EMBEDDING, POINTS
from ltcbench.models.cells.time_attention import TimeAttention, TimeEmbedding
from ltcbench.models.options import SIZE, whole

HIDDEN = 50  # of G and V


class MTANDFull(Latent):
    """Full form of mTAND; the state is that of ``Latent``.

    Args:
        input_size: F.
        hidden_size: H, units of the GRUs of the encoder and over the latent states, and width of what the former reads.
        masked: see ``WholeCell``.
        reference_points: K.
        time_units: width of the embedding of a time.
        heads: number of heads of both attentions.
        decoder_units: of the decoder's GRU, in each direction.
        head_units: of the two ReLU layers before the read-out.
        latent_size, pooled, elbo: see ``Latent``; there is one sample.

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
        decoder_units: int = 50,
        head_units: int = 300,
        latent_size: int = 20,
        pooled: bool = False,
        elbo: float = 0.01,
    ) -> None:
        super().__init__(
            input_size,
            hidden_size,
            masked,
            latent_size=latent_size,
            samples=1,
            pooled=pooled,
            elbo=elbo,
            union_times=False,
            batch_span=False,
            causal_ok=False,
        )
        whole("reference_points", reference_points, POINTS)
        whole("time_units", time_units, EMBEDDING)
        whole("heads", heads, SIZE)
        whole("decoder_units", decoder_units, WIDTH)
        whole("head_units", head_units, SIZE)
        self.output_size = hidden_size
        self.reference_points, self.head_units = reference_points, head_units
        heads, width = math.gcd(heads, time_units), 2 * decoder_units
        self.embed = TimeEmbedding(time_units)
        self.attend = TimeAttention(time_units, heads, 2 * input_size, hidden_size)
        self.encoder = nn.GRU(hidden_size, hidden_size, bidirectional=True)
        self.latent = _layers(2 * hidden_size, 2 * latent_size)
        self.summarise = nn.GRU(latent_size, hidden_size)
        self.decoder = nn.GRU(latent_size, decoder_units, bidirectional=True)
        self.embed_back = TimeEmbedding(time_units)
        self.attend_back = TimeAttention(time_units, heads, width, width)
        self.observe = _layers(width, input_size)

    def head(self) -> Head:
        """Two ReLU layers."""
        return Head(self.head_units, *perceptron(self.output_size, (self.head_units, self.head_units)))

    def decoded(self, sequences: Sequences) -> tuple[Tensor, Tensor, Tensor]:
        """See ``Latent``; the output is (1, B, H)."""
        x, m, t = sequences.x, sequences.m, sequences.t
        r = torch.linspace(0, 1, self.reference_points, dtype=t.dtype, device=t.device)
        mu, sigma = self._encoded(r, x, m, t)
        z = self.draws(mu, sigma).transpose(0, 1)
        ll, kl = x.new_zeros(x.shape[1], 0), x.new_zeros(x.shape[1])
        if self.reconstructs:
            ll = variational.log_likelihood_per_value(x, self._reconstructed(r, z, t), m)
            kl = variational.divergence_per_value(mu, sigma, m)
        return self.summarise(z)[1], ll, kl

    def _encoded(self, r: Tensor, x: Tensor, m: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Mu and sigma (B, K, Z) at the reference times r (K,), from sequences as in ``Sequences``."""
        found = self.attend(self.embed(r), self.embed(t.t()), x.transpose(0, 1), m.transpose(0, 1))
        states, _ = self.encoder(found.transpose(0, 1))
        mu, log_variance = self.latent(states.transpose(0, 1)).chunk(2, dim=2)
        return mu, torch.exp(0.5 * log_variance)

    def _reconstructed(self, r: Tensor, z: Tensor, t: Tensor) -> Tensor:
        """The values (T, B, D) at the times t (T, B), from latent states (K, B, Z) at the reference times r (K,)."""
        states, _ = self.decoder(z)
        found = self.attend_back(self.embed_back(t.t()), self.embed_back(r)[None], states.transpose(0, 1))
        x_hat: Tensor = self.observe(found).transpose(0, 1)
        return x_hat


def _layers(inputs: int, outputs: int) -> nn.Sequential:
    """Two linear layers with torch's first values, ReLU between them."""
    return nn.Sequential(*perceptron(inputs, [HIDDEN]), nn.Linear(HIDDEN, outputs))
