"""Equation 1 with other activations."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ltcbench.experiments.stability.equation_one import Weights, bounds, drawn


@pytest.mark.parametrize(("phi", "magnitude"), [("sigmoid", False), ("tanh", True), ("hard_tanh", True)])
def test_where_f_is_a_conductance_both_theorems_hold(phi: str, magnitude: bool) -> None:
    for seed in range(3):
        found = bounds(drawn(np.random.default_rng(seed)), phi, magnitude, h=0.02)
        assert found.excess <= 1e-9
        assert found.tau_outside == 0


def test_relu_breaks_the_first_theorem_alone_and_tanh_both() -> None:
    relu, tanh = (bounds(drawn(np.random.default_rng(0)), phi, h=0.02) for phi in ("relu", "tanh"))
    assert relu.excess <= 1e-9
    assert relu.tau_outside > 0
    assert relu.tau_not_positive == 0
    assert tanh.excess > 1
    assert tanh.tau_outside > 0.3


def test_the_identity_blows_up() -> None:
    assert bounds(drawn(np.random.default_rng(0)), "identity", h=0.02).excess == np.inf


def test_a_constant_f_has_a_closed_form() -> None:
    """One unit, f = -1/2 by a bias: x = -A (1 - exp(-t/2)), outside [0, A] by A (1 - exp(-t/2))."""
    unit = Weights(np.zeros((2, 1)), np.zeros((1, 1)), np.array([np.arctanh(-0.5)]), np.array([2.0]))
    assert bounds(unit, "tanh", until=3.0).excess == pytest.approx(2 * (1 - np.exp(-1.5)), rel=1e-8)
    assert bounds(unit, "tanh", magnitude=True, until=3.0).excess == 0


def test_the_steps_follow_scipy() -> None:
    weights = drawn(np.random.default_rng(3))

    def slope(t: float, x: np.ndarray) -> np.ndarray:
        f = np.tanh(np.sin(t) * weights.w[0] + np.cos(t) * weights.w[1] + weights.b + x @ weights.w_r)
        return f * weights.a - (1 + f) * x

    exact = solve_ivp(
        slope, (0, 2), np.zeros(16), method="DOP853", rtol=1e-10, atol=1e-10, t_eval=np.linspace(0, 2, 201)
    )
    low, high = np.minimum(0, weights.a), np.maximum(0, weights.a)
    excess = max(0.0, (low - exact.y.T).max(), (exact.y.T - high).max())
    assert bounds(weights, "tanh", until=2.0).excess == pytest.approx(excess, rel=1e-6)
