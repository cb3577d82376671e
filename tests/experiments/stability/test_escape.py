"""Theorems 1 and 2 as properties of the product's cells, and where explicit steps end to obey them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ltcbench.experiments.stability import escape, weights

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False, width=32)


def network(seed: int, features: int, units: int, scale: float = 1.0) -> tuple[np.random.Generator, weights.LTCWeights]:
    rng = np.random.default_rng(seed)
    drawn = weights.drawn(rng, features, units)
    synapses = [
        weights.SynapseWeights(scale * part.w, part.erev, part.mu, part.sigma)
        for part in (drawn.sensory, drawn.recurrent)
    ]
    return rng, weights.LTCWeights(*synapses, drawn.gleak, drawn.vleak, drawn.cm)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    features=st.integers(1, 5),
    units=st.integers(1, 6),
    scale=st.floats(1e-3, 1e4),
    inputs=st.lists(NUMBERS, min_size=1, max_size=10),
    h=st.floats(1e-6, 1e6),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_the_fused_solver_never_leaves_the_bounds(
    seed: int, features: int, units: int, scale: float, inputs: list[float], h: float, dtype: torch.dtype
) -> None:
    rng, drawn = network(seed, features, units, scale)
    first = rng.uniform(*escape.interval(drawn, np.zeros(units)))[None]
    signal = np.repeat(np.array(inputs)[:, None, None], features, axis=2)
    found = escape.escape(drawn, "fused", signal, first, np.array([h]), dtype=dtype)
    assert found.excess[0] <= escape.rounding(drawn, first, len(inputs), dtype)
    assert found.tau_excess[0] <= escape.tau_rounding(drawn, dtype)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), solver=st.sampled_from(["euler", "heun", "rk4"]), z=st.floats(1e-3, 1e5))
def test_bounded_cells_never_leave_the_bounds(seed: int, solver: str, z: float) -> None:
    rng, drawn = network(seed, 3, 4)
    first = rng.uniform(*escape.interval(drawn, np.zeros(4)))[None]
    signal = np.where(rng.random((8, 1, 3)) < 0.5, -1e6, 1e6)
    found = escape.escape(drawn, solver, signal, first, np.array([z / drawn.rate]), bounded=True)
    assert found.excess[0] <= np.finfo(np.float32).eps * max(1, np.abs(first).max())  # vleak in 32 bits


def test_an_explicit_step_within_the_fastest_time_constant_stays_inside() -> None:
    for seed in range(5):
        rng, drawn = network(seed, 4, 6)
        first = rng.uniform(*escape.interval(drawn, np.zeros(6)))[None]
        h = np.array([1 / float((drawn.largest_conductance / drawn.cm).max())])
        signal = np.where(rng.random((40, 1, 4)) < 0.5, -1e6, 1e6)
        found = escape.escape(drawn, "euler", signal, first, h)
        assert found.excess[0] <= escape.rounding(drawn, first, 40)


def test_a_long_euler_step_leaves_and_diverges_and_theorem_1_holds_all_the_same() -> None:
    rng, drawn = network(0, 4, 6)
    first = rng.uniform(*escape.interval(drawn, np.zeros(6)))[None]
    signal = np.where(rng.random((60, 1, 4)) < 0.5, -1e6, 1e6)
    found = escape.escape(drawn, "euler", signal, first, np.array([10 / drawn.rate]))
    assert found.excess[0] == np.inf  # of 32 bit numbers after so many steps nothing is left
    assert found.tau_excess[0] <= escape.tau_rounding(drawn)


def test_the_interval_holds_leak_reversal_potentials_and_the_first_value() -> None:
    _, drawn = network(0, 2, 3)
    low, high = escape.interval(drawn, np.array([[-7.0, 0.0, 9.0]]))
    assert low[0, 0] == -7
    assert high[0, 2] == 9
    assert set(low[0, 1:]) | set(high[0, :2]) <= {-1.0, 1.0, *drawn.vleak, 0.0}


@pytest.mark.parametrize(
    ("solver", "inside", "stable"), [("euler", 1, 2), ("heun", 2, 2), ("rk4", 2.785, 2.785), ("fused", np.inf, np.inf)]
)
def test_limits_of_one_unit(solver: str, inside: float, stable: float) -> None:
    assert escape.limits(solver) == pytest.approx((inside, stable), abs=1e-3)


@pytest.mark.parametrize("solver", ["fused", "euler", "heun", "rk4"])
def test_the_amplification_is_the_cells(solver: str) -> None:
    """One unit without recurrence and with an open synapse: dv/dt = lambda (A - v)."""
    synapses = weights.SynapseWeights(*(np.full((1, 1), number) for number in (3.0, 1.0, 0.5, 5.0)))
    closed = weights.SynapseWeights(*(np.full((1, 1), number) for number in (0.0, 1.0, 0.5, 5.0)))
    drawn = weights.LTCWeights(synapses, closed, np.array([1.0]), np.array([1.0]), np.array([0.5]))
    z = np.array([0.1, 1.0, 2.5])
    made = weights.cell(drawn, solver, dtype=torch.float64)
    elapsed = torch.from_numpy(weights.elapsed_of(made, z * 0.5 / 4))[:, None]
    with torch.no_grad():
        reversal, conductance = made.drive(torch.full((1, 3, 1), 1e3, dtype=torch.float64))
        (v,) = made.step((torch.zeros(3, 1, dtype=torch.float64),), (reversal[0], conductance[0]), elapsed)
    assert 1 - v[:, 0].numpy() == pytest.approx(escape.AMPLIFICATION[solver](z), abs=1e-6)
