"""Which numbers a training gives: raised, and told in CHANGELOG.md, when the same settings give others than before.

A change that concerns some trainings only has an entry of its own, so that the runs of all others stay what they are.
"""

from collections.abc import Callable, Mapping
from typing import Any

Group = Mapping[str, Any]

EVERYWHERE = 1

PADDED = ("csv", "et_smnist", "physionet", "xor", "xor_dense")  # may be at their end


def _drops_in_padding(model: Group, task: Group) -> bool:
    """Whether dropout was drawn for steps that only padding has, and is no longer."""
    whole = model["name"] == "transformer" and model["dropout"] > 0 and task["name"] in ("csv", "physionet")
    return whole or (model.get("backbone_dropout", 0) > 0 and task["name"] in PADDED)


# Each raises the numerics of the trainings that it concerns, told by the groups ``model`` and ``task``, by one.
CHANGES: tuple[Callable[[Group, Group], bool], ...] = (
    lambda model, task: model["name"] == "cfc_s" and model.get("flavour") == "torch",  # first A and w_tau drawn
    lambda model, task: task["name"] == "csv",  # the unit of time, compact dates, windows behind the end
    _drops_in_padding,
)


def numerics(model: Group, task: Group) -> int:
    """The numerics of a training with these settings."""
    return EVERYWHERE + sum(concerns(model, task) for concerns in CHANGES)
