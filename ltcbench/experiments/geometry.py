"""What the LTC paper measures of a curve in latent space, and what does not depend on its size."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def components(states: Array) -> tuple[Array, float]:
    """Scores of the first two principal components, and their share of the variance.

    Args:
        states: (points, units).

    Returns:
        (points, 2), and a number from 0 to 1; nan where nothing moves.
    """
    size = float(np.abs(states).max()) or 1.0
    centred = states / size
    centred -= centred.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred)
    total = float(variances.sum())
    share = float(variances[-2:].sum()) / total if total > 0 else float("nan")
    return size * (centred @ directions[:, :-3:-1]), share


def length(states: Array) -> float:
    """Sum of the chords of the curve of the first two principal components: ``states`` (points, units)."""
    return chords(components(states)[0])


def chords(curve: Array) -> float:
    """Length of the polygon through points in the plane: (points, 2)."""
    steps = np.diff(curve, axis=0)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def relative_length(states: Array) -> float:
    """Length over the deviation of the first component.

    A straight line at constant speed has sqrt 12, a circle 2 pi sqrt 2.
    """
    curve, _ = components(states)
    return chords(curve) / float(curve[:, 0].std())


def turning(states: Array) -> float:
    """Sum of the absolute changes of direction of the curve of the first two components, in full turns: circle 1."""
    steps = np.diff(components(states)[0], axis=0)
    direction = np.arctan2(steps[:, 1], steps[:, 0])
    change = np.abs((np.diff(direction) + np.pi) % (2 * np.pi) - np.pi)
    return float(change.sum() / (2 * np.pi))
