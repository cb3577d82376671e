"""Several models on several tasks: Friedman's test and Nemenyi's critical difference, as in Demsar 2006 (JMLR 7)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ltcbench.reporting.statistics import LEVEL


@dataclass(frozen=True)
class Ranks:
    """The models' mean ranks.

    Attributes:
        mean: over the tasks, by model, the best first; 1 is the best rank, ties share theirs.
        tasks: how many there are, N.
        p: of Friedman's test that no model is better than another.
        distance: Nemenyi's critical difference: mean ranks as far apart as this differ at 5 %.
    """

    mean: Mapping[str, float]
    tasks: int
    p: float
    distance: float

    def groups(self) -> list[tuple[str, ...]]:
        """The largest groups of models, the best first, of which none differs from another; of two models at least."""
        models = list(self.mean)
        found: list[tuple[str, ...]] = []
        for i, first in enumerate(models):
            group = tuple(model for model in models[i:] if self.mean[model] - self.mean[first] < self.distance)
            if len(group) > 1 and not (found and set(group) <= set(found[-1])):
                found.append(group)
        return found


def ranks(errors: Mapping[str, Sequence[float]]) -> Ranks:
    """The ranks of k >= 3 models on N tasks.

    Args:
        errors: of each model on every task, in the same order of tasks; lower is better.
    """
    from scipy.stats import friedmanchisquare, rankdata

    by_task = [rankdata(values) for values in zip(*errors.values(), strict=True)]
    n = len(by_task)
    mean = {model: sum(float(row[i]) for row in by_task) / n for i, model in enumerate(errors)}
    tied = all(len(set(row)) == 1 for row in by_task)  # no model is ever better: the statistic is 0 / 0
    p = 1.0 if tied else float(friedmanchisquare(*errors.values()).pvalue)
    return Ranks(dict(sorted(mean.items(), key=lambda item: item[1])), n, p, critical_difference(len(errors), n))


def critical_difference(k: int, n: int) -> float:
    """Nemenyi's q sqrt(k (k + 1) / (6 N)), q the studentized range's upper 5 % quantile for k, over sqrt(2)."""
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(1 - LEVEL, k, math.inf)) / math.sqrt(2) * math.sqrt(k * (k + 1) / (6 * n))
