"""The closed form and what it is compared with, where there are closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from ltcbench.experiments.closed import scalar
from ltcbench.experiments.closed.signals import SIGNALS

T = np.linspace(0, 10, 2001)
UNIT = scalar.Unit(sigma=4.0, mu=0.5, a=-1.0, x0=0.3)


@pytest.mark.parametrize("w", [0.0, 0.5, 5.0])
def test_a_constant_input(w: float) -> None:
    f = float(UNIT.f(np.array(0.7)))
    found = scalar.solutions(UNIT, w, T, np.full_like(T, 0.7))
    rest = UNIT.a * f / (w + f)
    assert found["ode"] == pytest.approx(rest + (UNIT.x0 - rest) * np.exp(-(w + f) * T))
    assert found["modified"] == pytest.approx(UNIT.c * np.exp(-(w + f) * T) + UNIT.a)
    assert found["no_factor"] == pytest.approx(found["modified"])
    assert found["closed"][0] - UNIT.x0 == pytest.approx(-UNIT.c * f)
    assert found["rest"] == pytest.approx(np.full_like(T, rest))


def test_both_equations_against_scipy() -> None:
    found = scalar.solutions(UNIT, 0.5, T, np.sin(T))

    def f(t: float) -> float:
        return float(UNIT.f(np.sin(np.asarray(t))))

    slopes = {
        "ode": lambda t, x: UNIT.a * f(t) - (0.5 + f(t)) * x,
        "modified": lambda t, x: (0.5 + f(t)) * (UNIT.a - x),
    }
    for name, slope in slopes.items():
        exact = solve_ivp(slope, (0, 10), [UNIT.x0], method="DOP853", rtol=1e-10, atol=1e-12, t_eval=T)
        assert found[name] == pytest.approx(exact.y[0], abs=2e-5)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(list(SIGNALS)))
def test_lemma_1_holds_for_every_input(seed: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    unit = scalar.drawn(rng)
    signal = SIGNALS[name](rng, T)
    bracket = scalar.bracket(T, unit.f(signal))
    assert np.abs(bracket).max() <= 1
    assert bracket.min() >= np.exp(-10) - 1
    found, bound = scalar.solutions(unit, 0.3, T, signal), scalar.lemma(unit, 0.3, T)
    assert found["modified"] - found["closed"] == pytest.approx(np.sign(unit.c) * bound * bracket, abs=1e-12)


@pytest.mark.parametrize("t", [0.5, 1.0, 3.0])
def test_the_lemma_is_sharp(t: float) -> None:
    assert scalar.sharpest(t, upper=True) == pytest.approx(1, abs=2e-6)
    assert scalar.sharpest(t, upper=False) == pytest.approx(np.exp(-t) - 1, abs=2e-6)


def test_the_formula_without_input_has_half_the_worst_case() -> None:
    for f in (0.0, 1.0):
        worst = np.abs(np.exp(-f * T) - (1 + np.exp(-T)) / 2)
        assert worst == pytest.approx((1 - np.exp(-T)) / 2)
