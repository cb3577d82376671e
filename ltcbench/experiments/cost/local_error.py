"""Orders of the solvers' local errors: one step of the product's cell against the exact solution.

A solver of order p errs by h^(p+1) in a step: the slope of log error over log h is p + 1.
"""

import numpy as np
import torch
from scipy.integrate import solve_ivp

from ltcbench.bench.exponent import exponent
from ltcbench.experiments.cost.field import field
from ltcbench.experiments.stability.weights import Array, LTCWeights, cell, elapsed_of

STEPS = np.array([2.0**-6, 2.0**-7, 2.0**-8, 2.0**-9])
EXPECTED = {"euler": 2, "fused": 2, "heun": 3, "rk4": 5}
TOLERANCE = 1e-13


def errors(weights: LTCWeights, solver: str, inputs: Array, first: Array, steps: Array = STEPS) -> Array:
    """Largest error of a unit after one step, for each length of it (B,).

    Args:
        weights: of the network.
        solver: ``fused``, ``euler``, ``heun`` or ``rk4``.
        inputs: (F,), constant.
        first: state before the step (H,).
        steps: lengths (B,).
    """
    made = cell(weights, solver, dtype=torch.float64)
    elapsed = torch.from_numpy(elapsed_of(made, steps))[:, None]
    with torch.no_grad():
        reversal, conductance = made.drive(torch.from_numpy(inputs).expand(1, len(steps), -1))
        v = torch.from_numpy(first).expand(len(steps), -1)
        (after,) = made.step((v,), (reversal[0], conductance[0]), elapsed)
    return np.asarray(np.abs(after.numpy() - _exact(weights, inputs, first, steps)).max(1))


def order(weights: LTCWeights, solver: str, inputs: Array, first: Array, steps: Array = STEPS) -> float:
    """The fitted exponent of the local error, p + 1."""
    return exponent(steps, errors(weights, solver, inputs, first, steps)).value


def _exact(weights: LTCWeights, inputs: Array, first: Array, steps: Array) -> Array:
    slope = field(weights, inputs)
    every = [solve_ivp(slope, (0, h), first, method="DOP853", rtol=TOLERANCE, atol=TOLERANCE).y[:, -1] for h in steps]
    return np.array(every)
