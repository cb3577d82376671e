"""Optimisers, learning-rate decay and clipping, as the papers' code has them."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from ltcbench.settings.job import Trainer


def optimiser(parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]], trainer: Trainer) -> torch.optim.Optimizer:
    """The optimiser of a training, in torch's fused form on a GPU and for Adam on the CPU.

    Args:
        parameters: parameters, or torch's groups of them.
        trainer: how to train.
    """
    rate, decay, epsilon = trainer.learning_rate, trainer.weight_decay, trainer.epsilon
    if trainer.optimizer == "rmsprop":
        return torch.optim.RMSprop(parameters, rate, alpha=trainer.rho, eps=epsilon, weight_decay=decay)
    if trainer.optimizer == "adamax":
        betas = trainer.beta1, trainer.beta2
        return torch.optim.Adamax(parameters, rate, betas=betas, eps=epsilon, weight_decay=decay)
    kind = torch.optim.AdamW if trainer.optimizer == "adamw" else torch.optim.Adam
    return kind(parameters, rate, betas=(trainer.beta1, trainer.beta2), eps=epsilon, weight_decay=decay, fused=True)


def learning_rate(trainer: Trainer, update: int, steps: int) -> float:
    """The learning rate of an update.

    Args:
        trainer: rate, decay, how often it acts, and the least rate.
        update: updates done before.
        steps: updates in an epoch.
    """
    often: float = {"epoch": update // steps, "step": update / steps, "update": update}[trainer.decay_every]
    decayed: float = trainer.learning_rate * trainer.decay**often
    return max(decayed, trainer.least_learning_rate)


def clip_(parameters: Iterable[nn.Parameter], trainer: Trainer) -> None:
    """Shorten gradients to ``clip_norm``: all of them together, or each parameter's by itself (Keras' clipnorm)."""
    if trainer.clip_norm is None:
        return
    if trainer.clip_by == "global":
        torch.nn.utils.clip_grad_norm_(parameters, trainer.clip_norm)
        return
    gradients: list[Tensor] = [p.grad for p in parameters if p.grad is not None]
    for gradient, norm in zip(gradients, torch._foreach_norm(gradients), strict=True):
        gradient.mul_((trainer.clip_norm / norm).clamp(max=1.0))
