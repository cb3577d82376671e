"""Whether the product's own cells leave the intervals of theorems 1 and 2.

Theorem 1: cm / (gleak + sum w) <= tau_sys <= cm / gleak. Theorem 2, with a leak potential: a unit's state stays between
the smallest and the largest of vleak, erev and its first value. Conditions that the paper does not state: the first
state is inside, and 0 <= f <= 1 (theorem 1), f >= 0 (theorem 2), which the sigmoid has.

A fused step is a weighted mean of v, vleak and the erev with positive weights: it stays inside whatever its length.
An explicit step is one only while h (gleak + sum w s) <= cm.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import brentq

from ltcbench.experiments.stability.weights import Array, LTCWeights, cell, elapsed_of
from ltcbench.models.cells.ltc import EPSILON

SOLVERS = ("fused", "euler", "heun", "rk4")


@dataclass(frozen=True)
class Escape:
    """How far the states of B sequences came.

    Attributes:
        excess: largest distance of a state from the interval of theorem 2 (B,), inf where one is not finite.
        tau_excess: largest distance of tau_sys from the interval of theorem 1, as a share of its end (B,); states that
            are not finite have none.
    """

    excess: Array
    tau_excess: Array


def interval(weights: LTCWeights, first: Array) -> tuple[Array, Array]:
    """The interval of theorem 2 of the units; first values (..., H) -> ends (..., H)."""
    sources = np.concatenate([weights.vleak[:, None], weights.sensory.erev, weights.recurrent.erev], axis=1)
    return np.minimum(first, sources.min(1)), np.maximum(first, sources.max(1))


def escape(
    weights: LTCWeights,
    solver: str,
    inputs: Array,
    first: Array,
    h: Array,
    bounded: bool = False,
    dtype: torch.dtype = torch.float32,
) -> Escape:
    """How far one solver leads out of the intervals, step after step.

    Args:
        weights: of the network, F inputs and H units.
        solver: one of ``SOLVERS``.
        inputs: (T, B, F), one step of the solver each.
        first: first states (B, H).
        h: length of the steps of each sequence (B,).
        bounded: as of ``cell``.
        dtype: of the cell's numbers.
    """
    made = cell(weights, solver, bounded, dtype)
    elapsed = torch.from_numpy(elapsed_of(made, h)).to(dtype)[:, None]
    v = torch.from_numpy(first).to(dtype)
    low, high = (torch.from_numpy(end) for end in interval(weights, v.double().numpy()))
    slow = torch.from_numpy(weights.cm / weights.gleak)
    fast = torch.from_numpy(weights.cm / weights.largest_conductance)
    with torch.no_grad():
        drive = made.drive(torch.from_numpy(inputs).to(dtype))
        states = []
        for part in zip(*drive, strict=True):
            (v,) = made.step((v,), part, elapsed)
            states.append(v)
        path = torch.stack(states)
        tau = (made.cm / (drive[1] + made.recurrent(path, made.weight(made.recurrent))[1])).double()
    state = path.double()
    beyond = torch.maximum(low - state, state - high).nan_to_num(nan=torch.inf, posinf=torch.inf)
    outside = torch.maximum(fast / tau - 1, tau / slow - 1).nan_to_num(nan=0.0)
    excess, tau_excess = (array.amax((0, 2)).clamp(min=0).numpy() for array in (beyond, outside))
    return Escape(excess, tau_excess)


def rounding(weights: LTCWeights, first: Array, steps: int, dtype: torch.dtype = torch.float32) -> float:
    """How far rounding alone can lead a fused step out of the interval of theorem 2.

    A step is a quotient of two sums of n = F + H + 2 terms that are not negative but for a factor of at most
    M = max(abs v, abs vleak, abs erev). With unit roundoff u each sum is computed to (n + 4) u of its terms, products,
    sigmoid and clipping included, so the quotient to 2 (n + 4) u M; the cell's epsilon in the denominator adds less
    than epsilon / gleak. A step from outside leads no further out, so ``steps`` errors add up.
    """
    unit = float(torch.finfo(dtype).eps) / 2
    terms = weights.sensory.w.shape[1] + weights.recurrent.w.shape[1] + 2
    low, high = interval(weights, first)
    size = max(float(np.abs(low).max()), float(np.abs(high).max()))
    return float(steps * size * (2 * (terms + 4) * unit + EPSILON / float(weights.gleak.min())))


def tau_rounding(weights: LTCWeights, dtype: torch.dtype = torch.float32) -> float:
    """How far rounding alone can lead tau_sys out of the interval of theorem 1, as a share of its end."""
    terms = weights.sensory.w.shape[1] + weights.recurrent.w.shape[1] + 2
    return float((terms + 4) * torch.finfo(dtype).eps)


# Amplification factor R(z) of dv/dt = lambda (A - v), z = h lambda: after n steps v = A + R^n (v_0 - A).
AMPLIFICATION: Mapping[str, Callable[[Array], Array]] = {
    "fused": lambda z: 1 / (1 + z),
    "euler": lambda z: 1 - z,
    "heun": lambda z: 1 - z + z**2 / 2,
    "rk4": lambda z: 1 - z + z**2 / 2 - z**3 / 6 + z**4 / 24,
}


def limits(solver: str) -> tuple[float, float]:
    """Largest z at which one unit with a constant f stays inside its interval, and at which it stays bounded.

    Inside while 0 <= R <= 1, bounded while abs R <= 1; inf where both hold at every z.
    """
    factor = AMPLIFICATION[solver]

    def first(value: Callable[[float], float]) -> float:
        """The smallest z above 0 at which ``value`` falls below 0."""
        z = np.linspace(1e-3, 10, 10_000)
        below = np.flatnonzero([value(point) < 0 for point in z])
        return float(brentq(value, z[below[0] - 1], z[below[0]])) if len(below) else np.inf

    def inside(z: float) -> float:
        return min(float(factor(np.asarray(z))), 1 - float(factor(np.asarray(z))))

    return first(inside), first(lambda z: 1 - abs(float(factor(np.asarray(z)))))
