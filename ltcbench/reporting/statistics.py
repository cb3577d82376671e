"""Does a number reproduce? Welch's t-test from summaries, Holm's correction, equivalence within a margin, rankings.

``reproduced``: the 95 % interval of the difference lies within the margin. ``differs``: it does not, and the test,
corrected for the number of cells in the table, rejects equality at 5 %. ``inconclusive``: neither, so more seeds are
needed; or the paper gives no deviation, so that no number of ours settles it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

LEVEL = 0.05

Verdict = Literal["reproduced", "differs", "inconclusive"]


@dataclass(frozen=True)
class Summary:
    """What is known of some repetitions.

    Attributes:
        mean: their mean.
        std: their sample deviation, None where it is not known.
        n: how many.
    """

    mean: float
    std: float | None
    n: int


def summary(values: Sequence[float]) -> Summary:
    """The summary of ``values``, at least one; the deviation of one alone is not known."""
    n = len(values)
    mean = math.fsum(values) / n
    std = None if n == 1 else math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    return Summary(mean, std, n)


@dataclass(frozen=True)
class Difference:
    """Ours less the paper's.

    Attributes:
        value: difference of the means.
        low, high: ends of its 95 % interval, None where nothing can be said.
        p: of the test that there is none, not corrected; None where nothing can be said.
        assumed: whether interval and p hold only if the paper's runs scatter as ours do, for it gives no deviation.
    """

    value: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    assumed: bool = False


def difference(paper: Summary, ours: Summary) -> Difference:
    """How far ours is from the paper's.

    A paper that gives no deviation is taken to have ours: Student's t with the degrees of freedom of ours. Should the
    paper's be three times ours, that interval misses in 28 %, not 5 %, so it bears no verdict. A single run of ours
    says nothing about its own spread, so there is a difference and no interval.
    """
    value = ours.mean - paper.mean
    if ours.std is None:
        return Difference(value)
    assumed = paper.std is None
    from scipy.special import stdtr, stdtrit

    its, own = (ours.std if paper.std is None else paper.std) ** 2 / paper.n, ours.std**2 / ours.n
    error = math.sqrt(its + own)
    if error == 0:
        return Difference(value, value, value, 1.0 if value == 0 else 0.0, assumed)
    if assumed or paper.n == 1:
        freedom = ours.n - 1.0
    else:  # Welch and Satterthwaite; as shares of their sum, whose squares cannot vanish
        its, own = its / (its + own), own / (its + own)
        freedom = 1 / (its**2 / (paper.n - 1) + own**2 / (ours.n - 1))
    half = float(stdtrit(freedom, 1 - LEVEL / 2)) * error
    return Difference(value, value - half, value + half, 2 * float(stdtr(freedom, -abs(value) / error)), assumed)


def contrast(before: Summary, after: Summary) -> Difference:
    """How far repetitions of ours are from others of ours; a single one on a side leaves no interval."""
    if before.std is None:
        return Difference(after.mean - before.mean)
    return difference(before, after)


def interval(of: Summary) -> tuple[float, float] | None:
    """The 95 % interval of a mean (Student's t), None where the deviation is not known."""
    if of.std is None or of.n < 2:
        return None
    from scipy.special import stdtrit

    half = float(stdtrit(of.n - 1, 1 - LEVEL / 2)) * of.std / math.sqrt(of.n)
    return of.mean - half, of.mean + half


def holm(p_values: Sequence[float]) -> list[float]:
    """``p_values`` corrected for being many (Holm 1979): all below a level with at most that chance of one error."""
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = largest
    return corrected


def verdict(found: Difference, corrected: float | None, margin: float) -> Verdict:
    """The verdict on a cell.

    Args:
        found: the difference.
        corrected: its p value after Holm's correction over the table.
        margin: difference that counts as none.
    """
    if found.assumed:
        return "inconclusive"
    if found.low is not None and found.high is not None and -margin <= found.low and found.high <= margin:
        return "reproduced"
    return "differs" if corrected is not None and corrected < LEVEL else "inconclusive"


@dataclass(frozen=True)
class Agreement:
    """Kendall's tau of two rankings of the same models.

    Attributes:
        tau: of the means.
        low, high: ends of its 95 % interval over seeds, None where a mean has one seed behind it.
    """

    tau: float
    low: float | None = None
    high: float | None = None


DRAWS = 2000


def agreement(a: Sequence[Sequence[float]], b: Sequence[Sequence[float]]) -> Agreement | None:
    """Kendall's tau between the rankings of models by their means, with a percentile interval (Efron 1979).

    The seeds of each model are drawn anew with replacement, ``DRAWS`` times by a generator that is always the same; a
    draw in which one of the rankings has nothing but ties is left out.

    Args:
        a: the seeds' values of each model.
        b: the same of the other ranking; single values, as printed means are, stay the same in every draw.

    Returns:
        None where tau is not defined.
    """
    tau = kendall([summary(values).mean for values in a], [summary(values).mean for values in b])
    if tau is None:
        return None
    printed = all(len(values) == 1 for values in b)
    if any(len(values) < 2 for values in (a if printed else [*a, *b])):
        return Agreement(tau)
    import numpy as np

    rng = np.random.default_rng(0)

    def signs(values: Sequence[Sequence[float]]) -> "np.ndarray[Any, np.dtype[np.float64]]":
        drawn = [np.asarray(some)[rng.integers(len(some), size=(DRAWS, len(some)))].mean(axis=1) for some in values]
        means = np.stack(drawn)  # (models, DRAWS)
        i, j = np.triu_indices(len(values), 1)
        found: np.ndarray[Any, np.dtype[np.float64]] = np.sign(means[i] - means[j])
        return found  # (pairs, DRAWS)

    s, t = signs(a), signs(b)
    untied = np.sqrt((s**2).sum(axis=0) * (t**2).sum(axis=0))
    taus = (s * t).sum(axis=0)[untied > 0] / untied[untied > 0]
    low, high = np.quantile(taus, [LEVEL / 2, 1 - LEVEL / 2])
    return Agreement(tau, float(low), float(high))


def kendall(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Kendall's tau-b of two rankings of the same things: 1 the same, -1 reversed; None where it is not defined."""
    pairs = [(i, j) for i in range(len(a)) for j in range(i)]
    signs = [(_sign(a[i] - a[j]), _sign(b[i] - b[j])) for i, j in pairs]
    untied = math.sqrt(sum(s != 0 for s, _ in signs) * sum(t != 0 for _, t in signs))
    return sum(s * t for s, t in signs) / untied if untied else None


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
