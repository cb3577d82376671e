"""Measurements made up."""

from dataclasses import replace

from ltcbench.bench.cases import Case, Shape
from ltcbench.bench.measure import named
from ltcbench.bench.measurements import Row

CASE = Case("cfc", Shape(16, 32, 17, 32))


def row(case: Case, median: float, who: str = "eager") -> Row:
    """A measurement of a case in which nothing varies."""
    return Row(**named(case), who=who, ours=True, n=3, median=median, low=median, high=median)


def epoch(model: str, who: str, median: float, error: float | None, ours: bool = True) -> Row:
    """A measured epoch of cheetah."""
    case = Case(model, CASE.shape)
    return replace(row(case, median, who), what="epoch", task="cheetah", error=error, ours=ours)
