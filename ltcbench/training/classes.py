"""How each class fared: the confusion matrix, precision, recall and F1."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def confusion(y: Tensor, target: Tensor, classes: int) -> Tensor:
    """How often each class (row) was taken for each (column), (classes, classes) int64, or (classes, K) if K is more.

    Args:
        y: logits (M, K), or (M, 1) for two classes told by the sign.
        target: class numbers (M,).
        classes: their number.
    """
    chosen = (y[:, 0] > 0).long() if y.shape[1] == 1 else y.argmax(1)
    outputs = max(classes, y.shape[1])  # some authors' networks have more than there are classes
    return torch.bincount(target * outputs + chosen, minlength=classes * outputs).view(classes, outputs)


def told(matrix: Tensor, labels: Sequence[str]) -> dict[str, Any]:
    """What a confusion matrix says of each class, as plain values; None where there is nothing to divide by."""
    right, taken = matrix.diagonal(), matrix.sum(0)[: len(matrix)]

    def shares(of: Tensor) -> dict[str, float | None]:
        return {
            label: hits / count if count else None
            for label, hits, count in zip(labels, right.tolist(), of.tolist(), strict=True)
        }

    return {
        "labels": list(labels),
        "confusion": matrix.tolist(),
        "precision": shares(taken),
        "recall": shares(matrix.sum(1)),
        "f1": {
            label: 2 * hits / both if both else None
            for label, hits, both in zip(labels, right.tolist(), (taken + matrix.sum(1)).tolist(), strict=True)
        },
    }
