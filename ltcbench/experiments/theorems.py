"""The lower bounds of the LTC paper's theorems 4 and 5, with 1 for the constants that their O() hide.

With S = sw^2 + sb^2, the base B = sw sqrt k / sqrt(S + k sqrt S) of Raghu et al. (2017), L the depth, d layers and l
the length of the input:

    model     paper                                        released script, commented out
    NODE      B^(d L) l                                    the same
    CT-RNN    (B (sw - sb) / sw)^(d L) l                   B^(d L) l
    LTC       B^(d L) (sw + |z| / min(dt, L)) l            (sqrt(k (sw^2 - sb^2)) / sqrt(S + k sqrt S))^d
                                                           |sw^2 + min(1/L, 1/100) |(z1 + z2) / 2|| l

Source: LTC paper (arXiv 2006.04439), section 5 and appendix; ``trajectory_length_analysis/`` of its repository, which
says that its bounds need all recurrent weights zero.
"""

import math
from dataclasses import dataclass

import numpy as np

from ltcbench.experiments.networks import SAMPLES, Array

SB2 = 1.0  # variance of the biases
DT = 2 * math.pi / (SAMPLES - 1)


@dataclass(frozen=True)
class Measured:
    """What the bounds need to know of a trajectory.

    Attributes:
        depth: L.
        input_length: l.
        distance: mean distance of its points from their centre, |z|.
        norm: of (z1 + z2) / 2 over all points, z1 and z2 being the scores of its two components.
    """

    depth: float
    input_length: float
    distance: float
    norm: float


def measured(curve: Array, depth: float, input_length: float) -> Measured:
    """Of a trajectory in the plane of its two components: (points, 2)."""
    distance = float(np.hypot(curve[:, 0], curve[:, 1]).mean())
    return Measured(depth, input_length, distance, float(np.linalg.norm(curve.mean(axis=1))))


def base(k: int, sw2: float) -> float:
    """B, for k units and weights of variance sw^2 / k."""
    s = sw2 + SB2
    return math.sqrt(sw2 * k) / math.sqrt(s + k * math.sqrt(s))


def paper(model: str, k: int, layers: int, sw2: float, its: Measured) -> float | None:
    """The bound as the paper prints it; None where its base is not above 0."""
    sw, power, b = math.sqrt(sw2), layers * its.depth, base(k, sw2)
    if model == "node":
        return power_of(b, power) * its.input_length
    if model == "ctrnn":
        shrunk = b * (sw - math.sqrt(SB2)) / sw
        return power_of(shrunk, power) * its.input_length if shrunk > 0 else None
    return power_of(b, power) * (sw + its.distance / min(DT, its.depth)) * its.input_length


def script(model: str, k: int, layers: int, sw2: float, its: Measured) -> float | None:
    """The bound as the released script has it; None where its base is not above 0."""
    if model != "ltc":
        return power_of(base(k, sw2), layers * its.depth) * its.input_length
    if sw2 <= SB2:
        return None
    s = sw2 + SB2
    static = math.sqrt(k * (sw2 - SB2)) / math.sqrt(s + k * math.sqrt(s))
    return static**layers * abs(sw2 + min(1 / its.depth, 1 / SAMPLES) * its.norm) * its.input_length


def power_of(b: float, power: float) -> float:
    """B to a power, at most 1e300."""
    return math.exp(min(power * math.log(b), math.log(1e300)))
