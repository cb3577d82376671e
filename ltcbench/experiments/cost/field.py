"""The LTC's equation with constant inputs as a function for scipy's solvers."""

from collections.abc import Callable

import numpy as np
from scipy.special import expit

from ltcbench.experiments.stability.weights import Array, LTCWeights, SynapseWeights

Field = Callable[[float, Array], Array]


def field(weights: LTCWeights, inputs: Array, factor: float = 1.0) -> Field:
    """dv/dt of a cell with the inputs (F,), both kinds of w times ``factor``; v (H,)."""
    sensory, recurrent = weights.sensory, weights.recurrent

    def sums(synapses: SynapseWeights, u: Array) -> tuple[Array, Array]:
        open_ = factor * synapses.w * expit(synapses.sigma * (u - synapses.mu))
        return (open_ * synapses.erev).sum(1), open_.sum(1)

    inflow, outflow = sums(sensory, inputs)
    inflow, outflow = inflow + weights.gleak * weights.vleak, outflow + weights.gleak

    def slope(t: float, v: Array) -> Array:
        more, faster = sums(recurrent, v)
        return np.asarray((inflow + more - (outflow + faster) * v) / weights.cm)

    return slope
