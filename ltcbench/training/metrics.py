"""Losses and metrics.

Metrics are computed from all predictions of a part at once, so they do not depend on how it was cut into batches.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ltcbench.tasks.sequences import Spec


def loss(
    spec: Spec, y: Tensor, target: Tensor, mask: Tensor | None, class_weights: Tensor | None, normalised: bool = True
) -> Tensor:
    """Mean loss of a batch.

    Args:
        spec: the task, for the kind of loss.
        y: predictions (..., K).
        target: class numbers (...) or values (..., K).
        mask: (...) bool, which targets count; None: all.
        class_weights: (classes,) or None.
        normalised: divide by the sum of the weights, not by the number of targets.
    """
    if spec.loss == "mse":
        each = (y - target).square().mean(-1)
    elif spec.loss == "cross_entropy":
        each = F.cross_entropy(y.flatten(0, -2), target.flatten(), reduction="none").view_as(target)
    else:
        each = F.binary_cross_entropy_with_logits(y[..., 0], target.to(y.dtype), reduction="none")
    if mask is None and class_weights is None:
        return each.mean()
    counted = torch.ones_like(each) if mask is None else mask.to(each.dtype)
    weight = counted if class_weights is None else counted * class_weights[target]
    return (each * weight).sum() / (weight if normalised else counted).sum()


def accuracy(y: Tensor, target: Tensor) -> float:
    """Share of right classes; ``y`` (N, K) logits, (N, 1) for two classes told by the sign; ``target`` (N,)."""
    chosen = (y[:, 0] > 0).long() if y.shape[1] == 1 else y.argmax(1)
    return (chosen == target).double().mean().item()


def mse(y: Tensor, target: Tensor) -> float:
    """Mean squared error over all values; both (N, K)."""
    return (y.double() - target.double()).square().mean().item()


def f1(y: Tensor, target: Tensor) -> float:
    """F1 of class 1; ``y`` (N, 2) logits, ``target`` (N,).

    The small numbers that keep it defined without any positive are those of the LTC paper's code (ozone).
    """
    chosen = y.argmax(1)
    hits = ((chosen == 1) & (target == 1)).sum().double()
    precision = hits / ((chosen == 1).sum().double() + 1e-5)
    recall = hits / ((target == 1).sum().double() + 1e-5)
    return (2 * precision * recall / (precision + recall + 1e-6)).item()


def auc(y: Tensor, target: Tensor) -> float:
    """Area under the receiver operating characteristic; ``y`` (N, 2) or (N, 1) logits, ``target`` (N,).

    The share of (positive, negative) pairs that are in the right order, ties counted as half; nan without both classes.
    """
    score = (y[:, -1] - y[:, 0] if y.shape[1] == 2 else y[:, 0]).double()
    _, place, counts = torch.unique(score, return_inverse=True, return_counts=True)
    last = counts.cumsum(0).double()
    rank = (last - (counts - 1) / 2)[place]  # average rank of each score, from 1
    positive = target == 1
    n, m = positive.sum().double(), (~positive).sum().double()
    area: Tensor = (rank[positive].sum() - n * (n + 1) / 2) / (n * m)
    return area.item()


METRICS: dict[str, Callable[[Tensor, Tensor], float]] = {"accuracy": accuracy, "mse": mse, "f1": f1, "auc": auc}


def metric(spec: Spec, y: Tensor, target: Tensor, mask: Tensor | None) -> float:
    """The task's metric over the targets that count, of numbers as they were before scaling; shapes as in ``loss``."""
    if mask is not None:
        y, target = y[mask], target[mask]
    if spec.target_scaling.deviation:
        deviation = y.new_tensor(spec.target_scaling.deviation, dtype=torch.float64)
        y, target = y * deviation, target * deviation
    values = target.flatten(0, -2) if spec.loss == "mse" else target.flatten()
    return METRICS[spec.metric](y.flatten(0, -2), values)
