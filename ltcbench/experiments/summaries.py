"""Draws in a few numbers. What was not reached counts as beyond all others, so that no draw is left out."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

BEYOND = 1e300  # stands for a value that was not reached


def summary(values: Sequence[float], finished: Sequence[bool]) -> dict[str, Any]:
    """Number, median and 5 to 95 % range of some draws.

    Args:
        values: one a draw, in any case finite.
        finished: whether the draw came to its end; one that did not counts as beyond all others.

    Returns:
        ``n``, ``unfinished``, and ``median``, ``low``, ``high``, each None where it lies among the unfinished.
    """
    ranked = [value if whole else BEYOND for value, whole in zip(values, finished, strict=True)]
    low, median, high = (reached(float(q)) for q in np.quantile(ranked, (0.05, 0.5, 0.95)))
    return {"n": len(values), "unfinished": len(values) - sum(finished), "low": low, "median": median, "high": high}


def reached(value: float) -> float | None:
    """The value, None where it stands for one that was not reached."""
    return value if value < BEYOND / 1e6 else None


def median(values: Sequence[float | None]) -> float | None:
    """The median of those that are there, None without any."""
    there = [value for value in values if value is not None and math.isfinite(value)]
    return float(np.median(there)) if there else None


def without_outliers(values: Sequence[float]) -> list[float]:
    """The values within a box plot's whiskers: 1.5 times the quartiles' distance beyond them."""
    low, high = np.quantile(values, (0.25, 0.75))
    reach = 1.5 * (high - low)
    return [value for value in values if low - reach <= value <= high + reach]


def shown(value: float | None, digits: int = 3) -> str:
    """A number with so many digits that count; what was not reached as ``> limit``."""
    if value is None:
        return "> limit"
    scientific = f"{value:.{digits - 1}e}"
    exponent = int(scientific.partition("e")[2])  # after rounding
    if not -4 < exponent < 6:
        return scientific
    return f"{float(scientific):,.{max(digits - 1 - exponent, 0)}f}"
