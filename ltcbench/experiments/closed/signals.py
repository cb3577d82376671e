"""Inputs of one unit: five kinds."""

from collections.abc import Callable, Mapping

import numpy as np

from ltcbench.experiments.closed.scalar import Array

Signal = Callable[[np.random.Generator, Array], Array]


def constant(rng: np.random.Generator, t: Array) -> Array:
    """A normal number."""
    return np.full_like(t, rng.standard_normal())


def sine(rng: np.random.Generator, t: Array) -> Array:
    """Of amplitude 1; frequency U(0.1, 1), then phase U(0, 2 pi)."""
    frequency, phase = rng.uniform(0.1, 1.0), rng.uniform(0, 2 * np.pi)
    return np.asarray(np.sin(2 * np.pi * frequency * t + phase))


def step(rng: np.random.Generator, t: Array) -> Array:
    """From 0 to a normal number; after it the time of the step, U(0, end)."""
    level = rng.standard_normal()
    return np.where(t < rng.uniform(0, t[-1]), 0.0, level)


def ramp(rng: np.random.Generator, t: Array) -> Array:
    """In a straight line from one normal number to another."""
    first, last = rng.standard_normal(2)
    return np.asarray(first + (last - first) * t / t[-1])


def ornstein_uhlenbeck(rng: np.random.Generator, t: Array) -> Array:
    """A stationary process of time constant 1 and variance 1, from a normal number for each point of time."""
    shocks = rng.standard_normal(len(t))
    keep = np.exp(-np.diff(t))
    path = np.empty_like(t)
    path[0] = shocks[0]
    for i, (kept, fresh) in enumerate(zip(keep, np.sqrt(1 - keep**2) * shocks[1:], strict=True)):
        path[i + 1] = kept * path[i] + fresh
    return path


SIGNALS: Mapping[str, Signal] = {
    "constant": constant,
    "sine": sine,
    "step": step,
    "ramp": ramp,
    "ornstein_uhlenbeck": ornstein_uhlenbeck,
}
