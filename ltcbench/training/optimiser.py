"""Optimisers, learning-rate decay and clipping, as the papers' code has them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.adamax import adamax
from torch.optim.adamw import adamw
from torch.optim.rmsprop import rmsprop

from ltcbench.settings.job import Trainer

# Of each optimiser: torch's function, and its running means.
_KINDS: Mapping[str, tuple[Callable[..., None], tuple[str, ...]]] = {
    "adam": (adam, ("exp_avg", "exp_avg_sq")),
    "adamw": (adamw, ("exp_avg", "exp_avg_sq")),
    "adamax": (adamax, ("exp_avg", "exp_inf")),
    "rmsprop": (rmsprop, ("square_avg",)),
}


class Optimiser:
    """Adam, AdamW, Adamax or RMSprop by torch's functions; Adam in their fused form.

    The classes that torch has around these functions import its compiler, which takes a second.

    Args:
        groups: what it moves, by what their learning rates are in multiples of ``rate``; a parameter without a gradient
            stays as it is.
        trainer: which optimiser, and its settings.

    Attributes:
        rate: the learning rate; may be changed between updates.
        state: of every parameter that has had a gradient, by its number: how many updates, and running means of the
            gradient and its square (of Adamax its largest), by torch's names.
    """

    def __init__(self, groups: Mapping[float, Sequence[nn.Parameter]], trainer: Trainer) -> None:
        self.parameters = [p for group in groups.values() for p in group]
        self.factors = [factor for factor, group in groups.items() for _ in group]
        self.rate = trainer.learning_rate
        self.state: dict[int, dict[str, Tensor]] = {}
        self._update, self._means = _KINDS[trainer.optimizer]
        self._settings: dict[str, Any] = {"eps": trainer.epsilon, "weight_decay": trainer.weight_decay}
        if trainer.optimizer == "rmsprop":
            self._settings |= {"alpha": trainer.rho, "momentum": 0, "centered": False, "foreach": True}
            self._settings |= {"grad_avgs": [], "momentum_buffer_list": []}
        else:
            self._settings |= {"beta1": trainer.beta1, "beta2": trainer.beta2}
        if trainer.optimizer in ("adam", "adamw"):
            self._settings |= {"fused": True, "amsgrad": False, "maximize": False, "max_exp_avg_sqs": []}

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for p in self.parameters:
            p.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move the parameters along their gradients."""
        moved = {i: p for i, p in enumerate(self.parameters) if p.grad is not None}
        for i in moved.keys() - self.state.keys():
            zeros = {name: torch.zeros_like(moved[i]) for name in self._means}
            self.state[i] = {"step": torch.zeros((), device=moved[i].device), **zeros}
        for factor in dict.fromkeys(self.factors[i] for i in moved):
            numbers = [i for i in moved if self.factors[i] == factor]
            self._update(
                [moved[i] for i in numbers],
                [moved[i].grad for i in numbers],
                lr=factor * self.rate,
                state_steps=[self.state[i]["step"] for i in numbers],
                **{f"{name}s": [self.state[i][name] for i in numbers] for name in self._means},
                **self._settings,
            )

    def state_dict(self) -> dict[str, Any]:
        """What an optimiser like this one needs to go on."""
        return {"state": self.state}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict`` gave, this class's or that of torch's optimisers.

        Raises:
            LookupError: it is another optimiser's, or of other parameters.
        """
        names = ("step", *self._means)
        self.state = {
            i: {name: of_one[name].to(self.parameters[i].device) for name in names}
            for i, of_one in saved["state"].items()
        }


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
