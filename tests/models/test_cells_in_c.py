"""The gated cells and the CfC family in C give the numbers and the gradients of the reference loop."""

import shutil
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ltcbench import models
from ltcbench.models.choice import IN_TORCH, has_fused
from ltcbench.models.engines import closed_form, native
from tests.models.agreement import assert_engine, drawn

pytestmark = pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler")
CELLS = (
    "gru", "rnn_dt", "lstm", "aug_lstm", "cfc", "cfc_nogate", "cfc_s", "cfc_mm", "ctgru", "ode_lstm", "bi_rnn",
    "gru_ode", "ct_lstm", "phased_lstm", "gru_d", "rnn_decay", "lipschitz_rnn", "cornn",
)  # fmt: skip
STEPS, BATCH, FEATURES, UNITS = 6, 5, 3, 8


def built(name: str, features: int = FEATURES, units: int = UNITS, **options: Any) -> models.Network:
    torch.manual_seed(0)
    net = models.build(name, features, units, 2, **options)
    for parameter in net.parameters():  # so that no gradient is zero by symmetry
        parameter.data += 0.1 * torch.rand_like(parameter)
    return net


def assert_equal(net: models.Network, kind: str, same_time: bool = False) -> None:
    assert_engine(net, "fused", drawn(kind, same_time=same_time))
    assert net.ran == "fused"


@pytest.mark.parametrize("kind", ["whole", "holes", "ragged"])
@pytest.mark.parametrize("same_time", [False, True], ids=["varies", "same"])
@pytest.mark.parametrize("layers", [0, 1, 3])
@pytest.mark.parametrize("flavour", ["torch", "tf"])
@pytest.mark.parametrize("name", ["cfc", "cfc_nogate", "cfc_s", "cfc_mm"])
def test_every_cfc(name: str, flavour: str, layers: int, same_time: bool, kind: str) -> None:
    assert_equal(built(name, flavour=flavour, backbone_layers=layers, backbone_units=5), kind, same_time)


@pytest.mark.parametrize("kind", ["whole", "holes", "ragged"])
@pytest.mark.parametrize("decay_bug", [False, True])
@pytest.mark.parametrize("per_scale", [False, True])
@pytest.mark.parametrize("scales", [1, 2, 11])
def test_every_ctgru(scales: int, per_scale: bool, decay_bug: bool, kind: str) -> None:
    assert_equal(built("ctgru", scales=scales, per_scale=per_scale, decay_bug=decay_bug), kind)


def test_a_ctgru_whose_scales_are_all_far_away_is_as_near_to_float64_as_the_reference() -> None:
    net, x = built("ctgru"), torch.randn(BATCH, STEPS, FEATURES)
    net.cell.scales.bias.data += torch.linspace(-40, 40, len(net.cell.scales.bias))
    results = []
    for net.engine, dtype in (("eager", torch.float64), ("eager", torch.float32), ("fused", torch.float32)):
        y, _ = net.to(dtype)(x.to(dtype))
        results.append([y, *torch.autograd.grad(y.sum(), list(net.parameters()))])
    for exact, reference, ours in zip(*results, strict=True):
        assert (ours - exact).abs().max() <= 3 * (reference - exact).abs().max() + 1e-6 * exact.abs().max()


@pytest.mark.parametrize("kind", ["whole", "holes", "ragged"])
@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("solver", ["euler", "heun", "rk4"])
@pytest.mark.parametrize("name", ["ode_lstm", "bi_rnn", "gru_ode"])
def test_every_equation(name: str, solver: str, bounded: bool, kind: str) -> None:
    net = built(name, solver=solver, unfolds=2, bounded=bounded)
    assert_equal(net, kind)  # with sub-steps of up to 1.5 that leave the bounds


def test_a_ct_lstm_whose_memory_decays_at_once_or_never() -> None:
    net = built("ct_lstm")
    net.cell.gates.bias.data[-UNITS:] += torch.linspace(-90, 90, UNITS)
    assert_equal(net, "holes")


@pytest.mark.parametrize("kind", ["whole", "ragged"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("activation", closed_form.ACTIVATIONS)
def test_every_activation_with_the_dropout_of_the_reference(activation: str, dropout: float, kind: str) -> None:
    options = {"backbone_activation": activation, "backbone_dropout": dropout}
    assert_equal(built("cfc", flavour="tf", backbone_layers=2, backbone_units=20, **options), kind)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(CELLS), st.sampled_from(["whole", "holes", "ragged"]), st.integers(1, 20), st.integers(1, 5),
    st.integers(1, 40), st.integers(1, 40),
)  # fmt: skip
def test_every_size(name: str, kind: str, batch: int, steps: int, features: int, units: int) -> None:
    options = {"backbone_units": 7} if name.startswith("cfc") else {}
    net = built(name, features, units, **options)
    assert_engine(net, "fused", drawn(kind, batch, steps, features))


@pytest.mark.parametrize("name", CELLS)
def test_a_second_backward_pass_and_one_without_gradients(name: str) -> None:
    net, x = built(name), torch.randn(BATCH, STEPS, FEATURES)
    y, _ = net(x)
    weights = list(net.parameters())
    first, second = (torch.autograd.grad(y.sum(), weights, retain_graph=True) for _ in "12")
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    with torch.no_grad():
        assert torch.equal(net(x)[0], y)
    assert net(torch.randn(0, STEPS, FEATURES))[0].shape == (0, STEPS, 2)


def test_a_wiring_and_what_is_read_of_it() -> None:
    assert_equal(built("cfc", backbone_layers=0, wiring="ncp", motors=3), "holes")


def test_what_c_does_not_know_takes_the_engine_before() -> None:
    softplus = built("cfc", backbone_activation="softplus")
    with torch.no_grad():
        softplus.cell.backbone[0].bias -= 3  # else its sums saturate the heads, and gradients are nothing but rounding
    assert_equal(softplus, "holes")
    assert not closed_form.serves(softplus.cell, torch.zeros(1))
    assert not closed_form.serves(built("cfc").cell, torch.zeros(1, dtype=torch.float64))


@pytest.mark.parametrize("name", CELLS)
def test_without_a_compiler(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "library", lambda *_: None)
    net = built(name)
    net(torch.randn(BATCH, STEPS, FEATURES))
    assert has_fused(net.cell) == (type(net.cell) in IN_TORCH)
    assert net.ran == ("fused" if has_fused(net.cell) else "eager")
    net(torch.randn(BATCH, STEPS, FEATURES), mask=drawn("holes").mask)
    assert net.ran == ("fused" if name.startswith("cfc") else "eager")
