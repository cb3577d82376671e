"""The variational bound of Rubanova et al. 2019 (arXiv 1907.03907), as their code has it.

    ll_s = mean over series of (1/D) sum_d (1/n_d) sum_i log N(x_id; x_hat_id, 0.01^2)    i: where d was observed
    KL = mean over series and latent dimensions of KL(N(mu, sigma^2) || N(0, 1))
    loss = -log sum_s exp(ll_s - kappa KL),    kappa = 0 for ten epochs, then 1 - 0.99^(epoch - 10)

The mean over the series is inside the logarithm and nothing is divided by the number of samples s, so it is no bound
on the likelihood of a series. Everything is time first; the S samples of a series stand side by side, (B S, ...).
"""

import math

import torch
from torch import Tensor

DEVIATION = 0.01  # of an observation from its reconstruction
FREE_EPOCHS = 10  # without KL


def drawn(mu: Tensor, sigma: Tensor, samples: int) -> Tensor:
    """Latents (B S, Z) of the distributions (B, Z), from torch's global generator, which a checkpoint holds."""
    mu, sigma = mu.repeat_interleave(samples, 0), sigma.repeat_interleave(samples, 0)
    return mu + sigma * torch.randn_like(mu)


def divergence(mu: Tensor, sigma: Tensor) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, 1)) of each series (B,), its mean over the latent dimensions."""
    return (0.5 * (mu.square() + sigma.square() - 1) - sigma.log()).mean(1)


def log_likelihood(x: Tensor, x_hat: Tensor, m: Tensor) -> Tensor:
    """Of each series and sample (B, S), its mean over observations, then over features; one never observed adds 0.

    Args:
        x: values (T, B, D).
        x_hat: their reconstructions (T, B S, D).
        m: which of them were observed (T, B, D), 0 or 1.
    """
    error = (x_hat.unflatten(1, (x.shape[1], x_hat.shape[1] // max(x.shape[1], 1))) - x[:, :, None]) / DEVIATION
    each = -0.5 * error.square() - math.log(DEVIATION * math.sqrt(2 * math.pi))
    found: Tensor = ((each * m[:, :, None]).sum(0) / m.sum(0).clamp(min=1)[:, None]).mean(2)
    return found


def annealed(epoch: int) -> float:
    """Kappa after so many epochs."""
    return 0.0 if epoch < FREE_EPOCHS else 1 - 0.99 ** (epoch - FREE_EPOCHS)


def loss(ll: Tensor, kl: Tensor, epoch: int) -> Tensor:
    """The loss of a batch, from ll (B, S) and KL (B,) of its series."""
    return -torch.logsumexp(ll.mean(0) - annealed(epoch) * kl.mean(), 0)
