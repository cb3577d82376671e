"""What models with a latent state of a whole sequence have in common (Rubanova et al. 2019, arXiv 1907.03907)."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from ltcbench.models.cells import past, variational
from ltcbench.models.cells.cell import State
from ltcbench.models.cells.head import Head
from ltcbench.models.cells.whole import WholeCell
from ltcbench.models.inputs import carry_forward
from ltcbench.models.options import NOT_NEGATIVE, real, whole
from ltcbench.models.times import union
from ltcbench.values import Range

WIDTH = Range(1, 1000)  # of a layer between two others
SAMPLES = Range(1, 100)
HEAD = 300


def perceptron(*widths: int, between: type[nn.Module] = nn.Tanh) -> nn.Sequential:
    """Linear layers from each width to the next, ``between`` them a non-linearity; N(0, 0.1^2) weights, no biases."""
    layers: list[nn.Module] = []
    for before, width in pairwise(widths):
        layers += [between()] if layers else []
        layers.append(started(nn.Linear(before, width)))
    return nn.Sequential(*layers)


def started(layer: nn.Linear) -> nn.Linear:
    """``layer`` with the first values of their code: weights N(0, 0.1^2), biases 0."""
    nn.init.normal_(layer.weight, std=0.1)
    nn.init.zeros_(layer.bias)
    return layer


@dataclass(frozen=True)
class Sequences:
    """The sequences of a batch, time first.

    Attributes:
        x: values (T, B, D), 0 where there are none.
        m: which of them were observed (T, B, D), 0 or 1.
        t: times (T, B), divided by the span.
        here: at which steps anything was observed (T, B).
        span: what times were divided by.
    """

    x: Tensor
    m: Tensor
    t: Tensor
    here: Tensor
    span: Tensor

    @property
    def length(self) -> Tensor:
        """Time from the first to the last step of each sequence (B,), 0 without any."""
        return self.last - self.first

    @property
    def last(self) -> Tensor:
        """The largest time of each sequence (B,), 0 without any."""
        return torch.where(self.here, self.t, -torch.inf).amax(0).nan_to_num(neginf=0.0)

    @property
    def first(self) -> Tensor:
        """The least time of each sequence (B,), 0 without any."""
        return torch.where(self.here, self.t, torch.inf).amin(0).nan_to_num(posinf=0.0)

    def at(self, order: Tensor) -> "Sequences":
        """The steps ``order`` (T, B) of each sequence."""
        wide = order[..., None].expand_as(self.x)
        x, m = self.x.gather(0, wide), self.m.gather(0, wide)
        return Sequences(x, m, self.t.gather(0, order), self.here.gather(0, order), self.span)

    def packed(self, latest_first: bool = False) -> Tensor:
        """An order of the steps (T, B) in which those with observations come first, in order of time or against it."""
        steps = torch.arange(len(self.t), device=self.t.device)[:, None].expand_as(self.here)
        key = torch.where(self.here, -steps if latest_first else steps, len(steps) + steps)
        return key.argsort(0)

    def united(self) -> tuple["Sequences", Tensor]:
        """All sequences at the union of their times, and the place there of each of their steps (T, B)."""
        grid, place = union(self.t * self.span, self.here)
        steps, batch = self.here.nonzero(as_tuple=True)
        shape = len(grid), *self.x.shape[1:]
        where = place[steps, batch], batch
        x, m = (torch.zeros(shape).to(part).index_put(where, part[steps, batch]) for part in (self.x, self.m))
        t = (grid / self.span)[:, None].expand(-1, self.t.shape[1])
        return Sequences(x, m, t, torch.ones_like(t, dtype=torch.bool), self.span), place


class Latent(WholeCell):
    """A cell that encodes a sequence as a normal distribution of a latent state, and decodes draws of it.

    The state is the past, and the terms of the model's own loss after a pass in training, ll (B, S) and KL (B,).

    Args:
        input_size: F.
        hidden_size: width of the encoder's state.
        masked: see ``WholeCell``.
        latent_size: Z.
        samples: S, draws of the latent state in training.
        pooled: draw when the network is tested too, and let all predictions count; otherwise the mean is taken.
        elbo: weight of the model's own loss for each sample, beside the task's; 0: none, and no decoding for it.
        union_times: run on the union of the times of a batch.
        batch_span: divide times by the largest of the batch, not by the duration of the longest training sequence.
        causal_ok: answer at every step from the decoded state, looking at later ones too; otherwise from the latent
            state, by two ReLU layers.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        masked: bool,
        *,
        latent_size: int,
        samples: int,
        pooled: bool,
        elbo: float,
        union_times: bool,
        batch_span: bool,
        causal_ok: bool,
    ) -> None:
        super().__init__(input_size, hidden_size, masked)
        whole("latent_size", latent_size, WIDTH)
        whole("samples", samples, SAMPLES)
        real("elbo", elbo, NOT_NEGATIVE)
        self.output_size, self.whole = latent_size, not causal_ok
        self.samples, self.pooled, self.elbo = samples, pooled, elbo
        self.on_union, self.batch_span = union_times, batch_span

    def head(self) -> Head:
        """Two ReLU layers, none where there is an answer at every step."""
        if not self.whole:
            return Head(self.output_size)
        return Head(HEAD, *perceptron(self.output_size, HEAD, HEAD, between=nn.ReLU), nn.ReLU())

    def initial_state(self, batch: int, like: Tensor) -> State:
        """An empty past, and no terms of a loss."""
        return *super().initial_state(batch, like), like.new_zeros(batch, 0), like.new_zeros(batch)

    def sequence(self, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None) -> tuple[Tensor, State]:
        """Outputs (T, B S, Z), or (1, B S, Z) where the latent state is read, of the inputs (T, B, F)."""
        state = past.extended(state[:-2], x, elapsed, mask)
        values, m, t = (part.transpose(0, 1) for part in self.observations(state))
        here, span = m.any(2), self.span
        if self.batch_span and here.any():
            span = t[here].amax()
            span = torch.where(span > 0, span, 1)
        outputs, ll, kl = self.decoded(Sequences(values * m, m, t / span, here, span))
        return (outputs if self.whole else outputs[-len(x) :]), (*state, ll, kl)

    def decoded(self, sequences: Sequences) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs as of ``sequence`` for all steps, ll (B, S), KL (B,); ll without width where there is no loss."""
        raise NotImplementedError

    def draws(self, mu: Tensor, sigma: Tensor) -> Tensor:
        """Latent states (B S, Z) of a pass in training or, where ``pooled``, in a test; else the mean (B, Z)."""
        return variational.drawn(mu, sigma, self.samples) if self.training or self.pooled else mu

    def auxiliary(self, state: State, epoch: int) -> Tensor | None:
        """The variational loss, times ``elbo`` for each sample."""
        ll, kl = state[-2:]
        return self.elbo * ll.shape[1] * variational.loss(ll, kl, epoch) if self.elbo else None

    @property
    def reconstructs(self) -> bool:
        """Whether this pass needs what ``auxiliary`` is made of."""
        return self.training and self.elbo > 0

    def repeated(self, z: Tensor, here: Tensor) -> Tensor:
        """Z (T, B S, Z), where nothing is here that of the last step where something was, 0 before."""
        known = here.repeat_interleave(z.shape[1] // max(here.shape[1], 1), 1)[..., None]
        return carry_forward(z, known, torch.zeros_like(z[0]))
