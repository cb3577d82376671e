"""Equation 1 of the LTC paper with other activations than the sigmoid, driven by a circle.

    dx/dt = -(1/tau + f) x + f A,    f = phi(W I(t) + W_r x + b),    I(t) = (sin t, cos t)

With ``magnitude`` the decay takes abs f. tau_sys = tau / (1 + tau f), of abs f where the decay takes that; theorem 1's
interval for 0 <= f <= W is [tau / (1 + tau W), tau], here with W = 1, the largest value of a sigmoid.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from ltcbench.experiments.stability.weights import Array

TAU, UNITS = 1.0, 16
ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "sigmoid": expit,
    "relu": lambda z: np.maximum(z, 0.0),
    "tanh": np.tanh,
    "hard_tanh": lambda z: np.clip(z, -1.0, 1.0),
    "identity": lambda z: z,
}


@dataclass(frozen=True)
class Weights:
    """W (2, k), W_r (k, k), b and A (k,); the first index of a matrix is the source."""

    w: Array
    w_r: Array
    b: Array
    a: Array


@dataclass(frozen=True)
class Bounds:
    """What became of theorems 1 and 2 in one network.

    Attributes:
        excess: largest distance of a state from [min(0, A), max(0, A)], with ``magnitude`` from [-abs A, abs A]; inf
            where a state stops being finite.
        tau_outside: share of points in time and units whose tau_sys lies outside theorem 1's interval; a network that
            blows up counts with its last finite state from there on.
        tau_not_positive: share of them whose tau_sys is not positive.
    """

    excess: float
    tau_outside: float
    tau_not_positive: float


def drawn(rng: np.random.Generator, units: int = UNITS) -> Weights:
    """In this order: W (2, k) and W_r (k, k) of variance 2 / sources, b (k,) and A (k,) of variance 1; all normal."""
    w, w_r = (np.sqrt(2 / sources) * rng.standard_normal((sources, units)) for sources in (2, units))
    return Weights(w, w_r, rng.standard_normal(units), rng.standard_normal(units))


def bounds(weights: Weights, phi: str, magnitude: bool = False, until: float = 10.0, h: float = 0.01) -> Bounds:
    """Follow a network from zero with classical Runge-Kutta steps of length ``h``.

    Args:
        weights: of the network.
        phi: one of ``ACTIVATIONS``.
        magnitude: whether the decay takes abs f.
        until: end of the time.
        h: length of a step.
    """
    activation, a = ACTIVATIONS[phi], weights.a

    def circle(t: float) -> Array:
        return np.asarray(np.sin(t) * weights.w[0] + np.cos(t) * weights.w[1] + weights.b)

    def decay_and_f(drive: Array, x: Array) -> tuple[Array, Array]:
        f = activation(drive + x @ weights.w_r)
        return 1 / TAU + (np.abs(f) if magnitude else f), f

    def slope(drive: Array, x: Array) -> Array:
        decay, f = decay_and_f(drive, x)
        return f * a - decay * x

    steps = round(until / h)
    drives = [circle(0.5 * h * i) for i in range(2 * steps + 1)]
    states, x = [np.zeros_like(a)], np.zeros_like(a)
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(0, 2 * steps, 2):
            k1 = slope(drives[i], x)
            k2 = slope(drives[i + 1], x + 0.5 * h * k1)
            k3 = slope(drives[i + 1], x + 0.5 * h * k2)
            k4 = slope(drives[i + 2], x + h * k3)
            x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            if not np.isfinite(x).all():
                break
            states.append(x)
        blown_up = len(states) <= steps
        path = np.array(states + states[-1:] * (steps + 1 - len(states)))
        decay, _ = decay_and_f(np.array(drives[::2]), path)
    ends = (-np.abs(a), np.abs(a)) if magnitude else (np.minimum(0.0, a), np.maximum(0.0, a))
    beyond = np.inf if blown_up else max(0.0, float((ends[0] - path).max()), float((path - ends[1]).max()))
    return Bounds(
        beyond,
        float(((decay < 1 / TAU) | (decay > 1 / TAU + 1)).mean()),
        float((decay <= 0).mean()),
    )
