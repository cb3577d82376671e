"""Interpolation network of IP-Nets (Shukla and Marlin 2019, arXiv 1909.07782): irregular series at reference times.

Per feature, with weights exp(-alpha (r - t)^2) of its observations: lambda, their sum; sigma, the weighted mean of the
values; gamma, the same with 10 alpha. Across features: chi, sigma moved towards what the others say.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

KERNELS = 2**21  # weights held at a time; of more, in parts of a batch, the backward pass computes them again


class Interpolation(nn.Module):
    """Interpolation of D features.

    Args:
        features: D.
        theta: first value of theta, alpha = log(1 + exp(theta)).

    Attributes:
        mean: of each feature over the training data, what a feature without any observation has at time 0.
    """

    mean: Tensor

    def __init__(self, features: int, theta: float) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.full((features,), theta))
        self.C = nn.Parameter(torch.eye(features))
        self.register_buffer("mean", torch.zeros(features))

    def forward(self, x: Tensor, m: Tensor, t: Tensor, r: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Chi, lambda and gamma - chi, each (B, K, D); arguments as of ``smoothed``."""
        sigma, log_lambda, gamma = self.smoothed(x, m, t, r)
        chi = self.crossed(sigma, log_lambda)
        return chi, torch.exp(log_lambda), gamma - chi

    def smoothed(self, x: Tensor, m: Tensor, t: Tensor, r: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Sigma, the logarithm of lambda, and gamma, each (B, K, D).

        Args:
            x: values (B, P, D).
            m: 1 where they are observed (B, P, D).
            t: times (B, P).
            r: reference times, (K,) or (B, K).
        """
        batch = len(x)
        never = ~m.any(1, keepdim=True)
        x = torch.cat([self.mean.expand(batch, 1, -1), x], dim=1)
        m = torch.cat([never, m.bool()], dim=1)
        t = F.pad(t, (1, 0))
        r = r.expand(batch, -1)
        kernels = int(m.sum()) * r.shape[1]
        if kernels <= KERNELS:
            return self._smoothed(x, m, t, r)
        series = max(1, batch * KERNELS // kernels)
        parts = (part.split(series) for part in (x, m, t, r))
        found = [checkpoint(self._smoothed, *part, use_reentrant=False) for part in zip(*parts, strict=True)]
        sigma, log_lambda, gamma = (torch.cat(part) for part in zip(*found, strict=True))
        return sigma, log_lambda, gamma

    def _smoothed(self, x: Tensor, m: Tensor, t: Tensor, r: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As ``smoothed``, for series in which every feature has an observation; only those are computed with."""
        batch, _, features = x.shape
        series, step, feature = m.nonzero().unbind(1)
        values = x[series, step, feature].unsqueeze(1)
        alpha = F.softplus(self.theta)[feature].unsqueeze(1)
        exponent = -alpha * (r[series] - t[series, step].unsqueeze(1)).square()  # (observations, K)
        place = series * features + feature
        zero = exponent.new_zeros(batch * features, exponent.shape[1])
        row = place.unsqueeze(1).expand_as(exponent)
        nearest = zero.scatter_reduce(0, row, exponent.detach(), "amax", include_self=False)
        w = torch.exp(exponent - nearest[place])
        sharp = w**10  # exp of ten times the exponent

        def summed(terms: Tensor) -> Tensor:
            return zero.index_add(0, place, terms)

        total = summed(w)
        found = summed(w * values) / total, nearest + torch.log(total), summed(sharp * values) / summed(sharp)
        sigma, log_lambda, gamma = (part.unflatten(0, (batch, features)).transpose(1, 2) for part in found)
        return sigma, log_lambda, gamma

    def crossed(self, sigma: Tensor, log_lambda: Tensor, there: Tensor | None = None) -> Tensor:
        """Chi (B, K, D); ``there`` (B, K) tells which of the K times there are, None: all."""
        mu = sigma.mean(1, keepdim=True)
        if there is not None:
            counts = there.to(sigma).unsqueeze(2)
            mu = (sigma * counts).sum(1, keepdim=True) / counts.sum(1, keepdim=True).clamp(min=1)
        return (torch.softmax(log_lambda, dim=2) * (sigma - mu)) @ self.C + mu
