"""Weights of an LTC cell from numpy's generator, so that a seed means the same weights on every machine."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ltcbench.models.cells.ltc import LTC

Array = NDArray[np.float64]
MU, SIGMA, VLEAK, W = (0.3, 0.8), (3.0, 8.0), (-0.2, 0.2), (0.01, 1.0)  # as the cell's own first values, flavour ltc
GLEAK, CM = 1.0, 0.5


@dataclass(frozen=True)
class SynapseWeights:
    """The synapses onto H units from P inputs or units, each array (H, P)."""

    w: Array
    erev: Array
    mu: Array
    sigma: Array


@dataclass(frozen=True)
class LTCWeights:
    """An LTC cell: F inputs, H units; gleak, vleak and cm are (H,)."""

    sensory: SynapseWeights
    recurrent: SynapseWeights
    gleak: Array
    vleak: Array
    cm: Array

    @property
    def rate(self) -> float:
        """What a unit decays with where all its synapses are open, (gleak + sum w) / cm, on average over the units."""
        return float((self.largest_conductance / self.cm).mean())

    @property
    def largest_conductance(self) -> Array:
        """What all synapses open and the leak let through, gleak + sum w (H,)."""
        return np.asarray(self.gleak + self.sensory.w.sum(1) + self.recurrent.w.sum(1))


def drawn(rng: np.random.Generator, features: int, units: int) -> LTCWeights:
    """An LTC cell as flavour ltc initialises it.

    In this order: of the sensory synapses (H, F) w, erev (+1 where a uniform number is below 1/2), mu, sigma; the same
    of the recurrent ones (H, H); vleak (H,).
    """
    sensory, recurrent = (_synapses(rng, units, sources) for sources in (features, units))
    vleak = rng.uniform(*VLEAK, units)
    return LTCWeights(sensory, recurrent, np.full(units, GLEAK), vleak, np.full(units, CM))


def _synapses(rng: np.random.Generator, units: int, sources: int) -> SynapseWeights:
    shape = (units, sources)
    w, erev = rng.uniform(*W, shape), np.where(rng.random(shape) < 0.5, 1.0, -1.0)
    return SynapseWeights(w, erev, rng.uniform(*MU, shape), rng.uniform(*SIGMA, shape))


def cell(weights: LTCWeights, solver: str, bounded: bool = False, dtype: torch.dtype = torch.float32) -> LTC:
    """The product's cell with these weights, one step of the solver in a time step.

    Args:
        weights: of the cell.
        solver: ``fused``, ``euler``, ``heun`` or ``rk4``.
        bounded: whether the state is put back after each explicit step.
        dtype: of its numbers.
    """
    units, features = weights.sensory.w.shape
    made = LTC(features, units, solver=solver, unfolds=1, bounded=bounded).to(dtype)
    named = {"gleak": weights.gleak, "vleak": weights.vleak, "cm": weights.cm}
    for kind in ("sensory", "recurrent"):
        synapses: SynapseWeights = getattr(weights, kind)
        named |= {f"{kind}.{name}": getattr(synapses, name) for name in ("w", "erev", "mu", "sigma")}
    with torch.no_grad():
        for name, array in named.items():
            made.get_parameter(name).copy_(torch.from_numpy(array))
    return made


def elapsed_of(made: LTC, h: Array) -> Array:
    """The elapsed time of a time step with which the cell's one step of the solver has length ``h``."""
    return h if made.solver is None else h / made.solver.step_size
