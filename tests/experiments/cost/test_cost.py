"""Local errors, evaluations, parameters, the paper's minutes."""

import numpy as np
import pytest
import torch

from ltcbench.experiments.cost import local_error, minutes, parameters, times
from ltcbench.experiments.cost.evaluations import evaluations
from ltcbench.experiments.cost.field import field
from ltcbench.experiments.stability.weights import cell, drawn


@pytest.mark.parametrize("solver", local_error.EXPECTED)
def test_orders_of_the_local_errors(solver: str) -> None:
    orders = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        weights, inputs, first = drawn(rng, 4, 8), rng.standard_normal(4), rng.uniform(-0.5, 0.5, 8)
        orders.append(local_error.order(weights, solver, inputs, first))
    assert np.median(orders) == pytest.approx(local_error.EXPECTED[solver], abs=0.1)


def test_the_field_is_the_cells() -> None:
    rng = np.random.default_rng(0)
    weights, inputs, v = drawn(rng, 3, 5), rng.standard_normal(3), rng.standard_normal(5)
    made = cell(weights, "euler", dtype=torch.float64)
    with torch.no_grad():
        drive = tuple(part[0] for part in made.drive(torch.from_numpy(inputs)[None, None]))
        (after,) = made.step((torch.from_numpy(v)[None],), drive, torch.tensor([[10.0]], dtype=torch.float64))
    assert field(weights, inputs)(0.0, v) == pytest.approx((after[0].numpy() - v) / 1.0)


def test_an_explicit_solver_pays_for_stiffness_and_an_implicit_one_does_not() -> None:
    rng = np.random.default_rng(0)
    weights, inputs = drawn(rng, 17, 32), rng.standard_normal(17)
    explicit = [evaluations(weights, inputs, factor, "RK45", 1e-3).number for factor in (1.0, 10.0, 100.0)]
    implicit = [evaluations(weights, inputs, factor, "LSODA", 1e-3).number for factor in (1.0, 100.0)]
    assert 50 < explicit[0] < 100
    assert explicit[2] / explicit[1] == pytest.approx(9, abs=2)
    assert implicit[1] < 5 * implicit[0]
    strict = evaluations(weights, inputs, 100.0, "RK45", 1e-6)
    assert strict.number == pytest.approx(explicit[2], rel=0.15)  # stability, not the tolerance, holds the steps down
    assert strict.succeeded


@pytest.mark.parametrize("model", ["ltc", "lstm", "ctgru"])
@pytest.mark.parametrize("units", [3, 32])
def test_parameters_are_the_papers(model: str, units: int) -> None:
    assert parameters.recurrent(model, units) == parameters.PAPER[model][1](units)


def test_parameters_that_differ() -> None:
    """Our CT-RNN has a fixed time constant, and the ODE-RNN of the ODE-LSTM code a gain for each unit."""
    assert parameters.recurrent("ctrnn", 32) == parameters.PAPER["ctrnn"][1](32) - 32
    assert parameters.recurrent("ode_rnn", 32) == parameters.PAPER["ode_rnn"][1](32) + 32


@pytest.mark.parametrize(
    ("table", "largest", "ltc"), [("cfc-xor", 13.4, 3.6), ("cfc-walker", 11.4, 9.8), ("cfc-physionet", 220, 5.0)]
)
def test_the_papers_minutes(table: str, largest: float, ltc: float) -> None:
    found = minutes.ratio(table)
    assert found.ratio == pytest.approx(largest, rel=0.01)
    assert found.ltc_over_cfc == pytest.approx(ltc, rel=0.02)


def test_exponents_of_times() -> None:
    lines = [{"model": "cfc", "axis": "length", "size": n, "median": 3e-3 * n**1.5} for n in (8, 16, 32, 64)]
    found = times.exponents(lines)["cfc"]["length"]
    assert (found.value, found.low, found.high) == pytest.approx((1.5, 1.5, 1.5))
    assert "width" not in times.exponents(lines)["cfc"]


def test_times_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "MODELS", ("cfc", "transformer"))
    found = times.measured([2, 4], [2, 3], 1, 1)
    assert len(found["times"]) == 4 * len(times.MODELS)
    assert all(line["median"] > 0 for line in found["times"])
