"""Lengths and turns of curves that are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltcbench.experiments import geometry
from ltcbench.experiments.lower_bounds import input_length
from tests.experiments.test_networks import AUTHORS, CLEAN

T = np.linspace(0, 2 * np.pi, 2001)
CIRCLE = np.stack([np.sin(T), np.cos(T)], axis=1)
LINE = np.linspace(0, 1, 2001)[:, None] * [3.0, -4.0, 12.0]


def test_the_input_itself() -> None:
    assert input_length(AUTHORS) == pytest.approx(99 * 2 * np.sin(np.pi / 99))
    assert round(input_length(AUTHORS), 4) == 6.2821
    assert input_length(CLEAN) == 2 * np.pi


def test_a_straight_line() -> None:
    assert geometry.length(LINE) == pytest.approx(13)
    assert geometry.relative_length(LINE) == pytest.approx(np.sqrt(12), rel=1e-3)
    assert geometry.turning(LINE[::5] + 1) == pytest.approx(0, abs=1e-6)


def test_a_circle() -> None:
    assert geometry.length(CIRCLE) == pytest.approx(2 * np.pi, rel=1e-5)
    assert geometry.relative_length(CIRCLE) == pytest.approx(2 * np.pi * np.sqrt(2), rel=1e-3)
    assert geometry.turning(CIRCLE[::5]) == pytest.approx(1, abs=0.01)


def test_two_components_hold_a_curve_of_the_plane_and_half_of_two_circles() -> None:
    rotated = CIRCLE @ np.linalg.qr(np.random.default_rng(0).standard_normal((7, 2)))[0].T
    assert geometry.components(rotated)[1] == pytest.approx(1)
    two = np.concatenate([CIRCLE, np.stack([np.sin(2 * T), np.cos(2 * T)], axis=1)], axis=1)
    assert geometry.components(two)[1] == pytest.approx(0.5, abs=1e-3)


@given(st.floats(-150, 150), st.integers(0, 100))
def test_lengths_have_a_unit_and_the_others_none(power: float, seed: int) -> None:
    states = np.cumsum(np.random.default_rng(seed).standard_normal((50, 4)), axis=0)
    scaled = states * 10.0**power + 10.0**power
    assert geometry.length(scaled) == pytest.approx(geometry.length(states) * 10.0**power, rel=1e-6)
    assert geometry.relative_length(scaled) == pytest.approx(geometry.relative_length(states), rel=1e-6)
    assert geometry.turning(scaled) == pytest.approx(geometry.turning(states), abs=1e-6)


def test_what_does_not_move_has_no_share() -> None:
    still = np.ones((5, 3))
    assert geometry.length(still) == 0
    assert np.isnan(geometry.components(still)[1])
