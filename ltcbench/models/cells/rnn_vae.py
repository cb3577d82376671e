"""RNN-VAE, the recurrent variational autoencoder of Rubanova et al. 2019 (arXiv 1907.03907).

    mu, sigma = G h_T,   h <- GRU([x, m, gap], h) over the sequence, back in time
    h_0 = mu + sigma eps,   x_hat_i = V h_i,   h_i+1 <- GRU([x_hat_i, 1, gap of the step before], h_i)

with x_hat_1 the first values themselves. Predictions are read from mu, or with
``causal_ok`` from h_i at every step.

Symbols:
    - `encoder`, `latent`: the first GRU, whose width R is the hidden size, and G; `decoder`, `observe`: the second GRU
      and V. G and V have a hidden layer.
    - `span`: duration of the longest training sequence, not trained.

Deviations:
    - ``batch_reversed`` is their code: what was to be reversed is the time, what is reversed is the batch, so each
      sequence is encoded from another one's data, forwards, with the gaps of the times reversed. The published numbers
      are those of chance. Off, the sequence is read back in time, as their encoders are meant to.
    - ``union_times`` and ``batch_span`` are their code as well: gaps are those of the union of the times of a batch,
      over which the decoder runs, and times are divided by the largest of the batch (off: by `span`). Their encoder
      also takes in the first of those times where a sequence has nothing there.
    - It is not causal, and its loss is divided by 100: see latent_ode. ``pooled``: the decoded state is drawn in a test
      too.
"""

import torch
from torch import Tensor, nn

from ltcbench.models.cells import variational
from ltcbench.models.cells.latent import WIDTH, Latent, Sequences, perceptron
from ltcbench.models.cells.latent_encoders import gaps, last_state, normal
from ltcbench.models.options import whole


class RNNVAE(Latent):
    """RNN-VAE; the state is that of ``Latent``.

    Args:
        input_size: F.
        hidden_size: R.
        masked: whether the inputs hold a feature mask, see ``Cell``.
        units: width of the hidden layers of G and V.
        batch_reversed: see above.
        latent_size, pooled, elbo, union_times, batch_span, causal_ok: see ``Latent``; there is one sample.

    Raises:
        UserError: an option is unknown or out of range.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        masked: bool = False,
        *,
        units: int = 50,
        batch_reversed: bool = False,
        latent_size: int = 20,
        pooled: bool = False,
        elbo: float = 0.01,
        union_times: bool = False,
        batch_span: bool = False,
        causal_ok: bool = False,
    ) -> None:
        super().__init__(
            input_size,
            hidden_size,
            masked,
            latent_size=latent_size,
            samples=1,
            pooled=pooled,
            elbo=elbo,
            union_times=union_times,
            batch_span=batch_span,
            causal_ok=causal_ok,
        )
        whole("units", units, WIDTH)
        self.batch_reversed = batch_reversed
        width = 2 * input_size + 1
        self.encoder = nn.GRU(width, hidden_size)
        self.latent = perceptron(hidden_size, units, 2 * latent_size)
        self.decoder = nn.GRUCell(width, latent_size)
        self.observe = perceptron(latent_size, units, input_size)

    def decoded(self, sequences: Sequences) -> tuple[Tensor, Tensor, Tensor]:
        """See ``Latent``."""
        if self.on_union and sequences.here.any():
            of, place = sequences.united()
        else:
            order = sequences.packed()
            of, place = sequences.at(order), order.argsort(0)
        mu, sigma = self._encoded(sequences, of, place)
        ll, kl = mu.new_zeros(len(mu), 0), mu.new_zeros(len(mu))
        if self.whole and not self.reconstructs:
            return mu[None], ll, kl
        states, x_hat = self._path(self.draws(mu, sigma), of)
        states, x_hat = (part.gather(0, place[..., None].expand(-1, -1, part.shape[2])) for part in (states, x_hat))
        if self.reconstructs:
            ll = variational.log_likelihood(sequences.x, x_hat, sequences.m)
            kl = variational.divergence(mu, sigma)
        return (mu[None] if self.whole else self.repeated(states, sequences.here)), ll, kl

    def _encoded(self, own: Sequences, of: Sequences, place: Tensor) -> tuple[Tensor, Tensor]:
        """Mu and sigma (B, Z) of the sequences ``own``, whose steps have a ``place`` (T, B) in ``of``."""
        back = of.at(of.packed(latest_first=True))
        reversed_gaps = gaps(back)  # of the i-th step from the end
        if self.batch_reversed:
            order = own.packed()
            seen = own.at(order)
            gap = reversed_gaps.gather(0, place.gather(0, order))
            mu, sigma = normal(self.latent(last_state(self.encoder, seen, gap)))
            return mu.flip(0), sigma.flip(0)
        order = own.packed(latest_first=True)
        from_the_end = (of.here.sum(0) - 1 - place.gather(0, order)).clamp(min=0)
        return normal(self.latent(last_state(self.encoder, own.at(order), reversed_gaps.gather(0, from_the_end))))

    def _path(self, h: Tensor, of: Sequences) -> tuple[Tensor, Tensor]:
        """States (T, B, Z) from the first one on, and reconstructions (T, B, D), at the steps of ``of``."""
        x = of.x[0]
        states, x_hats = [h], [x]
        gap = torch.zeros_like(of.t[0])
        for before, t in zip(of.t, of.t[1:], strict=False):
            h = self.decoder(torch.cat([x, torch.ones_like(x), gap[:, None]], dim=1), h)
            x = self.observe(h)
            states.append(h)
            x_hats.append(x)
            gap = t - before
        return torch.stack(states), torch.stack(x_hats)
