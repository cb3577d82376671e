"""Latent ODE (Rubanova et al. 2019, arXiv 1907.03907): a sequence is the noisy path of an ODE from a latent state.

    mu, sigma = encoder of the whole sequence, an ODE-RNN or an RNN that reads it back in time
    z(0) = mu + sigma eps,   dz/dt = f(z),   x_hat(t) = W z(t) + b

Predictions are read from z(0), or with ``causal_ok`` from z(t) at every step. The loss is the task's and the
variational one.

Symbols:
    - mu, sigma: of `encoder`, see latent_encoders; n or R, the width of its state, is the hidden size.
    - f: `field`, tanh before each layer but the first; W and b: `observe`.
    - `span`: duration of the longest training sequence, not trained.

Deviations:
    - Every output depends on the whole sequence, later steps included, so the model is not causal.
    - Their loss is the variational one plus 100 / S times the task's, here ``elbo`` S times that plus the task's, which
      is the same to an optimiser that divides by the size of the gradients, as Adamax does.
    - The path is solved by RK4 in 20 steps of its length and interpolated by cubic polynomials; they take dopri5 with
      tolerances 1e-3 and 1e-4, whose steps depend on who is in the batch.
    - ``union_times`` and ``batch_span`` are their code: the encoder passes all times of a batch, and times are divided
      by the largest of the batch. Off, each sequence is read at its own times, divided by `span`, the duration of
      the longest training sequence. They drop a time
      where the values of the whole batch add up to 0, and begin the path at the first time of the batch; here the time
      stays, and the path begins with the sequence.
    - ``pooled`` is their code: S draws when it is tested, and all predictions count. Off, the mean is decoded.
"""

import torch
from torch import Tensor, nn

from ltcbench.models.cells import variational
from ltcbench.models.cells.latent import WIDTH, Latent, Sequences, perceptron, started
from ltcbench.models.cells.latent_encoders import BackwardGRU, BackwardODERNN
from ltcbench.models.options import DEPTH, choice, whole
from ltcbench.models.solvers import Solver

ENCODERS = ("ode", "rnn")
INTERVALS = 20  # of the path


class LatentODE(Latent):
    """Latent ODE; the state is that of ``Latent``.

    Args:
        input_size: F.
        hidden_size: width of the encoder's state.
        masked: whether the inputs hold a feature mask, see ``Cell``.
        encoder: ``ode`` or ``rnn``.
        encoder_layers, encoder_units: hidden layers of the ODE-RNN's equation and their width.
        gru_units: width of the hidden layers of the ODE-RNN's GRU.
        decoder_layers, decoder_units: hidden layers of f and their width.
        latent_size, samples, pooled, elbo, union_times, batch_span, causal_ok: see ``Latent``.

    Raises:
        UserError: an option is unknown or out of range.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        masked: bool = False,
        *,
        encoder: str = "ode",
        encoder_layers: int = 3,
        encoder_units: int = 50,
        gru_units: int = 50,
        decoder_layers: int = 3,
        decoder_units: int = 50,
        latent_size: int = 20,
        samples: int = 3,
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
            samples=samples,
            pooled=pooled,
            elbo=elbo,
            union_times=union_times,
            batch_span=batch_span,
            causal_ok=causal_ok,
        )
        choice("encoder", encoder, ENCODERS)
        for name, layers in (("encoder_layers", encoder_layers), ("decoder_layers", decoder_layers)):
            whole(name, layers, DEPTH)
        widths = {"encoder_units": encoder_units, "gru_units": gru_units, "decoder_units": decoder_units}
        for name, units in widths.items():
            whole(name, units, WIDTH)
        self.encoder: nn.Module
        if encoder == "ode":
            field = perceptron(hidden_size, *[encoder_units] * (encoder_layers + 1), hidden_size)
            self.encoder = BackwardODERNN(input_size, hidden_size, field, gru_units, latent_size)
        else:
            self.encoder = BackwardGRU(input_size, hidden_size, latent_size)
        self.field = perceptron(latent_size, *[decoder_units] * (decoder_layers + 1), latent_size)
        self.observe = started(nn.Linear(latent_size, input_size))
        self.solver = Solver("rk4")

    def decoded(self, sequences: Sequences) -> tuple[Tensor, Tensor, Tensor]:
        """See ``Latent``."""
        on_union = self.on_union and bool(sequences.here.any())
        mu, sigma = self.encoder(sequences.united()[0] if on_union else sequences)
        z = self.draws(mu, sigma)
        ll, kl = mu.new_zeros(len(mu), 0), mu.new_zeros(len(mu))
        if self.whole and not self.reconstructs:
            return z[None], ll, kl
        draws = len(z) // max(len(mu), 1)
        t, length = (sequences.t - sequences.first).clamp(min=0), sequences.length
        path = self.path(z, t.repeat_interleave(draws, 1), length.repeat_interleave(draws))
        if self.reconstructs:
            ll = variational.log_likelihood(sequences.x, self.observe(path), sequences.m)
            kl = variational.divergence(mu, sigma)
        return (z[None] if self.whole else self.repeated(path, sequences.here)), ll, kl

    def path(self, z: Tensor, t: Tensor, length: Tensor) -> Tensor:
        """Z (T, N, Z) at the times t (T, N) from 0 to ``length`` (N,), from z at 0 (N, Z)."""
        step = torch.where(length > 0, length, 1) / INTERVALS
        points = [z]
        for _ in range(INTERVALS):
            points.append(self.solver(self.field, points[-1], step[:, None]))
        zs = torch.stack(points)
        slopes = self.field(zs) * step[:, None]
        s = (t / step).clamp(max=INTERVALS)
        before = s.long().clamp(max=INTERVALS - 1)
        series = torch.arange(t.shape[1], device=t.device)
        s = (s - before)[..., None]
        a, b = zs[before, series], zs[before + 1, series]
        found: Tensor = (
            a
            + (b - a) * s.square() * (3 - 2 * s)
            + slopes[before, series] * s * (1 - s).square()
            - slopes[before + 1, series] * s.square() * (1 - s)
        )
        return found
