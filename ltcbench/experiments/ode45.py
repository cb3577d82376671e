"""MATLAB's ``ode45``: the Dormand-Prince pair of orders 4 and 5, stepped and refined as MATLAB does.

Table 2 of the LTC paper counts the points that it returns, so what decides their number is the same here: the norm of
the error, the first step, the limit of a step, what follows a good and a failed one, the points between two steps.

Source: L. F. Shampine and M. W. Reichelt, The MATLAB ODE Suite, SIAM J. Sci. Comput. 18 (1997), and the coefficients
of J. R. Dormand and P. J. Prince, J. Comput. Appl. Math. 6 (1980).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Status = Literal["finished", "capped", "not finite", "stuck"]

C = (0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1)
A = (  # weights of the slopes before, a stage a row; the last is the solution of order 5
    np.array([]),
    np.array([1 / 5]),
    np.array([3 / 40, 9 / 40]),
    np.array([44 / 45, -56 / 15, 32 / 9]),
    np.array([19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729]),
    np.array([9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656]),
    np.array([35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84]),
)
E = np.array([71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])  # order 5 less order 4
B = np.array(  # of the continuous formula of order 4: a slope a row, powers 1 to 4 of the place in the step
    [
        [1, -183 / 64, 37 / 12, -145 / 128],
        [0, 0, 0, 0],
        [0, 1500 / 371, -1000 / 159, 1000 / 371],
        [0, -125 / 32, 125 / 12, -375 / 64],
        [0, 9477 / 3392, -729 / 106, 25515 / 6784],
        [0, -11 / 7, 11 / 3, -55 / 28],
        [0, 3 / 2, -4, 5 / 2],
    ]
)
ORDER = 1 / 5
BLOCK = 64  # steps whose points are computed at once


@dataclass(frozen=True)
class Solution:
    """What ``ode45`` returns.

    Attributes:
        t: the solver's points, the first included: (n,).
        x: the states there: (n, units).
        points: the states at the times that were asked for; as many as were reached: (m, units).
        accepted, failed: steps.
        evaluations: of the right-hand side.
        status: ``finished``; ``capped``: after the most steps that are allowed; ``not finite``: a value is none any
            more; ``stuck``: no step is small enough.
    """

    t: Array
    x: Array
    points: Array
    accepted: int
    failed: int
    evaluations: int
    status: Status


def ode45(
    f: Callable[[float, Array], Array],
    end: float,
    x: Array,
    relative: float,
    absolute: float,
    *,
    at: Array | None = None,
    refine: int = 4,
    longest: float | None = None,
    most: int | None = None,
) -> Solution:
    """Solve dx/dt = f(t, x) from t = 0.

    Args:
        f: the right-hand side.
        end: last time, above 0.
        x: the state at 0: (units,).
        relative: tolerance.
        absolute: the same.
        at: times, ascending, from 0 to ``end``, at which the state is wanted besides the solver's points.
        refine: points a step: its end, and ``refine - 1`` between.
        longest: step; None: a tenth of the time, MATLAB's default.
        most: accepted steps that are allowed; None: any number.
    """
    longest = end / 10 if longest is None else longest
    threshold = absolute / relative
    dense = _Dense(x, refine, np.empty(0) if at is None else at)
    slopes = np.empty((7, x.size))
    status: Status = "finished"
    t, accepted, failed = 0.0, 0, 0

    slopes[0] = f(t, x)
    evaluations = 1
    size = np.maximum(np.abs(x), threshold)
    steep = float(np.max(np.abs(slopes[0]) / size)) / (0.8 * relative**ORDER)
    step = min(longest, end)
    step = 1 / steep if step * steep > 1 else step
    with np.errstate(over="ignore", invalid="ignore"):
        while t < end:
            least = 16 * math.ulp(t)
            step = min(longest, max(least, step))
            last = 1.1 * step >= end - t
            step = end - t if last else step
            good = True
            while True:
                for i in range(1, 6):
                    slopes[i] = f(t + C[i] * step, x + step * (A[i] @ slopes[:i]))
                ahead = end if last else t + step
                taken = ahead - t
                new = x + step * (A[6] @ slopes[:6])
                slopes[6] = f(ahead, new)
                evaluations += 6
                larger = np.maximum(np.abs(new), threshold)
                error = taken * float(np.abs(E @ slopes / np.maximum(size, larger)).max())
                if not error > relative:
                    break
                failed += 1
                if step <= least:
                    break
                shrink = max(0.1, 0.8 * (relative / error) ** ORDER) if good else 0.5
                step, good, last = max(least, step * shrink), False, False
            if not math.isfinite(error):
                status = "not finite"
            elif error > relative:
                status = "stuck"
            elif accepted == most:
                status = "capped"
            if status != "finished":
                break
            accepted += 1
            dense.add(t, ahead, x, slopes, new)
            t, x, size = ahead, new, larger
            slopes[0] = slopes[6]
            if good:
                step /= max(0.2, 1.25 * (error / relative) ** ORDER)
    return Solution(*dense.ended(), accepted, failed, evaluations, status)


class _Dense:
    """The solver's points and those that were asked for, a block of steps at once.

    Args:
        x: the state at 0.
        refine: points a step.
        at: times that were asked for.
    """

    def __init__(self, x: Array, refine: int, at: Array) -> None:
        self.shares = np.arange(1, refine) / refine
        self.at = at[np.searchsorted(at, 0, side="right") :]
        self.times, self.states = [np.zeros(1)], [x[None]]
        self.points = [np.repeat(x[None], len(at) - len(self.at), axis=0)]
        self.block: list[tuple[float, float, Array, Array, Array]] = []

    def add(self, t: float, ahead: float, x: Array, slopes: Array, new: Array) -> None:
        """A step from ``t`` and ``x`` to ``ahead`` and ``new``."""
        self.block.append((t, ahead, x, slopes.copy(), new))
        if len(self.block) == BLOCK:
            self._flush()

    def _flush(self) -> None:
        if not self.block:
            return
        t, ahead, x, slopes, new = (np.array(some) for some in zip(*self.block, strict=True))
        self.block = []
        taken = ahead - t
        powers = taken[:, None, None] * (B.T @ slopes)  # step, power, unit
        between = x[:, None] + _powers(self.shares) @ powers
        self.times.append(np.column_stack([t[:, None] + taken[:, None] * self.shares, ahead]).ravel())
        self.states.append(np.concatenate([between, new[:, None]], axis=1).reshape(-1, x.shape[1]))
        there, self.at = np.split(self.at, [np.searchsorted(self.at, ahead[-1], side="right")])
        i = np.searchsorted(ahead, there)
        self.points.append(x[i] + np.einsum("np,npk->nk", _powers((there - t[i]) / taken[i]), powers[i]))

    def ended(self) -> tuple[Array, Array, Array]:
        """Times and states of the solver's points, states at the times that were asked for."""
        self._flush()
        return np.concatenate(self.times), np.concatenate(self.states), np.concatenate(self.points)


def _powers(s: Array) -> Array:
    """Powers 1 to 4: (n, 4)."""
    powers: Array = s[:, None] ** np.arange(1, 5)
    return powers
