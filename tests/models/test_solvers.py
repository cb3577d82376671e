"""Solvers on equations whose solutions are known."""

import builtins
from typing import Any

import pytest
import torch
from torch import Tensor

from ltcbench.errors import UserError
from ltcbench.models.solvers import TABLEAUS, Solver, fused

ELAPSED = torch.tensor([[0.0], [0.5], [2.0]], dtype=torch.float64)
START = torch.tensor([[1.0, -2.0], [0.5, 3.0], [1.0, 1.0]], dtype=torch.float64)


def decay(y: Tensor) -> Tensor:
    return -y


@pytest.mark.parametrize("name", TABLEAUS)
def test_tableaus_are_consistent(name: str) -> None:
    tableau = TABLEAUS[name]
    assert sum(tableau.b) == pytest.approx(1)
    assert [len(row) for row in tableau.a] == list(range(len(tableau.b)))


@pytest.mark.parametrize(("name", "order"), [("euler", 1), ("heun", 2), ("rk4", 4)])
def test_each_sample_has_its_own_time(name: str, order: int) -> None:
    errors = [(Solver(name, n)(decay, START, ELAPSED) - START * torch.exp(-ELAPSED)).abs().max() for n in (20, 40)]
    assert torch.log2(errors[0] / errors[1]).item() == pytest.approx(order, abs=0.1)


def test_adaptive_solver() -> None:
    solver = Solver("ode", tolerance=1e-10)
    torch.testing.assert_close(solver(decay, START, ELAPSED), START * torch.exp(-ELAPSED), rtol=1e-9, atol=1e-9)
    used = solver.evaluations
    assert used > 10
    solver.evaluations = 0
    solver(decay, START, ELAPSED / 100)
    assert 0 < solver.evaluations < used


def test_sub_steps_fill_the_share_that_is_asked_for() -> None:
    one = torch.ones(1, 1)
    assert Solver("euler", 6, 0.1)(torch.ones_like, torch.zeros(1, 1), 5 * one).item() == pytest.approx(3)
    assert Solver("euler", 6)(torch.ones_like, torch.zeros(1, 1), 5 * one).item() == pytest.approx(5)


def test_bounds_hold_after_every_sub_step() -> None:
    y = Solver("euler", 5)(decay, START, 50 * ELAPSED, (-START.abs(), START.abs()))
    assert (y.abs() <= START.abs()).all()


def test_fused_steps_solve_linear_decay_and_never_overshoot() -> None:
    c = torch.full((2,), 2.0, dtype=torch.float64)

    def parts(y: Tensor) -> tuple[Tensor, Tensor]:
        return torch.ones_like(y), torch.ones_like(y)

    exact = 1 + (START - 1) * torch.exp(-ELAPSED / 2)
    errors = [(fused(parts, c, START, ELAPSED / n, n) - exact).abs().max() for n in (100, 200)]
    assert torch.log2(errors[0] / errors[1]).item() == pytest.approx(1, abs=0.1)
    huge = fused(parts, c, START, 1e6 * ELAPSED, 1)
    assert ((huge - 1).abs() <= (START - 1).abs()).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rk5",), "solver"),
        (("euler", 0), "unfolds"),
        (("euler", 1, 0.0), "step_size"),
        (("ode", 1, None, 2.0), "tolerance"),
    ],
)
def test_settings_out_of_range_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Solver(*arguments)


def test_an_equation_that_is_too_stiff_is_told() -> None:
    with pytest.raises(UserError, match="adaptive solver gave up"):
        Solver("ode")(lambda y: y * y, torch.ones(1, 1), torch.full((1, 1), 2.0))  # grows without bound


def test_missing_torchdiffeq_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "torchdiffeq":
            raise ImportError
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UserError, match=r"pip install 'ltcbench\[ode\]'"):
        Solver("ode")(decay, START, ELAPSED)
