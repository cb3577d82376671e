"""The variational bound of Rubanova et al. 2019 (arXiv 1907.03907), as their code has it.

    ll_s = mean over series of (1/D) sum_d (1/n_d) sum_i log N(x_id; x_hat_id, 0.01^2)    i: where d was observed
    KL = mean over series and latent dimensions of KL(N(mu, sigma^2) || N(0, 1))
    loss = -log sum_s exp(ll_s - kappa KL),    kappa = 0 for ten epochs, then 1 - 0.99^(epoch - 10)

The mean over the series is inside the logarithm and nothing is divided by the number of samples s, so it is no bound
on the likelihood of a series. Shukla and Marlin 2021 (arXiv 2101.10318) anneal alike, but divide the sums over all
observations and all latent dimensions by the number of the series' observations: the functions ``.._per_value``.
Everything is time first; the S samples of a series stand side by side, (B S, ...).
"""

import math

import torch
from torch import Tensor

DEVIATION = 0.01  # of an observation from its reconstruction
FREE_EPOCHS = 10  # without KL


def drawn(mu: Tensor, sigma: Tensor, samples: int) -> Tensor:
    """Latents (B S, .., Z) of the distributions (B, .., Z), from torch's global generator, which a checkpoint holds."""
    mu, sigma = mu.repeat_interleave(samples, 0), sigma.repeat_interleave(samples, 0)
    return mu + sigma * torch.randn_like(mu)


def divergence(mu: Tensor, sigma: Tensor) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, 1)) of each series (B,), its mean over the latent dimensions."""
    return _divergences(mu, sigma).mean(1)


def divergence_per_value(mu: Tensor, sigma: Tensor, m: Tensor) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, 1)) of each series (B,), its sum over all of (B, K, Z), per observation in m."""
    return _divergences(mu, sigma).sum((1, 2)) / _number(m)


def log_likelihood(x: Tensor, x_hat: Tensor, m: Tensor) -> Tensor:
    """Of each series and sample (B, S), its mean over observations, then over features; one never observed adds 0.

    Args:
        x: values (T, B, D).
        x_hat: their reconstructions (T, B S, D).
        m: which of them were observed (T, B, D), 0 or 1.
    """
    each = _log_densities(x, x_hat, m)
    found: Tensor = (each.sum(0) / m.sum(0).clamp(min=1)[:, None]).mean(2)
    return found


def log_likelihood_per_value(x: Tensor, x_hat: Tensor, m: Tensor) -> Tensor:
    """Of each series and sample (B, S), its mean over all observations, 0 without any; see ``log_likelihood``."""
    return _log_densities(x, x_hat, m).sum((0, 3)) / _number(m)[:, None]


def annealed(epoch: int) -> float:
    """Kappa after so many epochs."""
    return 0.0 if epoch < FREE_EPOCHS else 1 - 0.99 ** (epoch - FREE_EPOCHS)


def loss(ll: Tensor, kl: Tensor, epoch: int) -> Tensor:
    """The loss of a batch, from ll (B, S) and KL (B,) of its series."""
    return -torch.logsumexp(ll.mean(0) - annealed(epoch) * kl.mean(), 0)


def _divergences(mu: Tensor, sigma: Tensor) -> Tensor:
    """Of each latent dimension, the shape of ``mu``."""
    found: Tensor = 0.5 * (mu.square() + sigma.square() - 1) - sigma.log()
    return found


def _log_densities(x: Tensor, x_hat: Tensor, m: Tensor) -> Tensor:
    """Of every value (T, B, S, D), 0 where none was observed; see ``log_likelihood``."""
    error = (x_hat.unflatten(1, (x.shape[1], x_hat.shape[1] // max(x.shape[1], 1))) - x[:, :, None]) / DEVIATION
    each: Tensor = -0.5 * error.square() - math.log(DEVIATION * math.sqrt(2 * math.pi))
    return each * m[:, :, None]


def _number(m: Tensor) -> Tensor:
    """How many values of each series were observed (B,), at least 1."""
    return m.sum((0, 2)).clamp(min=1)
