"""What every task returns, and how long recordings are cut into windows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Scaling(NamedTuple):
    """How columns of numbers (..., K) were made alike: ``(values - mean) / deviation``; empty: they were not."""

    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()

    def scaled(self, values: Array) -> Array:
        """The values, scaled."""
        return (values - np.array(self.mean)) / np.array(self.deviation) if self.mean else values

    def unscaled(self, values: Array) -> Array:
        """The values as they were."""
        return values * np.array(self.deviation) + np.array(self.mean) if self.mean else values


UNSCALED = Scaling()


class Clock(NamedTuple):
    """How the times of a user's own table were measured.

    Attributes:
        dates: they were dates, not numbers.
        unit: an elapsed time of 1 in seconds, or in what the numbers count.
        usual: the median gap between two rows of the training part, as an elapsed time; None: not told.
    """

    dates: bool
    unit: float
    usual: float | None = None


@dataclass(frozen=True)
class Split:
    """One part (train, valid or test) of a task.

    Attributes:
        x: inputs, (N, T, F) float32.
        y: targets: class numbers (N, T) or (N,) int64, -1 at steps that have none, or values (N, T, K) or (N, K)
            float32, NaN at steps that have none.
        elapsed: time since the previous step in the task's unit, (N, T) float32.
        mask: which steps count, (N, T) bool; steps where it is False neither change a model's state nor enter loss
            or metric. (N, T, F) bool where single values are missing. None: everything is observed.
    """

    x: Array
    y: Array
    elapsed: Array
    mask: Array | None = None

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Spec:
    """What is fixed about a task, whatever the protocol and the data.

    Attributes:
        metric: the number that stands in the tables: ``accuracy``, ``f1``, ``auc`` or ``mse``.
        loss: ``cross_entropy``, ``binary_cross_entropy`` (one logit) or ``mse``.
        features: F, the width of the inputs; with a vocabulary, 1 (a word's number).
        length: T, the number of steps of a window or of a padded sequence.
        output_size: width of the model's read-out (1 for two classes told by the sign of one logit).
        sizes: the numbers of windows of train, valid (0: none) and test under ``protocol=paper``.
        labels: names of the classes in order, empty for regression.
        per_step: a target at every step, not one for the whole sequence.
        irregular: elapsed times differ from step to step.
        padded: sequences have different lengths, so there is a mask.
        vocabulary: number of words where the inputs are word numbers, else 0.
        scaling: how the inputs of a user's own table were scaled.
        target_scaling: how its numbers to predict were; the metric is that of the numbers as they stand in the table.
        clock: how its times were measured; None: every row is one unit after the one before.
    """

    metric: Literal["accuracy", "f1", "auc", "mse"]
    loss: Literal["cross_entropy", "binary_cross_entropy", "mse"]
    features: int
    length: int
    output_size: int
    sizes: tuple[int, int, int]
    labels: tuple[str, ...] = ()
    per_step: bool = True
    irregular: bool = False
    padded: bool = False
    vocabulary: int = 0
    scaling: Scaling = UNSCALED
    target_scaling: Scaling = UNSCALED
    clock: Clock | None = None

    @property
    def direction(self) -> Literal["max", "min"]:
        """Which way the metric is better."""
        return "min" if self.metric == "mse" else "max"

    @classmethod
    def from_plain(cls, fields: Mapping[str, Any]) -> "Spec":
        """From what ``dataclasses.asdict`` and JSON made of one.

        Raises:
            TypeError: it was none.
        """
        named: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
        }
        for name in ("scaling", "target_scaling"):
            named[name] = Scaling(*map(tuple, named.get(name, ())))
        if named.get("clock") is not None:
            named["clock"] = Clock(*named["clock"])
        return cls(**named)


@dataclass(frozen=True)
class SequenceData:
    """A prepared benchmark.

    Attributes:
        spec: what is fixed about the task.
        train, valid, test: the three parts; ``valid`` is None where the protocol has none.
        selection: ``best`` takes the epoch with the best validation metric, ``last`` the last epoch.
        final_epoch_counts: False where the protocol never evaluates the weights after the last epoch.
        class_weights: weight of each class in the loss, or None.
        weights_normalised: True divides the weighted loss by the sum of the weights, False by the number of targets.
        source: ``official``, ``subset``, ``recomputed``, ``generated`` (made by the benchmark's own rule, as
            official data are), ``synthetic`` or ``own`` (the user's).
        checksums: SHA-256 of every raw file that went in.
        quirks: the switches as they were set.
        last_known: the last numbers known at each step of the test part before those to predict, (N, T, K) float32,
            scaled as these, NaN where there are none; None: not told.
    """

    spec: Spec
    train: Split
    valid: Split | None
    test: Split
    selection: Literal["best", "last"] = "best"
    final_epoch_counts: bool = True
    class_weights: tuple[float, ...] | None = None
    weights_normalised: bool = True
    source: str = "official"
    checksums: Mapping[str, str] = field(default_factory=dict)
    quirks: Mapping[str, bool] = field(default_factory=dict)
    last_known: Array | None = None

    @property
    def metric(self) -> str:
        """Name of the metric that stands in the tables."""
        return self.spec.metric

    @property
    def direction(self) -> Literal["max", "min"]:
        """Which way the metric is better."""
        return self.spec.direction

    @property
    def classes(self) -> int:
        """Number of classes, 0 for regression."""
        return len(self.spec.labels)


def starts(length: int, window: int, stride: int) -> Array:
    """First steps of the windows that the authors cut from ``length`` steps.

    Their loops run while ``start < length - window``, so the last window that would fit is never cut.
    """
    return np.arange(0, length - window, stride)


def starts_within(group: Array, window: int, stride: int) -> Array:
    """First steps of the windows cut inside each run of equal values of ``group`` (length,)."""
    edges = np.flatnonzero(group[1:] != group[:-1]) + 1
    runs = zip(np.r_[0, edges], np.r_[edges, len(group)], strict=True)
    return np.concatenate([begin + starts(end - begin, window, stride) for begin, end in runs])


def cut(rows: Array, first: Array, window: int) -> Array:
    """Windows (N, window, ...) of ``rows`` (length, ...) that begin at the steps ``first`` (N,)."""
    return rows[first[:, None] + np.arange(window)]


def unit_elapsed(x: Array) -> Array:
    """Elapsed times (N, T) of data without time stamps: every step counts as one unit."""
    return np.ones(x.shape[:2], dtype=np.float32)
