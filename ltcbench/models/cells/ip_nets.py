"""Interpolation-prediction network (IP-Nets; Shukla and Marlin 2019, arXiv 1909.07782).

    w = exp(-alpha_d (r - t)^2),   alpha_d = log(1 + exp(theta_d)),   over the times t at which d was observed
    lambda_d(r) = sum of w,   sigma_d(r) = mean of x_d weighted by w,   gamma_d(r) = the same with 10 alpha_d
    p_d = lambda_d / sum of lambda over features,   mu_d = mean of sigma_d over r
    chi = (p (sigma - mu)) C + mu
    y = GRU over r_1, .., r_K of [chi, lambda, gamma - chi]

In training a fifth of each feature's observations is held out and reconstructed as chi at their times from the others;
the squared error, relative to the feature's variance, is added to the loss.

The r_k are K times from 0 to the end of the longest training sequence; the output is the GRU's last state.

Symbols:
    - `interpolation`: theta and C; the mean of each feature, not trained.
    - `gates`: the GRU's W_x, W_h and b of r, z, n, in this order; the reset gate acts before the product.
    - `span`: duration of the longest training sequence, not trained.

Deviations:
    - What is held out is drawn anew at each pass, by the code once before training; variances are those of the batch.
      The answer itself is made from all observations, as there.
    - Sums over observations are taken relative to the nearest one, so that no weight vanishes far from all of them.
    - The GRU is Keras' with a logistic gate (the code's Keras has a piecewise linear one), first values as there. In
      training a share ``dropout`` of inputs and state is dropped, the same at every r_k and for all gates.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.cell import State
from ltcbench.models.cells.gru_ode import reset_before
from ltcbench.models.cells.interpolation import Interpolation
from ltcbench.models.cells.whole import WholeCell
from ltcbench.models.options import BIAS, DROPPED, NOT_NEGATIVE, real, whole
from ltcbench.values import Range

POINTS = Range(2, 10**4)
HELD_OUT = 0.2  # of a feature's observations in a series, where these are two at least


class IPNets(WholeCell):
    """IP-Nets; the state is the past, and after a pass in training the error of each series (B, 1).

    Args:
        input_size: F.
        hidden_size: H, units of the GRU.
        masked: see ``WholeCell``.
        reference_points: K.
        theta: first value of theta.
        dropout: share of the GRU's inputs and state dropped in training.
        reconstruction: weight of the reconstruction beside the task's loss; 0: none.

    Raises:
        UserError: an option is out of range.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        masked: bool = False,
        *,
        reference_points: int = 192,
        theta: float = 0.0,
        dropout: float = 0.2,
        reconstruction: float = 1.0,
    ) -> None:
        super().__init__(input_size, hidden_size, masked)
        whole("reference_points", reference_points, POINTS)
        real("theta", theta, BIAS)
        real("dropout", dropout, DROPPED)
        real("reconstruction", reconstruction, NOT_NEGATIVE)
        self.reference_points, self.dropout, self.reconstruction = reference_points, dropout, reconstruction
        self.interpolation = Interpolation(input_size, theta)
        self.gates = Affine(3 * input_size, hidden_size, 3 * hidden_size)

    def calibrate_(self, mean: Tensor | None, span: Tensor) -> None:
        """Set the longest time and the features' means."""
        super().calibrate_(mean, span)
        if mean is not None:
            self.interpolation.mean.copy_(mean)

    def initial_state(self, batch: int, like: Tensor) -> State:
        """An empty past, and no errors."""
        return *super().initial_state(batch, like), like.new_zeros(batch, 0)

    def sequence(self, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None) -> tuple[Tensor, State]:
        """As ``WholeCell``, with the errors of the reconstruction."""
        output, after = super().sequence(x, state[:-1], elapsed, mask)
        if not (self.training and self.reconstruction):
            return output, (*after, x.new_zeros(x.shape[1], 0))
        x, m, t = self.observations(after)
        held = held_out(m)
        return output, (*after, self.errors(x, m, t, held))

    def errors(self, x: Tensor, m: Tensor, t: Tensor, held: Tensor) -> Tensor:
        """Squared error of what is held out, in variances of its feature, mean over features (B, 1).

        Args:
            x: values (B, P, D).
            m: 1 where they are observed (B, P, D).
            t: times (B, P).
            held: 1 where they are held out (B, P, D).
        """
        sigma, log_lambda, _ = self.interpolation.smoothed(x, m - held, t, t)
        chi = self.interpolation.crossed(sigma, log_lambda, m.any(2))
        number = m.sum((0, 1)).clamp(min=1)
        mean = (x * m).sum((0, 1)) / number
        variance = ((x - mean).square() * m).sum((0, 1)) / number
        error = ((chi - x).square() * held).sum(1) / held.sum(1).clamp(min=1)
        return (error / torch.where(variance > 0, variance, 1)).mean(1, keepdim=True)

    def auxiliary(self, state: State, epoch: int) -> Tensor | None:
        """The reconstruction's mean error over the series, times its weight."""
        return self.reconstruction * state[-1].mean() if self.reconstruction else None

    def summary(self, x: Tensor, m: Tensor, t: Tensor) -> Tensor:
        """The GRU's last state (B, H)."""
        r = self.span * torch.linspace(0, 1, self.reference_points, dtype=t.dtype, device=t.device)
        inputs = torch.cat(self.interpolation(x, m, t, r), dim=2)
        h = inputs.new_zeros(len(x), self.hidden_size)
        kept = F.dropout(torch.ones_like(inputs[:, :1]), self.dropout, self.training)
        kept_h = F.dropout(torch.ones_like(h), self.dropout, self.training)
        for of_x in self.gates.of_x(inputs * kept).unbind(1):
            z, n = reset_before(self.gates, of_x, h * kept_h)
            h = h + z * (n - h)
        return h


def held_out(m: Tensor) -> Tensor:
    """Which observations (B, P, D) are held out, 0 or 1, drawn among those where ``m`` is 1."""
    number = (HELD_OUT * m.sum(1, keepdim=True)).floor()
    number = torch.where(number >= 2, number, 0)
    place = torch.rand_like(m).masked_fill(m == 0, 2.0).argsort(1).argsort(1)
    return (place < number).to(m)
