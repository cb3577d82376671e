"""The liquid time-constant cell: bounds of the paper's theorems, parametrisations, time constants."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ltcbench import models
from ltcbench.errors import UserError
from ltcbench.models.cells.ltc_flavours import FLAVOURS

SOLVERS = ("ltc", "ltc_euler", "ltc_rk4")
seeds = st.integers(0, 2**31)
sizes = st.integers(1, 4)
times = st.sampled_from([0.0, 1e-3, 0.1, 1.0, 7.0, 1e3])


def network(name: str, features: int, units: int, seed: int, **options: Any) -> models.Network:
    """A cell without read-out, with parameters anywhere in their allowed range."""
    torch.manual_seed(seed)
    net = models.build(name, features, units, **options).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn_like(parameter))
    net.project_()
    return net


def sources(net: models.Network) -> Tensor:
    """Everything a potential can be drawn to, (H, 1 + F + H)."""
    cell: Any = net.cell
    return torch.cat([cell.vleak[:, None], cell.sensory.erev, cell.recurrent.erev], dim=1).detach()


@settings(deadline=None, max_examples=60)
@given(seed=seeds, features=sizes, units=sizes, elapsed=times, name=st.sampled_from(SOLVERS))
def test_states_stay_between_their_sources_and_their_start(
    seed: int, features: int, units: int, elapsed: float, name: str
) -> None:
    net = network(name, features, units, seed)
    x, start = 3 * torch.randn(2, 8, features).double(), 2 * torch.randn(2, units).double()
    with torch.no_grad():
        y, _ = net(x, (start,), torch.full((2, 8), elapsed))
    smallest = torch.minimum(start, sources(net).amin(1))[:, None]
    largest = torch.maximum(start, sources(net).amax(1))[:, None]
    assert (y >= smallest - 1e-9).all()
    assert (y <= largest + 1e-9).all()


@settings(deadline=None, max_examples=60)
@given(seed=seeds, features=sizes, units=sizes, elapsed=times, constraint=st.sampled_from(["projection", "softplus"]))
def test_time_constants_lie_within_theorem_1(
    seed: int, features: int, units: int, elapsed: float, constraint: str
) -> None:
    net = network("ltc", features, units, seed, constraint=constraint)
    cell: Any = net.cell
    with torch.no_grad():
        taus = net.time_constants(3 * torch.randn(2, 5, features).double(), elapsed=torch.full((2, 5), elapsed))
    positive = torch.nn.functional.softplus if constraint == "softplus" else torch.clone
    cm, gleak = positive(cell.cm), positive(cell.gleak)
    conductance = positive(cell.sensory.w).sum(1) + positive(cell.recurrent.w).sum(1)
    assert taus.shape == (2, 5, units)
    assert (taus >= cm / (gleak + conductance) * (1 - 1e-9)).all()
    assert (taus <= cm / gleak * (1 + 1e-9)).all()


def test_time_constants_are_those_at_the_end_of_each_step() -> None:
    net = network("ltc", 2, 3, seed=0)
    cell: Any = net.cell
    x, elapsed = torch.randn(2, 4, 2).double(), torch.rand(2, 4).double()
    taus = net.time_constants(x, elapsed=elapsed)
    v = net(x, elapsed=elapsed)[0]
    for i in range(2):
        for t in range(4):
            for u in range(3):
                total = cell.gleak[u]
                for synapses, source in (
                    (cell.sensory, x[i, t] * cell.input_w + cell.input_b),
                    (cell.recurrent, v[i, t]),
                ):
                    total = total + sum(
                        synapses.w[u, j] * torch.sigmoid(synapses.sigma[u, j] * (source[j] - synapses.mu[u, j]))
                        for j in range(len(source))
                    )
                torch.testing.assert_close(taus[i, t, u], cell.cm[u] / total)
    state = net(x[:, :2], elapsed=elapsed[:, :2])[1]
    torch.testing.assert_close(net.time_constants(x[:, 2:], state, elapsed[:, 2:]), taus[:, 2:])


def test_other_models_have_no_time_constants() -> None:
    with pytest.raises(UserError, match="no liquid time constants"):
        models.build("lstm", 2, 3).time_constants(torch.zeros(1, 2, 2))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_first_values(flavour: str) -> None:
    torch.manual_seed(0)
    cell: Any = models.build("ltc", 50, 40, flavour=flavour).cell
    row = FLAVOURS[flavour]
    for parameter, (low, high) in ((cell.cm, row.cm), (cell.gleak, row.gleak), (cell.vleak, (-0.2, 0.2))):
        assert low <= parameter.min() and parameter.max() <= high
    for synapses in (cell.sensory, cell.recurrent):
        assert set(synapses.erev.unique().tolist()) == {-1.0, 1.0}
        assert (synapses.erev > 0).double().mean() == pytest.approx(row.excitatory, abs=0.03)
        for name, (low, high) in (("w", row.w), ("mu", (0.3, 0.8)), ("sigma", (3.0, 8.0))):
            values = getattr(synapses, name)
            assert low <= values.min() < low + 0.1 * (high - low)
            assert high >= values.max() > high - 0.1 * (high - low)
    assert hasattr(cell, "output_w") == (flavour in ("cfc_tf", "ncps"))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_softplus_starts_at_the_same_values(flavour: str) -> None:
    outputs = []
    for constraint in ("projection", "softplus"):
        torch.manual_seed(0)
        net = models.build("ltc", 2, 3, flavour=flavour, constraint=constraint).double()
        outputs.append(net(torch.ones(1, 4, 2).double())[0])
    torch.testing.assert_close(*outputs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("flavour", "shift", "per_unfold"), [
    ("ltc", 0.0, 1.0), ("cfc_torch", 1.0, 1 / 6), ("cfc_tf", 1e-3, 1 / 6), ("ncps", 0.0, 1 / 6),
])  # fmt: skip
def test_length_of_a_fused_step(flavour: str, shift: float, per_unfold: float) -> None:
    net = network("ltc", 1, 1, seed=0, flavour=flavour)
    cell: Any = net.cell
    with torch.no_grad():
        cell.sensory.w.zero_()
        cell.recurrent.w.zero_()
    elapsed, v = 0.7, torch.tensor(0.5).double()
    _, state = net(torch.zeros(1, 1, 1).double(), (v.view(1, 1),), torch.tensor([[elapsed]]))
    for _ in range(6):
        h = (elapsed + shift) * per_unfold
        v = (cell.cm * v + h * cell.gleak * cell.vleak) / (cell.cm + h * cell.gleak)
    torch.testing.assert_close(state[0], v.view(1, 1), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["ltc_euler", "ltc_rk4"])
def test_explicit_steps_are_a_tenth_of_the_elapsed_time_and_diverge_unbounded(name: str) -> None:
    outcomes = []
    for options in ({"flavour": "ltc", "unfolds": 6}, {"flavour": "ncps", "unfolds": 6}):
        torch.manual_seed(0)
        net = models.build(name, 2, 3, bounded=False, **options).double()
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.fill_(0.3)
        share = 0.6 if options["flavour"] == "ltc" else 1.0
        x, elapsed = torch.ones(1, 3, 2).double(), torch.full((1, 3), 0.4 / share)
        outcomes.append(net(x, elapsed=elapsed)[1][0])
    torch.testing.assert_close(*outcomes)

    torch.manual_seed(0)
    net = models.build(name, 100, 8, bounded=False)
    assert not torch.isfinite(net(torch.randn(2, 50, 100))[0]).all()


def test_projection_clips_to_the_flavours_range() -> None:
    for flavour, row in FLAVOURS.items():
        net = models.build("ltc", 2, 3, flavour=flavour)
        cell: Any = net.cell
        for sign in (-1, 1):
            with torch.no_grad():
                for parameter in net.parameters():
                    parameter.fill_(sign * 1e6)
            net.project_()
            assert cell.sensory.mu.min() == sign * 1e6  # free
            for parameter, smallest in zip((cell.recurrent.w, cell.gleak, cell.cm), row.smallest, strict=True):
                expected = min(1e6, row.largest) if sign > 0 else smallest
                assert parameter.min().item() == pytest.approx(expected)
            assert torch.equal(cell.sensory.w.unique(), cell.recurrent.w.unique())


def test_wiring_leaves_synapses_out() -> None:
    torch.manual_seed(0)
    net = models.build("ltc", 4, 12, wiring="ncp", motors=3)
    cell: Any = net.cell
    x = torch.randn(2, 5, 4)
    y, state = net(x)
    assert y.shape == (2, 5, 3)
    assert state[0].shape == (2, 12)
    y.square().sum().backward()
    for synapses in (cell.sensory, cell.recurrent):
        assert (synapses.w.grad[synapses.mask == 0] == 0).all()
        assert (synapses.w.grad[synapses.mask == 1] != 0).any()
    weights = torch.cat([p.flatten() for p in net.parameters()])
    torch.manual_seed(0)
    other = models.build("ltc", 4, 12, wiring="ncp", motors=3, wiring_seed=1)
    assert torch.equal(weights, torch.cat([p.flatten() for p in other.parameters()]))
    assert not torch.equal(net.cell.recurrent.mask, other.cell.recurrent.mask)


def test_options_out_of_range_are_refused() -> None:
    for options in (
        {"flavour": "tlc"}, {"constraint": "clip"}, {"unfolds": 0}, {"wiring": "all"}, {"sparsity": 1.0}, {"motors": 9},
    ):  # fmt: skip
        with pytest.raises(UserError, match=next(iter(options))):
            models.build("ltc", 2, 4, **options)
    with pytest.raises(UserError, match="tolerance"):
        models.build("ltc_ode", 2, 4, tolerance=0.0)
