"""One unit with one synapse: the equation, what the proof makes of it, the closed form, and formulas to compare with.

With f = sigmoid(sigma (I - mu)), rates w = w_tau, reversal potential A, c = x0 - A (CfC paper, theorem 1, lemma 1):

    ode          dx/dt = -(w + f) x + A f, equation 1; at rest A f / (w + f)
    modified     dx/dt = -(w + f) x + A (w + f), what the proof solves: x = c exp(-w t - integral of f) + A; at rest A
    closed       x = c exp(-(w + f) t) (1 - f) + A, equation 2 with f(-I) as algorithm 1 and the code take it, 1 - f
    no_factor    the same without (1 - f)
    input_free   x = c exp(-w t) (1 + exp(-t)) / 2 + A: it does not see the input
    rest         x = A f / (w + f) at every time

Lemma 1 bounds closed - modified by abs c exp(-w t). Integrals of f are trapezoidal sums over the points of time; so is
the solution of ``ode``, which is exact where f is constant between two points.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import cumulative_trapezoid
from scipy.special import expit

Array = NDArray[np.float64]
FORMULAS = ("ode", "modified", "closed", "no_factor", "input_free", "rest")


@dataclass(frozen=True)
class Unit:
    """A unit with one synapse: slope and centre of its sigmoid, reversal potential A, first state x0."""

    sigma: float
    mu: float
    a: float
    x0: float = 0.0

    @property
    def c(self) -> float:
        """x0 - A."""
        return self.x0 - self.a

    def f(self, signal: Array) -> Array:
        """The sigmoid of an input (n,)."""
        return np.asarray(expit(self.sigma * (signal - self.mu)))


def drawn(rng: np.random.Generator) -> Unit:
    """In this order: sigma U(3, 8), mu U(0.3, 0.8), A = +1 where a uniform number is below 1/2, else -1; x0 is 0."""
    return Unit(rng.uniform(3, 8), rng.uniform(0.3, 0.8), 1.0 if rng.random() < 0.5 else -1.0)


def solutions(unit: Unit, w: float, t: Array, signal: Array) -> dict[str, Array]:
    """Every formula of the table above at the times t (n,), which begin at 0, with the input I(t) (n,)."""
    f = unit.f(signal)
    integral = cumulative_trapezoid(f, t, initial=0.0)
    return {
        "ode": ode(unit, w, t, f),
        "modified": unit.c * np.exp(-w * t - integral) + unit.a,
        "closed": unit.c * np.exp(-(w + f) * t) * (1 - f) + unit.a,
        "no_factor": unit.c * np.exp(-(w + f) * t) + unit.a,
        "input_free": unit.c * np.exp(-w * t) * (1 + np.exp(-t)) / 2 + unit.a,
        "rest": unit.a * f / (w + f),
    }


def ode(unit: Unit, w: float, t: Array, f: Array) -> Array:
    """Equation 1 at the times t (n,), f (n,): exponential steps from point to point, with the mean of f in between."""
    between = (f[1:] + f[:-1]) / 2
    rests = unit.a * between / (w + between)
    shrinks = np.exp(-(w + between) * np.diff(t))
    x = np.empty_like(t)
    x[0] = unit.x0
    for i, (rest, shrink) in enumerate(zip(rests.tolist(), shrinks.tolist(), strict=True)):
        x[i + 1] = rest + (x[i] - rest) * shrink
    return x


def lemma(unit: Unit, w: float, t: Array) -> Array:
    """Lemma 1's bound of closed - modified at the times t (n,)."""
    return np.asarray(abs(unit.c) * np.exp(-w * t))


def bracket(t: Array, f: Array) -> Array:
    """(modified - closed) / (c exp(-w t)) at the times t (n,), f (n,): within -1 and 1, says lemma 1."""
    integral = cumulative_trapezoid(f, t, initial=0.0)
    return np.asarray(np.exp(-integral) - np.exp(-f * t) * (1 - f))


def sharpest(t: float, upper: bool, jump: float = 1e-6) -> float:
    """(modified - closed) / (c exp(-w t)) at time t for the input that drives it to its end, 1 or exp(-t) - 1.

    f is 0, or 1 for the lower end, until ``jump`` before t and then the other one.
    """
    before, now = (0.0, 1.0) if upper else (1.0, 0.0)
    return float(np.exp(-(before * (t - jump) + now * jump)) - np.exp(-now * t) * (1 - now))
