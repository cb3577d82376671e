"""What is to be had without a recurrent network: the test metrics that any model has to beat.

- ``constant``: the mean of the training targets; the most frequent class; for F1 always the positive class.
- ``last value``: the observation stays what it is; only where the targets are the observations of the next step, or
  where the task knows the last ones.
- ``linear``: least squares or logistic regression on the inputs of the same step; where a sequence has one target, on
  the last observed value of each input; where the inputs are words, on how often each occurs.

Nothing is drawn at random, and nothing is chosen on the validation or the test set.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ltcbench.tasks.sequences import Array, SequenceData, Spec, Split
from ltcbench.tasks.windows import scale
from ltcbench.training.metrics import metric

PENALTY = 1e-4  # of half the squared weights, beside the mean loss
MAX_ROWS = 25_000  # that a linear model is fitted to; of more, every second, every third ... is taken
MAX_STEPS = 100

Predictor = Callable[[Array], Tensor]


def baselines(data: SequenceData) -> dict[str, float]:
    """The test metric of each baseline that makes sense for the task, by its name."""
    x, y = _rows(data.spec, data.train)
    x_test, y_test = _rows(data.spec, data.test)

    def score(predicted: Tensor) -> float:
        return metric(data.spec, predicted, torch.as_tensor(y_test), None)

    constant = _constant(data.spec, y)
    found = {"constant": score(constant.expand(len(y_test), -1))}
    if data.last_known is not None:
        known = torch.as_tensor(data.last_known[_counting(data.spec, data.test)])
        found["last value"] = score(torch.where(known.isnan(), constant, known))
    elif _predicts_the_next_step(data.train):
        found["last value"] = score(torch.as_tensor(x_test))
    every = -(-len(x) // MAX_ROWS)
    fit = _least_squares if data.spec.loss == "mse" else _logistic_regression
    found["linear"] = score(fit(data, x[::every], y[::every])(x_test))
    return found


def _rows(spec: Spec, split: Split) -> tuple[Array, Array]:
    """What the targets that count (M, ...) are to be told from: inputs (M, F) or words (M, T)."""
    x, y, mask = split.x, split.y, split.mask
    if spec.vocabulary:
        return (x[..., 0] if mask is None else x[..., 0] * mask).astype(np.int64), y
    if spec.per_step:
        counts = _counting(spec, split)
        return x[counts], y[counts]
    seen = _seen(split)
    last = x.shape[1] - 1 - seen[:, ::-1].argmax(axis=1)
    values = x[np.arange(len(x))[:, None], last, np.arange(x.shape[2])]
    return np.where(seen.any(axis=1), values, 0), y


def _seen(split: Split) -> Array:
    """Which inputs (N, T, F or 1) are there."""
    steps = split.x.shape[:2]
    return np.ones((*steps, 1), bool) if split.mask is None else split.mask.reshape(*steps, -1)


def _counting(spec: Spec, split: Split) -> Array:
    """Which steps (N, T) have a target that counts; some have no class or number."""
    there = ~np.isnan(split.y).any(axis=-1) if spec.loss == "mse" else split.y >= 0
    counts: Array = np.logical_and(_seen(split).any(axis=-1), there)
    return counts


def _constant(spec: Spec, y: Array) -> Tensor:
    """A prediction (K,) that is right as often or as nearly as one prediction for all can be."""
    if spec.loss == "mse":
        return torch.as_tensor(y.mean(axis=0, dtype=np.float64))
    chosen = 1 if spec.metric == "f1" else int(np.bincount(y).argmax())
    return F.one_hot(torch.tensor(chosen), len(spec.labels)).double()


def _predicts_the_next_step(split: Split) -> bool:
    """Most targets are the inputs of the next step (not all, where steps were dropped)."""
    return split.x.shape == split.y.shape and bool((split.y[:, :-1] == split.x[:, 1:]).mean() > 0.5)


def _least_squares(data: SequenceData, x: Array, y: Array) -> Predictor:
    def with_one(values: Array) -> Array:
        return np.column_stack([values, np.ones(len(values))])

    weight, *_ = np.linalg.lstsq(with_one(x), y.astype(np.float64), rcond=None)
    return lambda values: torch.as_tensor(with_one(values) @ weight)


def _logistic_regression(data: SequenceData, x: Array, y: Array) -> Predictor:
    """Fitted to all rows at once by L-BFGS from zero, so the same at every call; inputs are scaled to deviation 1."""
    classes, words = len(data.spec.labels), data.spec.vocabulary
    mean, deviation = (0, 1) if words else scale(x, np.arange(len(x)))
    weight = torch.zeros(words or x.shape[1], classes, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    class_weights = None if data.class_weights is None else torch.tensor(data.class_weights, dtype=torch.float64)

    def prepared(values: Array) -> Tensor:
        return _counts(values, words) if words else torch.as_tensor((values - mean) / deviation)

    inputs, target = prepared(x), torch.as_tensor(y)
    optimiser: Any = torch.optim.LBFGS(
        [weight, bias], max_iter=MAX_STEPS, history_size=20, line_search_fn="strong_wolfe"
    )

    def loss() -> Any:
        optimiser.zero_grad()
        misfit = F.cross_entropy(inputs @ weight + bias, target, class_weights)
        total: Any = misfit + PENALTY / 2 * weight.square().sum()
        total.backward()
        return total

    optimiser.step(loss)
    return lambda values: (prepared(values) @ weight + bias).detach()


def _counts(words: Array, vocabulary: int) -> Tensor:
    """How often each word but 0, the padding, occurs in each row of ``words`` (M, T): (M, vocabulary), sparse."""
    cells, counts = np.unique(np.arange(len(words))[:, None] * vocabulary + words, return_counts=True)
    place = np.stack([cells // vocabulary, cells % vocabulary])
    kept = place[1] > 0
    return torch.sparse_coo_tensor(
        torch.as_tensor(place[:, kept]),
        torch.as_tensor(counts[kept].astype(np.float64)),
        (len(words), vocabulary),
        is_coalesced=True,
        check_invariants=False,
    )
