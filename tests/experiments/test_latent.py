"""Trajectories: the closed form, and reference values of the released scripts' settings."""

from dataclasses import replace

import numpy as np
import pytest

from ltcbench.experiments import geometry, latent
from ltcbench.experiments.networks import drawn
from tests.experiments.test_networks import AUTHORS, CLEAN


def test_a_neural_ode_with_identity_is_known_in_closed_form() -> None:
    """x_i(t) = W_1i (1 - cos t) + W_2i sin t + b_i t."""
    quirks = replace(AUTHORS, sampled_input=False)
    weights = drawn(4, 25, 1, 2.0, quirks)
    t = np.linspace(0, 2 * np.pi, 2001)
    found = latent.trajectory("node", weights, "identity", quirks, 1e-9, 1e-11, at=t).points
    W, b = weights.W[0], weights.b[0]
    exact = np.outer(1 - np.cos(t), W[0]) + np.outer(np.sin(t), W[1]) + np.outer(t, b)
    np.testing.assert_allclose(found, exact, atol=1e-7)
    assert geometry.length(found) == pytest.approx(geometry.length(exact), rel=1e-9)


def test_the_depth_of_a_neural_ode_is_the_step_limit() -> None:
    """14 steps: 10 full ones and a start-up; 4 points a step over 100 samples: 0.56."""
    for seed in range(3):
        weights = drawn(seed, 100, 1, 2.0, AUTHORS)
        found = latent.trajectory("node", weights, "sigmoid", AUTHORS)
        free = latent.trajectory("node", weights, "sigmoid", AUTHORS, longest=latent.END)
        assert latent.depth(found) == 0.56 and found.accepted == 14
        assert free.accepted < 14
        assert latent.depth(found, refined=False) == 0.14
        assert latent.length(free, weights) == pytest.approx(latent.length(found, weights), rel=0.01)


@pytest.mark.parametrize(
    ("model", "activation", "low", "high"),
    [
        ("node", "tanh", 35, 41),
        ("ctrnn", "tanh", 26, 34),
        ("ltc", "tanh", 340, 500),
        ("node", "relu", 70, 90),
        ("ctrnn", "relu", 34, 46),
        ("ltc", "relu", 219, 450),
    ],
)
def test_lengths_are_those_of_the_papers_figures(model: str, activation: str, low: float, high: float) -> None:
    """Figures 2C and 2D, 100 units: 81.1, 39.9, 266 and 37.1, 29.4, 439."""
    weights = [drawn(seed, 100, 1, 2.0, AUTHORS) for seed in (1, 3, 4)]
    found = [latent.length(latent.trajectory(model, w, activation, AUTHORS), w) for w in weights]
    assert low < np.median(found) < high


def test_a_clean_ltc_stays_between_its_reversal_potentials() -> None:
    weights = drawn(0, 30, 1, 2.0, CLEAN)
    found = latent.trajectory("ltc", weights, "tanh", CLEAN, 1e-6, 1e-8)
    A = np.abs(weights.E[0, 0])
    assert (np.abs(found.x) <= A * (1 + 1e-6)).all()


def test_without_the_absolute_value_a_linear_ltc_blows_up_and_says_so() -> None:
    quirks = replace(AUTHORS, absolute_decay=False)
    found = latent.trajectory("ltc", drawn(0, 100, 1, 2.0, quirks), "hard_tanh", quirks, most=500)
    assert found.status != "finished"
