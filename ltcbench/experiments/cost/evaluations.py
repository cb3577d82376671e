"""How often a solver evaluates the LTC's equation for one sample, over the equation's stiffness.

An explicit solver's steps are held down by its stability, so their number grows with the stiffness and hardly depends
on the tolerance. An implicit one (LSODA) evaluates it for its Jacobian too, by finite differences; these are counted.
"""

from dataclasses import dataclass

from scipy.integrate import solve_ivp

from ltcbench.experiments.cost.field import field
from ltcbench.experiments.stability.weights import Array, LTCWeights

METHODS = ("RK45", "DOP853", "LSODA")
FIXED = {"fused": 6, "closed form": 1}


@dataclass(frozen=True)
class Evaluations:
    """How many there were, for how many Jacobians too, and whether the solver came to the end."""

    number: int
    jacobians: int
    succeeded: bool


def evaluations(
    weights: LTCWeights, inputs: Array, factor: float, method: str, tolerance: float, duration: float = 1.0
) -> Evaluations:
    """What a sample of length ``duration`` takes, from a state of zero.

    Args:
        weights: of the network.
        inputs: (F,).
        factor: on all w.
        method: one of ``METHODS``.
        tolerance: relative; the absolute one is a hundredth of it.
        duration: of the sample.
    """
    slope, first = field(weights, inputs, factor), 0.0 * weights.cm
    found = solve_ivp(slope, (0, duration), first, method=method, rtol=tolerance, atol=tolerance / 100)
    return Evaluations(int(found.nfev), int(found.njev), bool(found.success))
