import math

import numpy as np
import pytest
from scipy import stats

from ltcbench.paper.tables import Number
from ltcbench.reporting.statistics import (
    Agreement,
    Difference,
    Summary,
    agreement,
    difference,
    holm,
    kendall,
    summary,
    verdict,
)


@pytest.mark.parametrize(
    ("paper", "ours"),
    [
        (Summary(2.5, 0.14, 5), Summary(2.44, 0.2, 5)),
        (Summary(69.55, 1.13, 5), Summary(60.0, 0.01, 3)),
        (Summary(0.302, 0.0155, 5), Summary(0.3, 0.0, 4)),
        (Summary(0.302, 0.0, 5), Summary(0.3, 0.1, 12)),
        (Summary(1e-9, 1e-12, 5), Summary(2e-9, 1e-13, 5)),
    ],
)
def test_difference_agrees_with_scipy(paper: Summary, ours: Summary) -> None:
    found = difference(paper, ours)
    wanted = stats.ttest_ind_from_stats(ours.mean, ours.std, ours.n, paper.mean, paper.std, paper.n, equal_var=False)
    assert found.value == ours.mean - paper.mean
    assert found.p == pytest.approx(wanted.pvalue, rel=1e-9)


def test_the_interval_is_scipys_for_the_same_samples() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(1, 2, 5), rng.normal(2, 1, 7)
    found = difference(summary(a), summary(b))
    wanted = stats.ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(wanted.low), pytest.approx(wanted.high))


def test_welch_by_hand() -> None:
    # error = sqrt(1/5 + 4/5) = 1; freedom = 1 / (0.04/4 + 0.64/4) = 5.88235; t = 3; quantile 0.975: 2.45889
    found = difference(Summary(10, 1, 5), Summary(13, 2, 5))
    assert found.low == pytest.approx(3 - 2.45889, abs=1e-4)
    assert found.high == pytest.approx(3 + 2.45889, abs=1e-4)
    assert found.p == pytest.approx(0.02455, abs=1e-4)


def test_summary_is_mean_and_sample_deviation() -> None:
    assert summary([1.0, 2.0, 3.0, 6.0]) == Summary(3.0, math.sqrt(14 / 3), 4)
    assert summary([7.0]) == Summary(7.0, None, 1)


def test_one_run_has_a_difference_and_nothing_else() -> None:
    assert difference(Summary(2.0, 0.1, 5), summary([3.0])) == Difference(1.0)


def test_a_paper_without_deviation_is_taken_to_have_ours() -> None:
    found = difference(Summary(86.2, None, 5), Summary(86.0, 0.5, 5))
    equal = stats.ttest_ind_from_stats(86.0, 0.5, 5, 86.2, 0.5, 5)
    t = equal.statistic
    assert found.p == pytest.approx(2 * stats.t.sf(abs(t), 4))
    rng = np.random.default_rng(2)  # with the same deviation in truth, it errs in 5 of 100
    errors = 0
    for _ in range(2000):
        paper, ours = rng.normal(0, 1, 5), rng.normal(0, 1, 5)
        errors += difference(Summary(paper.mean(), None, 5), summary(ours)).p < 0.05
    assert 70 <= errors <= 130


def test_no_spread_at_all() -> None:
    same = difference(Summary(100.0, 0.0, 5), summary([100.0, 100.0]))
    assert same == Difference(0.0, 0.0, 0.0, 1.0)
    other = difference(Summary(49.11, 0.0, 5), summary([50.0, 50.0]))
    assert (other.low, other.high, other.p) == (other.value, other.value, 0.0)


def test_holm_by_hand_and_in_order() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(
    ("found", "corrected", "wanted"),
    [
        (Difference(0.1, -0.4, 0.6, 0.5), 1.0, "reproduced"),
        (Difference(0.1, -0.4, 1.1, 0.5), 1.0, "inconclusive"),
        (Difference(3.0, 2.0, 4.0, 0.001), 0.04, "differs"),
        (Difference(3.0, 2.0, 4.0, 0.001), 0.06, "inconclusive"),
        (Difference(0.5, 0.4, 0.6, 1e-9), 1e-8, "reproduced"),  # a sure difference that counts as none
        (Difference(0.0), None, "inconclusive"),
        (Difference(3.0, 2.0, 4.0, 0.001, assumed=True), 0.001, "inconclusive"),
        (Difference(0.1, -0.4, 0.6, 0.5, assumed=True), 1.0, "inconclusive"),
    ],
)
def test_verdict(found: Difference, corrected: float | None, wanted: str) -> None:
    assert verdict(found, corrected, margin=1.0) == wanted


@pytest.mark.parametrize(
    ("a", "b"), [([1, 2, 3, 4], [1, 3, 2, 4]), ([1, 2, 3], [3, 2, 1]), ([1, 1, 2, 5, 5], [2, 1, 1, 3, 0])]
)
def test_kendall_agrees_with_scipy(a: list[float], b: list[float]) -> None:
    assert kendall(a, b) == pytest.approx(stats.kendalltau(a, b).statistic)


def test_kendall_where_there_is_no_ranking() -> None:
    assert kendall([1.0], [2.0]) is None
    assert kendall([1.0, 1.0], [2.0, 3.0]) is None


def test_the_interval_of_tau_is_scipys_bootstrap() -> None:
    rng = np.random.default_rng(3)
    a, printed = rng.normal(np.arange(5)[:, None], 1.5, (5, 5)), np.arange(5.0)

    def taus(*models: np.ndarray, axis: int = -1) -> np.ndarray:
        means = np.stack([model.mean(axis=axis) for model in models], axis=-1)
        return np.apply_along_axis(lambda one: stats.kendalltau(one, printed).statistic, -1, means)

    found = agreement(a.tolist(), [(value,) for value in printed])
    wanted = stats.bootstrap(tuple(a), taus, n_resamples=2000, method="percentile", rng=np.random.default_rng(1))
    assert found is not None
    assert found.tau == pytest.approx(stats.kendalltau(a.mean(axis=1), printed).statistic)
    assert found.low == pytest.approx(wanted.confidence_interval.low, abs=0.21)  # tau goes in steps of 0.2
    assert found.high == pytest.approx(wanted.confidence_interval.high, abs=0.21)
    assert found == agreement(a.tolist(), [(value,) for value in printed])


def test_the_interval_of_tau_by_hand() -> None:
    """Two models overlap: the six draws of two seeds each decide the order; three models, so tau is 1/3 or 1."""
    sure = agreement([(0.0, 0.1), (1.0, 1.1), (2.0, 2.1)], [(0.0,), (1.0,), (2.0,)])
    assert sure == Agreement(1.0, 1.0, 1.0)
    # the first model's mean is 0, 1 or 2 with 1/4, 1/2, 1/4, the second's always 1.5, so 1/4 of the draws swap them
    open_ = agreement([(0.0, 2.0), (1.5, 1.5), (3.0, 3.0)], [(0.0,), (1.0,), (2.0,)])
    assert open_ == Agreement(1.0, pytest.approx(1 / 3), 1.0)


def test_tau_without_an_interval() -> None:
    assert agreement([(1.0,), (2.0, 2.1), (3.0, 3.1)], [(1.0,), (2.0,), (3.0,)]) == Agreement(1.0)
    assert agreement([(1.0,), (1.0,)], [(1.0,), (2.0,)]) is None


def test_differs_errs_in_at_most_one_of_twenty_tables_when_nothing_differs() -> None:
    """The simulated study: tables of 35 cells, ours and the paper's from the same distribution, 5 runs each."""
    rng, tables, cells = np.random.default_rng(20), 1500, 35
    wrong = 0
    for paper, ours in zip(rng.normal(size=(tables, cells, 5)), rng.normal(size=(tables, cells, 5)), strict=True):
        found = [difference(summary(a), summary(b)) for a, b in zip(paper.tolist(), ours.tolist(), strict=True)]
        verdicts = [verdict(f, p, margin=0.0) for f, p in zip(found, holm([f.p for f in found]), strict=True)]
        wrong += "differs" in verdicts
    assert 0.01 * tables < wrong < 0.05 * tables  # not so cautious that it never speaks


@pytest.mark.parametrize(("n", "paper"), [(5, 1.0), (5, 3.0), (3, 1.0)])  # Welch's own errors at (3, 3.0) are 6 %
@pytest.mark.parametrize("deviation", ["sample", "population", None])
def test_differs_errs_in_at_most_5_of_100_whatever_deviation_the_paper_prints(
    n: int, paper: float, deviation: str | None
) -> None:
    """The simulated study again, one cell at a time: the paper's runs scatter ``paper`` times as much as ours."""
    rng, cells = np.random.default_rng(0), 3000
    errors = 0
    for theirs, ours in zip(rng.normal(0, paper, (cells, n)), rng.normal(0, 1, (cells, 5)), strict=True):
        std = None if deviation is None else theirs.std(ddof=deviation == "sample")
        number = Number(theirs.mean(), std, n, "", "sample" if deviation is None else deviation)
        found = difference(Summary(number.mean, number.sample_std, n), summary(ours.tolist()))
        errors += verdict(found, found.p, margin=0.0) == "differs"
    noise = 3 * math.sqrt(0.05 * 0.95 / cells)
    assert errors / cells <= 0.05 + noise
    assert (errors == 0) == (deviation is None)
