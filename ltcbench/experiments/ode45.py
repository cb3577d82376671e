"""MATLAB's ``ode45``: the Dormand-Prince pair of orders 4 and 5, stepped and refined as MATLAB does.

Table 2 of the LTC paper counts the points that it returns, so what decides their number is the same here: the norm of
the error, the first step, the limit of a step, what follows a good and a failed one, the points between two steps.

Source: L. F. Shampine and M. W. Reichelt, The MATLAB ODE Suite, SIAM J. Sci. Comput. 18 (1997), and the coefficients
of J. R. Dormand and P. J. Prince, J. Comput. Appl. Math. 6 (1980).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Status = Literal["finished", "capped", "not finite", "stuck"]

C = np.array([0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1])
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
    shares = np.arange(1, refine) / refine
    wanted = np.empty(0) if at is None else at
    slopes = np.empty((7, x.size))
    status: Status = "finished"
    t, accepted, failed = 0.0, 0, 0
    times, states, points = [np.zeros(1)], [x[None]], [x[None]] * int(np.sum(wanted == 0))
    reached = len(points)

    slopes[0] = f(t, x)
    evaluations = 1
    steep = float(np.max(np.abs(slopes[0]) / np.maximum(np.abs(x), threshold))) / (0.8 * relative**ORDER)
    step = min(longest, end)
    step = max(1 / steep if step * steep > 1 else step, 16 * float(np.spacing(t)))
    with np.errstate(over="ignore", invalid="ignore"):
        while t < end:
            least = 16 * float(np.spacing(t))
            step = min(longest, max(least, step))
            last = 1.1 * step >= end - t
            step = end - t if last else step
            good = True
            while True:
                for i in range(1, 6):
                    slopes[i] = f(t + C[i] * step, x + step * (A[i] @ slopes[:i]))
                ahead = end if last else t + step
                new = x + step * (A[6] @ slopes[:6])
                slopes[6] = f(ahead, new)
                evaluations += 6
                taken = ahead - t
                size = np.maximum(np.maximum(np.abs(x), np.abs(new)), threshold)
                error = taken * float(np.max(np.abs(E @ slopes) / size))
                if not error > relative:
                    break
                failed += 1
                if step <= least:
                    break
                shrink = max(0.1, 0.8 * (relative / error) ** ORDER) if good else 0.5
                step, good, last = max(least, step * shrink), False, False
            if not np.isfinite(error):
                status = "not finite"
            elif error > relative:
                status = "stuck"
            elif accepted == most:
                status = "capped"
            if status != "finished":
                break
            accepted += 1
            upto = reached + int(np.searchsorted(wanted[reached:], ahead, side="right"))
            within = np.concatenate([shares, (wanted[reached:upto] - t) / taken])
            between = x + _powers(within) @ (taken * B.T @ slopes)
            times += [t + taken * shares, np.array([ahead])]
            states += [between[: refine - 1], new[None]]
            points.append(between[refine - 1 :])
            reached = upto
            t, x = ahead, new
            slopes[0] = slopes[6]
            if good:
                step /= max(0.2, 1.25 * (error / relative) ** ORDER)
    found = np.concatenate(points) if points else np.empty((0, x.size))
    return Solution(np.concatenate(times), np.concatenate(states), found, accepted, failed, evaluations, status)


def _powers(s: Array) -> Array:
    """Powers 1 to 4: (n, 4)."""
    powers: Array = s[:, None] ** np.arange(1, 5)
    return powers
