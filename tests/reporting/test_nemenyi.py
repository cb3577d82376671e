import numpy as np
import pytest
from scipy import stats

from ltcbench.reporting.nemenyi import Ranks, critical_difference, ranks

# Demsar 2006, table 6: ranks of C4.5, C4.5+m, C4.5+cf and C4.5+m+cf by the area under the ROC curve on 14 sets of data.
DEMSAR = {
    "C4.5": [4, 1, 4, 4, 4, 1, 3, 2.5, 4, 2.5, 4, 3, 4, 3],
    "C4.5+m": [3, 2, 1, 1, 2, 2.5, 2, 2.5, 3, 2.5, 2.5, 2, 1, 1],
    "C4.5+cf": [2, 3, 2, 3, 3, 4, 4, 4, 2, 2.5, 1, 4, 2, 4],
    "C4.5+m+cf": [1, 4, 3, 2, 1, 2.5, 1, 1, 1, 2.5, 2.5, 1, 3, 2],
}


def test_demsars_example() -> None:
    found = ranks(DEMSAR)
    assert {model: round(rank, 3) for model, rank in found.mean.items()} == {
        "C4.5+m+cf": 1.964,
        "C4.5+m": 2.0,
        "C4.5+cf": 2.893,
        "C4.5": 3.143,
    }
    assert found.tasks == 14
    assert found.distance == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 14)), abs=1e-3)  # his 1.25
    assert found.groups() == [tuple(found.mean)]  # none of the four differs by Nemenyi's test, he says at 5 %
    assert found.p < 0.05


@pytest.mark.parametrize(  # his table 5 (a): critical values q at 5 %
    ("k", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (7, 2.949), (8, 3.031), (10, 3.164)]
)
def test_demsars_critical_values(k: int, q: float) -> None:
    assert critical_difference(k, 1) == pytest.approx(q * np.sqrt(k * (k + 1) / 6), abs=2e-3 * k)


def test_friedman_is_scipys_and_by_hand() -> None:
    rng = np.random.default_rng(0)
    errors = {str(i): rng.normal(i / 3, 1, 9).tolist() for i in range(5)}
    assert ranks(errors).p == stats.friedmanchisquare(*errors.values()).pvalue
    # always in the same order: chi^2 = 12 N / (k (k + 1)) (1 + 4 + 9 - k (k + 1)^2 / 4) = 2 N = 10 for k 3 and N 5
    same = ranks({"a": [1.0] * 5, "b": [2.0] * 5, "c": [3.0] * 5})
    assert (same.mean, same.p) == ({"a": 1, "b": 2, "c": 3}, pytest.approx(stats.chi2.sf(10, 2)))


def test_models_that_are_always_the_same_are_not_told_apart() -> None:
    same = ranks({model: [1.0, 2.0, 3.0, 4.0, 5.0] for model in "abc"})
    assert (set(same.mean.values()), same.p) == ({2.0}, 1.0)
    assert same.groups() == [("a", "b", "c")]


def test_groups_are_the_largest_without_a_difference() -> None:
    found = Ranks({"a": 1.0, "b": 1.8, "c": 2.5, "d": 4.6}, 5, 0.01, 1.0)
    assert found.groups() == [("a", "b"), ("b", "c")]
    assert Ranks({"a": 1.0, "b": 2.0, "c": 3.0}, 5, 0.01, 1.0).groups() == []
