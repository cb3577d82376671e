"""How each class fared: the confusion matrix, precision, recall and F1."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def confusion(y: Tensor, target: Tensor, classes: int) -> Tensor:
    """How often each class (row) was taken for each (column), (classes, classes or more) int64.

    Args:
        y: logits (M, K), or (M, 1) for two classes told by the sign; a network with more outputs than there are classes
            may take one for none of them, a column behind the classes.
        target: class numbers (M,).
        classes: their number.
    """
    chosen = (y[:, 0] > 0).long() if y.shape[1] == 1 else y.argmax(1)
    columns = max(classes, y.shape[1])
    return torch.bincount(target * columns + chosen, minlength=classes * columns).view(classes, columns)


def told(matrix: Tensor, labels: Sequence[str]) -> dict[str, Any]:
    """What a confusion matrix says of each class, as plain values; None where there is nothing to divide by."""
    right = matrix.diagonal()
    chosen, there = matrix.sum(0)[: len(labels)], matrix.sum(1)

    def shares(part: Tensor, of: Tensor) -> dict[str, float | None]:
        each = zip(labels, part.tolist(), of.tolist(), strict=True)
        return {label: some / all_ if all_ else None for label, some, all_ in each}

    return {
        "labels": list(labels),
        "confusion": matrix.tolist(),
        "precision": shares(right, chosen),
        "recall": shares(right, there),
        "f1": shares(2 * right, chosen + there),
    }
