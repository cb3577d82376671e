"""The lower bounds against numbers worked out by hand, and draws in a few numbers."""

import math

import numpy as np
import pytest

from ltcbench.experiments import summaries, theorems
from ltcbench.experiments.theorems import Measured

ITS = Measured(depth=2.0, input_length=3.0, distance=0.5, norm=40.0)


def test_the_base() -> None:
    """sqrt(2) sqrt(100) / sqrt(3 + 100 sqrt(3))."""
    assert round(theorems.base(100, 2.0), 4) == 1.0654
    assert round(theorems.base(100, 32.0), 2) == 2.30


def test_the_bounds_as_they_are_printed() -> None:
    b, sw = theorems.base(100, 2.0), math.sqrt(2)
    assert theorems.paper("node", 100, 3, 2.0, ITS) == pytest.approx(b**6 * 3)
    assert theorems.paper("ctrnn", 100, 3, 2.0, ITS) == pytest.approx((b * (sw - 1) / sw) ** 6 * 3)
    assert theorems.paper("ltc", 100, 3, 2.0, ITS) == pytest.approx(b**6 * (sw + 0.5 / (2 * math.pi / 99)) * 3)
    assert theorems.script("ctrnn", 100, 3, 2.0, ITS) == pytest.approx(b**6 * 3)
    static = math.sqrt(100) / math.sqrt(3 + 100 * math.sqrt(3))
    assert theorems.script("ltc", 100, 3, 2.0, ITS) == pytest.approx(static**3 * (2 + 0.01 * 40) * 3)


def test_where_the_base_is_not_positive_there_is_no_bound() -> None:
    assert theorems.paper("ctrnn", 100, 1, 1.0, ITS) is None
    assert theorems.script("ltc", 100, 1, 0.5, ITS) is None
    assert theorems.paper("node", 100, 1, 32.0, Measured(1e6, 3.0, 0.5, 1.0)) == pytest.approx(3e300)


def test_what_is_measured_of_a_curve() -> None:
    found = theorems.measured(np.array([[3.0, 4.0], [-3.0, -4.0]]), 1.0, 2.0)
    assert found == Measured(1.0, 2.0, 5.0, pytest.approx(3.5 * math.sqrt(2)))


def test_what_did_not_finish_counts_as_beyond_all() -> None:
    found = summaries.summary([1.0, 2.0, 3.0, 0.0], [True, True, True, False])
    assert (found["n"], found["unfinished"], found["median"], found["high"]) == (4, 1, 2.5, None)
    assert summaries.summary([5.0], [False])["low"] is None


def test_outliers_are_those_of_a_box_plot() -> None:
    assert summaries.without_outliers([1, 2, 3, 4, 100]) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.00"), (0.567, "0.567"), (0.5996, "0.600"), (12345.6, "12,300"), (9.996, "10.0"), (1e38, "1.00e+38"),
     (-4.25, "-4.25"), (None, "> limit"), (0.00012, "1.20e-04")],
)  # fmt: skip
def test_numbers_are_shown_with_three_digits(value: float | None, text: str) -> None:
    assert summaries.shown(value) == text
