"""How often a solver evaluates the LTC's equation for one sample, over the equation's stiffness.

An explicit solver's steps are held down by its stability, so their number grows with the stiffness and hardly depends
on the tolerance; an implicit one (LSODA) pays for its Jacobian instead, which is counted apart, in evaluations too.
"""

from dataclasses import dataclass

from scipy.integrate import solve_ivp

from ltcbench.experiments.cost.field import field
from ltcbench.experiments.stability.weights import Array, LTCWeights

METHODS = ("RK45", "DOP853", "LSODA")
FIXED = {"fused": 6, "closed form": 1}


@dataclass(frozen=True)
class Evaluations:
    """How many there were, and how many more for finite differences of the Jacobian."""

    number: int
    jacobian: int
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
        tolerance: relative and absolute.
        duration: of the sample.
    """
    slope, calls = field(weights, inputs, factor), 0

    def counted(t: float, v: Array) -> Array:
        nonlocal calls
        calls += 1
        return slope(t, v)

    first = 0.0 * weights.cm
    found = solve_ivp(counted, (0, duration), first, method=method, rtol=tolerance, atol=tolerance)
    return Evaluations(int(found.nfev), calls - int(found.nfev), bool(found.success))
