"""The formulas used step by step, t being the time since the last sample, as Cf-S uses the closed form."""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.integrate import solve_ivp

from ltcbench.experiments.closed.scalar import Unit

Step = Callable[[float, float, float, float, Unit], float]  # x, f, w, h, unit -> x after the step


def closed(x: float, f: float, w: float, h: float, unit: Unit) -> float:
    """(x - A) exp(-(w + f) h) (1 - f) + A."""
    return float((x - unit.a) * np.exp(-(w + f) * h) * (1 - f) + unit.a)


def no_factor(x: float, f: float, w: float, h: float, unit: Unit) -> float:
    """(x - A) exp(-(w + f) h) + A."""
    return float((x - unit.a) * np.exp(-(w + f) * h) + unit.a)


def exponential(x: float, f: float, w: float, h: float, unit: Unit) -> float:
    """The exact step of equation 1 for a constant f: towards A f / (w + f)."""
    rest = unit.a * f / (w + f)
    return float(rest + (x - rest) * np.exp(-(w + f) * h))


def fused(x: float, f: float, w: float, h: float, unit: Unit) -> float:
    """The LTC's own solver: (x + h A f) / (1 + h (w + f))."""
    return (x + h * unit.a * f) / (1 + h * (w + f))


STEPS: Mapping[str, Step] = {"closed": closed, "no_factor": no_factor, "exponential": exponential, "fused": fused}
UNIT, W, UNTIL = Unit(sigma=5.0, mu=0.5, a=1.0), 0.5, 4.0


def after(step: Step, n: int, unit: Unit = UNIT, w: float = W, until: float = UNTIL) -> float:
    """The state at ``until`` after n steps, each with the input I = sin t at its end."""
    x, h = unit.x0, until / n
    for f in unit.f(np.sin(h * np.arange(1, n + 1))).tolist():
        x = step(x, f, w, h, unit)
    return x


def exact(modified: bool, unit: Unit = UNIT, w: float = W, until: float = UNTIL) -> float:
    """The state at ``until`` of equation 1, or of the proof's equation, whose rest is A."""

    def slope(t: float, x: float) -> float:
        f = float(unit.f(np.sin(np.asarray(t))))
        return (w + f) * (unit.a - x) if modified else unit.a * f - (w + f) * x

    found = solve_ivp(slope, (0, until), [unit.x0], method="DOP853", rtol=1e-12, atol=1e-12)
    return float(found.y[0, -1])
