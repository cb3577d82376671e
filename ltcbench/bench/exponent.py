"""How a cost grows: the exponent of a power law with its interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


@dataclass(frozen=True)
class Exponent:
    """The exponent of cost ~ size^value and the ends of its 95 % interval, None with fewer than three sizes."""

    value: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        ends = "" if self.low is None or self.high is None else f" [{self.low:.2f}, {self.high:.2f}]"
        return f"{self.value:.2f}{ends}"


def exponent(sizes: ArrayLike, costs: ArrayLike, confidence: float = 0.95) -> Exponent:
    """The slope of log cost over log size by least squares, with Student's t for its interval.

    Args:
        sizes: two or more, above zero and not all the same.
        costs: of each, above zero.
        confidence: of the interval.
    """
    x, y = np.log(np.asarray(sizes, dtype=float)), np.log(np.asarray(costs, dtype=float))
    found = stats.linregress(x, y)
    value, freedom = float(found.slope), len(x) - 2
    if freedom < 1:
        return Exponent(value, None, None)
    half = float(stats.t.ppf((1 + confidence) / 2, freedom) * found.stderr)
    return Exponent(value, value - half, value + half)
