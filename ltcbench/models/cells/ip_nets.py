"""Interpolation-prediction network (IP-Nets; Shukla and Marlin 2019, arXiv 1909.07782), without its reconstruction.

    w = exp(-alpha_d (r - t)^2),   alpha_d = log(1 + exp(theta_d)),   over the times t at which d was observed
    lambda_d(r) = sum of w,   sigma_d(r) = mean of x_d weighted by w,   gamma_d(r) = the same with 10 alpha_d
    p_d = lambda_d / sum of lambda over features,   mu_d = mean of sigma_d over r
    chi = (p (sigma - mu)) C + mu
    y = GRU over r_1, .., r_K of [chi, lambda, gamma - chi]

The r_k are K times from 0 to the end of the longest training sequence; the output is the GRU's last state.

Symbols:
    - `interpolation`: theta and C; the mean of each feature, not trained.
    - `gates`: the GRU's W_x, W_h and b of r, z, n, in this order; the reset gate acts before the product.
    - `span`: duration of the longest training sequence, not trained.

Deviations:
    - The held-out observations and their reconstruction, a second term of the loss, are left out.
    - Sums over observations are taken relative to the nearest one, so that no weight vanishes far from all of them.
    - The GRU is Keras' with a logistic gate (the code's Keras has a piecewise linear one), first values as there. In
      training a share ``dropout`` of inputs and state is dropped, the same at every r_k and for all gates.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ltcbench.models.cells.affine import Affine
from ltcbench.models.cells.gru_ode import reset_before
from ltcbench.models.cells.interpolation import Interpolation
from ltcbench.models.cells.whole import WholeCell
from ltcbench.models.options import BIAS, DROPPED, real, whole
from ltcbench.values import Range

POINTS = Range(2, 10**4)


class IPNets(WholeCell):
    """IP-Nets; the state is the past.

    Args:
        input_size: F.
        hidden_size: H, units of the GRU.
        masked: see ``WholeCell``.
        reference_points: K.
        theta: first value of theta.
        dropout: share of the GRU's inputs and state dropped in training.

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
    ) -> None:
        super().__init__(input_size, hidden_size, masked)
        whole("reference_points", reference_points, POINTS)
        real("theta", theta, BIAS)
        real("dropout", dropout, DROPPED)
        self.reference_points, self.dropout = reference_points, dropout
        self.interpolation = Interpolation(input_size, theta)
        self.gates = Affine(3 * input_size, hidden_size, 3 * hidden_size)

    def calibrate_(self, mean: Tensor | None, span: Tensor) -> None:
        """Set the longest time and the features' means."""
        super().calibrate_(mean, span)
        if mean is not None:
            self.interpolation.mean.copy_(mean)

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
