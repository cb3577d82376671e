import math
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltcbench.reporting.charts import Axis, axis, interval, shares


def test_an_axis_maps_its_ends_and_keeps_what_is_beyond_at_them() -> None:
    linear, log = Axis(0, 10, 100, 200), Axis(1, 100, 0, 50, log=True)
    assert [linear(value) for value in (0, 5, 10, -3, 99)] == [100, 150, 200, 100, 200]
    assert [log(value) for value in (1, 10, 100)] == [0, 25, 50]


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=5), st.booleans())
def test_every_axis_holds_its_values_and_has_a_few_round_ticks(values: list[float], log: bool) -> None:
    found = axis(values, 0, 100, log)
    assert found.low < min(values) <= max(values) < found.high
    ticks = found.ticks()
    near = (found.high - found.low) * 1e-6
    assert all(found.low - near <= tick <= found.high + near for tick in ticks)
    assert len(ticks) <= 6
    if not log:
        steps = {round(math.log10(b - a) % 1, 6) for a, b in pairwise(ticks)}
        assert all(any(abs(step - math.log10(nice)) < 1e-3 for nice in (1, 2, 2.5, 5, 10)) for step in steps)


@given(st.floats(1e-6, 1e6), st.floats(1.001, 1e6))
def test_a_logarithmic_axis_has_ticks_where_the_data_lie(low: float, ratio: float) -> None:
    found = axis([low, low * ratio], 0, 100, log=True)
    assert 2 <= len([tick for tick in found.ticks() if found.low <= tick <= found.high]) <= 6


def places(svg: str) -> dict[str, float]:
    found = re.search(r'circle class="dot" cx="([\d.]+)"', svg)
    low, high = re.search(r'class="span" d="M([\d.]+) 6H([\d.]+)"', svg).groups()  # type: ignore[union-attr]
    return {"low": float(low), "dot": float(found[1]) if found else math.nan, "high": float(high)}


def test_the_strip_shows_where_the_interval_lies() -> None:
    inside = places(interval(0.5, -0.5, 1.5, 1.0, ""))
    assert inside["low"] < 60 < inside["dot"] < inside["high"]
    assert math.isnan(places(interval(9.0, 8.0, 10.0, 1.0, ""))["dot"])  # beyond, so an arrow
    assert "span" not in interval(0.5, None, None, 1.0, "")


@pytest.mark.parametrize("counts", [[("a", 1), ("b", 3)], [("a", 0)], []])
def test_shares_fill_the_bar(counts: list[tuple[str, int]]) -> None:
    widths = [
        float(width) for width in re.findall(r'<rect class="\w" x="[\d.]+" y="0" width="([\d.]+)"', shares(counts, ""))
    ]
    assert sum(widths) == pytest.approx(320 if any(n for _, n in counts) else 0)
