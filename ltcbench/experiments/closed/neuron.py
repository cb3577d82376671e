"""One neuron of a network with its synapses: its equation, and algorithm 1 of the CfC paper for it.

    cm dx/dt = gleak (vleak - x) + sum_j w_j s_j (A_j - x),    s_j = sigmoid(sigma_j (u_j - mu_j))
    x = sum_j (x0 - A_j) exp(-t (gleak / cm + s_j)) (1 - s_j) + A_j                            (algorithm 1)
    x = sum_j (x0 - A_j) exp(-t (gleak + w_j s_j) / cm) (1 - s_j)^w_j + A_j                    (authors' code)

u_j is the activity of the source of synapse j, recorded or solved for. The sum tends to the sum of the A_j, the
equation to their weighted mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ltcbench.experiments.closed.scalar import Array

FROZEN = 1e-5  # time of a sample in the authors' script, whose closed form so hardly leaves t = 0
# The authors' explicit Euler: length of a step and first state of each of the recording's 19 neurons, by hand.
HAND_STEPS = (0.1, 1, 2, 0.5, 1, 1, 1e-4, 1, 0.6, 0.9, 0.02, 0.2, 0.5, 0.5, 0.1, 1, 0.044, 0.7, 0.8)
HAND_STATES: Mapping[int, float] = {7: -1.43, 10: -0.5, 11: -0.7246, 16: -0.5}


@dataclass(frozen=True)
class Neuron:
    """A neuron: leak conductance, leak potential and capacity; of its synapses sigma, mu, w and A, (n,) each."""

    gleak: float
    vleak: float
    cm: float
    sigma: Array
    mu: Array
    w: Array
    a: Array

    def s(self, u: Array) -> Array:
        """Sigmoids (..., n) of the sources' activity (..., n)."""
        return np.asarray(expit(self.sigma * (u - self.mu)))

    def rest(self, u: Array) -> Array:
        """Where the equation rests while the sources stay as they are, (T, n) -> (T,)."""
        open_ = self.w * self.s(u)
        return np.asarray((self.gleak * self.vleak + open_ @ self.a) / (self.gleak + open_.sum(-1)))


@dataclass(frozen=True)
class Form:
    """Which closed form.

    Attributes:
        weights: w_j in the exponent and as power of 1 - s_j, as in the code; else as algorithm 1 is printed.
        summed: the terms of the synapses are summed; else their mean, weighted by w_j, which tends to that of the A_j.
        sample: time of one sample.
        x0: first state.
    """

    weights: bool = False
    summed: bool = True
    sample: float = 1.0
    x0: float = 0.0


def closed_form(neuron: Neuron, u: Array, form: Form) -> Array:
    """The closed form at every sample (T,), of the sources' activity (T, n); the first sample is t = 0."""
    t, s = form.sample * np.arange(len(u))[:, None], neuron.s(u)
    if form.weights:
        rate, power = (neuron.gleak + neuron.w * s) / neuron.cm, neuron.w
    else:
        rate, power = neuron.gleak / neuron.cm + s, np.ones_like(neuron.w)
    terms = (form.x0 - neuron.a) * np.exp(-t * rate) * (1 - s) ** power + neuron.a
    return np.asarray(terms.sum(1) if form.summed else terms @ neuron.w / neuron.w.sum())


def euler(neuron: Neuron, u: Array, h: float, first: float) -> Array:
    """The equation by explicit Euler, one step of length ``h`` for each sample of u (T, n); (T,), first state first."""
    x = np.empty(len(u))
    x[0] = first
    open_ = neuron.w * neuron.s(u)
    inflow = neuron.gleak * neuron.vleak + open_ @ neuron.a
    outflow = neuron.gleak + open_.sum(1)
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(len(u) - 1):
            x[i + 1] = x[i] + h * (inflow[i] - outflow[i] * x[i]) / neuron.cm
    return x


@dataclass(frozen=True)
class Fit:
    """How a curve follows another: mean squared error, and the share of variance left after best scale and offset."""

    mse: float
    left: float


def fit(curve: Array, reference: Array) -> Fit:
    """``curve`` (T,) against ``reference`` (T,); a constant curve leaves all of the variance."""
    if not np.isfinite(curve).all():
        return Fit(np.inf, np.inf)
    mse, own = float(((curve - reference) ** 2).mean()), curve - curve.mean()
    theirs = reference - reference.mean()
    spread: NDArray[np.float64] = np.asarray((own**2).sum() * (theirs**2).sum())
    correlation = 0.0 if spread == 0 else float((own * theirs).sum() ** 2 / spread)
    return Fit(mse, 1 - correlation)
