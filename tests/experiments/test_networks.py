"""The random networks: the order of the draws, and the equations against a transcription unit by unit."""

from dataclasses import replace

import numpy as np
import pytest

from ltcbench.experiments import networks
from ltcbench.experiments.networks import ACTIVATIONS, MODELS, Quirks, drawn, right_hand_side

AUTHORS = Quirks(
    variance_as_sd=True,
    tau_near_zero=True,
    tau_sd=2.0,
    baselines_without_recurrence=True,
    summed_reversal=True,
    linear_hard_tanh=True,
    absolute_decay=True,
    two_drives=True,
    sampled_input=True,
)
CLEAN = Quirks(False, False, 2.0, False, False, False, True, False, False)


def test_the_order_of_the_draws() -> None:
    k, d = 5, 3
    normal = np.random.default_rng(7).standard_normal
    weights = drawn(7, k, d, 2.0, AUTHORS)
    np.testing.assert_array_equal(weights.W, 2 * normal((d, k, k)))
    np.testing.assert_array_equal(weights.b, normal((d, k)))
    np.testing.assert_array_equal(weights.E, 2 * normal((d, k, k)))
    np.testing.assert_array_equal(weights.tau.ravel(), 2 * np.abs(normal(d * k)))
    np.testing.assert_array_equal(weights.W_r, 2 * normal((d, k, k)))
    np.testing.assert_array_equal(weights.b_r, normal((d, k)))
    np.testing.assert_array_equal(weights.E_r, 2 * normal((d, k, k)))


def test_the_scales_of_the_paper() -> None:
    """Variance 2 / k of the weights, 1 of the biases; 1 / tau is half normal."""
    one, own = drawn(3, 40, 2, 2.0, CLEAN), drawn(3, 40, 2, 2.0, AUTHORS)
    for name in ("W", "E", "W_r", "E_r"):
        np.testing.assert_allclose(getattr(one, name), getattr(own, name) / 2 * np.sqrt(2 / 40))
    np.testing.assert_array_equal(one.b, own.b)
    np.testing.assert_allclose(1 / one.tau, own.tau / 2)
    wide = drawn(3, 40, 2, 2.0, CLEAN, reversal=2.0)
    np.testing.assert_allclose(wide.E, own.E / 2 * np.sqrt(2))
    np.testing.assert_array_equal(wide.W, one.W)


def transcription(model: str, t: float, x: np.ndarray, w: networks.Weights, name: str, quirks: Quirks) -> np.ndarray:
    """dx/dt of a unit at a time."""
    d, k = w.b.shape

    def f(z: float) -> float:
        if name == "hard_tanh" and quirks.linear_hard_tanh:
            return z
        return float(ACTIVATIONS[name](np.array([z]))[0])

    def size(y: float) -> float:
        return abs(y) if quirks.absolute_decay else y

    if quirks.sampled_input:
        times = np.linspace(0, 2 * np.pi, 100)
        signal = [float(np.interp(t, times, np.sin(times))), float(np.interp(t, times, np.cos(times)))]
    else:
        signal = [np.sin(t), np.cos(t)]
    found = np.zeros((d, k))
    states = x.reshape(d, k)
    for layer in range(d):
        u = signal if layer == 0 else list(states[layer - 1])
        for i in range(k):
            z = sum(u[j] * w.W[layer, j, i] for j in range(len(u))) + w.b[layer, i]
            r = sum(states[layer, j] * w.W_r[layer, j, i] for j in range(k))
            a = sum(w.E[layer, j, i] for j in range(k)) if quirks.summed_reversal else w.E[layer, 0, i]
            a_r = sum(w.E_r[layer, j, i] for j in range(k)) if quirks.summed_reversal else w.E_r[layer, 0, i]
            own, tau = states[layer, i], w.tau[layer, i]
            if model != "ltc":
                drive = f(z) if quirks.baselines_without_recurrence else f(z + r)
                found[layer, i] = drive - (own / tau if model == "ctrnn" else 0)
            elif quirks.two_drives:
                y, y_r = f(z), f(r + w.b_r[layer, i])
                found[layer, i] = -own * (1 / tau + size(y) + size(y_r)) + a * y + a_r * y_r
            else:
                y = f(z + r)
                found[layer, i] = -own * (1 / tau + size(y)) + a * y
    return found.ravel()


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("quirks", [AUTHORS, CLEAN, replace(AUTHORS, absolute_decay=False, summed_reversal=False)])
@pytest.mark.parametrize("model", MODELS)
def test_the_equations_unit_by_unit(model: str, quirks: Quirks, name: str) -> None:
    k, d = 4, 3
    weights = drawn(1, k, d, 2.0, quirks)
    F = right_hand_side(model, weights, name, quirks)
    rng = np.random.default_rng(0)
    for t in (0.0, 1.234, 2 * np.pi):
        x = rng.standard_normal(d * k)
        np.testing.assert_allclose(F(t, x), transcription(model, t, x, weights, name, quirks), rtol=1e-12, atol=1e-12)


def test_a_derivative_is_nobody_elses_array() -> None:
    weights = drawn(0, 4, 1, 2.0, AUTHORS)
    F = right_hand_side("node", weights, "identity", AUTHORS)
    one = F(0.1, np.zeros(4))
    before = one.copy()
    F(2.0, np.ones(4))
    np.testing.assert_array_equal(one, before)


def test_the_second_lap_is_the_first_again() -> None:
    for quirks in (AUTHORS, CLEAN):
        F = right_hand_side("ltc", drawn(0, 6, 1, 2.0, quirks), "tanh", quirks)
        x = np.linspace(-1, 1, 6)
        np.testing.assert_allclose(F(0.7, x), F(0.7 + 2 * np.pi, x), rtol=1e-9)
