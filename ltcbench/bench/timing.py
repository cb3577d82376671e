"""Times of several actions, taken in turns, so that what slows the machine down slows all of them down."""

import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch

from ltcbench.running.machine import PRECISIONS

Action = Callable[[], object]
Clock = Callable[[], float]
K = TypeVar("K")

SAMPLE = 0.01  # seconds that a sample lasts at least: short actions are repeated in it
WARM_UP = 2  # calls before the first sample; torch.compile works in the first
LEAST = 3  # samples of an action, however slow it is


@dataclass(frozen=True)
class Times:
    """Seconds of an action: number of samples, their median and quartiles."""

    n: int
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: list[float]) -> "Times":
        """The statistics of ``samples``."""
        low, median, high = statistics.quantiles(samples * (2 if len(samples) == 1 else 1), method="inclusive")
        return cls(len(samples), median, low, high)

    def __mul__(self, number: float) -> "Times":
        return Times(self.n, self.median * number, self.low * number, self.high * number)

    def __truediv__(self, number: float) -> "Times":
        return Times(self.n, self.median / number, self.low / number, self.high / number)


def interleaved(
    actions: Mapping[K, Action],
    repeats: int,
    seconds: float = math.inf,
    clock: Clock = time.perf_counter,
    synchronise: Action = lambda: None,
) -> dict[K, Times]:
    """The times of each action.

    All are warmed up. Then each round takes one sample of every action, beginning with another one each time, so that
    none always follows the same.

    Args:
        actions: what to time, by name.
        repeats: samples of each.
        seconds: an action whose samples have taken so long is sampled no more, but ``LEAST`` times at least.
        clock: tells the time in seconds.
        synchronise: waits until the device has done what it was told.
    """
    calls = {name: _calls(action, clock, synchronise) for name, action in actions.items()}
    samples: dict[K, list[float]] = {name: [] for name in actions}
    names = list(actions)
    for i in range(repeats):
        first = i % len(names)
        for name in names[first:] + names[:first]:
            if i < LEAST or sum(samples[name]) * calls[name] < seconds:
                samples[name].append(_sample(actions[name], calls[name], clock, synchronise))
    return {name: Times.of(values) for name, values in samples.items()}


def _calls(action: Action, clock: Clock, synchronise: Action) -> int:
    """How often to call an action in a sample; warms it up."""
    for _ in range(WARM_UP):
        took = _sample(action, 1, clock, synchronise)
    return max(1, math.ceil(SAMPLE / took)) if took > 0 else 1


def _sample(action: Action, calls: int, clock: Clock, synchronise: Action) -> float:
    """Seconds of one call."""
    began = clock()
    for _ in range(calls):
        action()
    synchronise()
    return (clock() - began) / calls


@contextmanager
def precise(precision: str) -> Iterator[None]:
    """Matrix products of float32 in this precision, one of ``PRECISIONS``."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(PRECISIONS[precision])
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def with_precision(action: Action, precision: str) -> Action:
    """The action in this precision."""

    def changed() -> None:
        with precise(precision):
            action()

    return changed
