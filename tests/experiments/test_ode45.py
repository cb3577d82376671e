"""MATLAB's solver: its published counts, its order, its limits."""

import numpy as np
import pytest

from ltcbench.experiments.ode45 import Solution, ode45


def solved(**options: object) -> Solution:
    """x' = -2 x + t from 0 on [0, 10]."""
    given = {"relative": 1e-3, "absolute": 1e-6, **options}
    return ode45(lambda t, x: -2 * x + t, 10, np.zeros(1), **given)  # type: ignore[arg-type]


def exact(t: np.ndarray) -> np.ndarray:
    return t / 2 - 1 / 4 + np.exp(-2 * t) / 4


def test_the_counts_that_matlab_prints() -> None:
    """MathWorks question 480688, MATLAB R2019a: 14 successful steps, 2 failed attempts, 97 evaluations, 57 points."""
    found = solved()
    assert (found.accepted, found.failed, found.evaluations, len(found.t)) == (14, 2, 97, 57)
    assert found.status == "finished"


def test_the_solution_and_what_is_between_its_steps() -> None:
    at = np.linspace(0, 10, 301)
    found = solved(relative=1e-8, absolute=1e-10, at=at)
    assert np.abs(found.x[:, 0] - exact(found.t)).max() < 1e-7
    assert np.abs(found.points[:, 0] - exact(at)).max() < 1e-7
    assert found.t[0] == 0 and found.t[-1] == 10 and (np.diff(found.t) > 0).all()


def test_refinement_changes_no_step() -> None:
    one, four = solved(refine=1), solved()
    assert (one.accepted, one.failed, one.evaluations) == (four.accepted, four.failed, four.evaluations)
    assert len(one.t) == 15
    np.testing.assert_array_equal(one.t, four.t[::4])


def test_the_longest_step_is_a_tenth_of_the_time_unless_it_is_told() -> None:
    def steps(longest: float | None) -> np.ndarray:
        return np.diff(ode45(lambda t, x: 0 * x, 5, np.ones(2), 1e-3, 1e-6, refine=1, longest=longest).t)

    assert steps(None).max() == pytest.approx(0.5)
    assert steps(5).max() > 2


def test_a_cap_on_the_steps_is_told() -> None:
    found = solved(most=5, at=np.linspace(0, 10, 11))
    assert (found.status, found.accepted) == ("capped", 5)
    assert found.t[-1] < 10 and len(found.t) == 21 and len(found.points) < 11


def test_what_grows_without_end_is_told() -> None:
    found = ode45(lambda t, x: x**2, 2, np.ones(1), 1e-3, 1e-6, most=2000)
    assert found.status in ("capped", "stuck", "not finite")
    assert found.t[-1] == pytest.approx(1, abs=0.01)


def test_a_value_that_is_no_number_is_told() -> None:
    found = ode45(lambda t, x: np.sqrt(0.5 - x), 2, np.zeros(1), 1e-3, 1e-6)
    assert found.status in ("not finite", "stuck")
