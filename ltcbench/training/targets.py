"""Whether there is something to learn and to measure: told before a training, not after it."""

from collections.abc import Sequence

import torch

from ltcbench.errors import UserError
from ltcbench.tasks import SequenceData
from ltcbench.training.batches import Part


def check(data: SequenceData, class_weights: Sequence[float] | None) -> None:
    """See that every part has targets, and that the weights of the classes are those of the task.

    Args:
        data: the task.
        class_weights: set by the user, None: the task's own.

    Raises:
        UserError: a part without any target that counts, or weights that do not fit the classes.
    """
    if class_weights is not None:
        _check_weights(list(class_weights), data.spec.labels)
    weights = class_weights or data.class_weights
    for name, split in (("train", data.train), ("valid", data.valid), ("test", data.test)):
        if split is None:
            continue
        part = Part.of(data.spec, split, torch.device("cpu"))
        counting = part.counting(torch.tensor(weights) if weights and name == "train" else None)
        if len(part) == 0 or (counting is not None and not counting.any()):
            weighed = " whose class has a weight" if weights and name == "train" else ""
            raise UserError(
                f"the part {name} has {len(part)} sequences and not a single target{weighed}: expected at least one; "
                "see to the labels, or split the data in another way."
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
