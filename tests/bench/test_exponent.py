"""Exponents of power laws."""

import numpy as np
import pytest
from scipy import stats

from ltcbench.bench.exponent import exponent


def test_a_power_law_has_its_exponent() -> None:
    sizes = np.array([1, 2, 4, 8.0])
    assert exponent(sizes, 3 * sizes**2).value == pytest.approx(2)
    assert str(exponent(sizes, 3 * sizes**2)) == "2.00 [2.00, 2.00]"


def test_the_interval_covers_the_exponent_as_often_as_it_says() -> None:
    rng, sizes = np.random.default_rng(0), np.array([8, 16, 32, 64, 128.0])
    found = [exponent(sizes, sizes**1.3 * np.exp(0.1 * rng.standard_normal(5))) for _ in range(300)]
    covered = sum(its.low <= 1.3 <= its.high for its in found if its.low is not None and its.high is not None)
    assert stats.binomtest(covered, 300, 0.95).pvalue > 0.001


def test_two_sizes_have_no_interval() -> None:
    found = exponent([1, 10], [1, 100])
    assert (found.value, found.low, found.high) == (pytest.approx(2), None, None)
    assert str(found) == "2.00"
