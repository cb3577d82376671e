"""Whether there is something to learn and to measure: told before a training, not after it."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import torch

from ltcbench.errors import UserError
from ltcbench.tasks import SequenceData
from ltcbench.tasks.sequences import Split
from ltcbench.training.batches import Part

log = logging.getLogger("ltcbench")


def checked(data: SequenceData, class_weights: Sequence[float] | None) -> SequenceData:
    """The task, if training and test have targets and the weights of the classes are those of the task.

    A validation part without any target is left out, which is told: the last epoch counts then.

    Args:
        data: the task.
        class_weights: set by the user, None: the task's own.

    Raises:
        UserError: no target to learn from or to be tested on, or weights that do not fit the classes.
    """
    if class_weights is not None:
        _check_weights(list(class_weights), data.spec.labels)
    weights = class_weights or data.class_weights
    if not _has_targets(data, data.train, weights):
        weighed = " whose class has a weight" if weights else ""
        raise UserError(_sentence("train", data.train, weighed))
    if not _has_targets(data, data.test, None):
        raise UserError(_sentence("test", data.test))
    if data.valid is None or _has_targets(data, data.valid, None):
        return data
    log.warning("%s The last epoch counts, as without validation.", _sentence("valid", data.valid))
    return replace(data, valid=None, selection="last")


def _has_targets(data: SequenceData, split: Split, class_weights: Sequence[float] | None) -> bool:
    if len(split) == 0:
        return False
    weights = None if class_weights is None else torch.tensor(class_weights)
    counting = Part.of(data.spec, split, torch.device("cpu")).counting(weights)
    return counting is None or bool(counting.any())


def _sentence(name: str, split: Split, weighed: str = "") -> str:
    return (
        f"the part {name} has {len(split)} sequences and not a single target{weighed}: see to the labels, or split the "
        "data in another way."
    )


def _check_weights(weights: list[float], labels: Sequence[str]) -> None:
    told = f"trainer.class_weights={weights}"
    if not labels:
        raise UserError(f"{told} is for tasks with classes, and this one predicts numbers: leave it out.")
    if len(weights) != len(labels):
        raise UserError(
            f"{told} has {len(weights)} numbers for {len(labels)} classes: write one for each of {', '.join(labels)}, "
            "in this order."
        )
