"""A random network driven once round a circle: its trajectory in latent space, its length and its depth."""

import numpy as np

from ltcbench.experiments import geometry
from ltcbench.experiments.networks import SAMPLES, Array, Quirks, Weights, right_hand_side
from ltcbench.experiments.ode45 import Solution, ode45

END = 2 * np.pi


def trajectory(
    model: str,
    weights: Weights,
    activation: str,
    quirks: Quirks,
    relative: float = 1e-2,
    absolute: float = 1e-4,
    *,
    at: Array | None = None,
    longest: float | None = None,
    most: int | None = None,
    laps: int = 1,
) -> Solution:
    """The states of a network from 0, driven by the circle.

    Args:
        model: ``node``, ``ctrnn`` or ``ltc``.
        weights: of the network.
        activation: a name in ``networks.ACTIVATIONS``.
        quirks: which equation and which input.
        relative: tolerance.
        absolute: the same.
        at: times from 0 at which the states are wanted besides the solver's points.
        longest: step; None: a tenth of the time.
        most: accepted steps that are allowed.
        laps: times round the circle.
    """
    f = right_hand_side(model, weights, activation, quirks)
    start = np.zeros(weights.b.size)
    return ode45(f, END * laps, start, relative, absolute, at=at, longest=longest, most=most)


def last_layer(states: Array, weights: Weights) -> Array:
    """The states of the last layer: (points, k)."""
    return states[:, -weights.b.shape[1] :]


def length(solution: Solution, weights: Weights) -> float:
    """Length of the trajectory of the last layer over the solver's points, as the released script takes it."""
    return geometry.length(last_layer(solution.x, weights))


def depth(solution: Solution, refined: bool = True, samples: int = SAMPLES) -> float:
    """Integration steps for each sample.

    Args:
        solution: of one lap.
        refined: count the solver's points, four a step, as the released script does.
        samples: to divide by.
    """
    return (len(solution.t) - 1 if refined else solution.accepted) / samples
