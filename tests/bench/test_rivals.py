"""Rivals compute what our networks do; otherwise comparing their times would mean nothing."""

import sys
from typing import Any

import numpy as np
import pytest
import torch

from ltcbench import models
from ltcbench.bench import actions, weights
from ltcbench.bench.foreign import Foreign
from ltcbench.bench.rivals import NotThere, rival
from ltcbench.bench.rivals.rival import version
from ltcbench.errors import Failure
from ltcbench.models import Network

BATCH, STEPS, FEATURES, UNITS = 3, 7, 2, 4


def built(name: str, **options: Any) -> Network:
    torch.manual_seed(0)
    return models.build(name, FEATURES, UNITS, **options)


PAIRS: list[tuple[str, str, dict[str, Any]]] = [
    ("ncps", "ltc", {"flavour": "ncps"}),
    ("ncps", "ltc", {"flavour": "ncps", "constraint": "softplus", "unfolds": 3}),
    *(("ncps", name, {"backbone_layers": layers}) for name in ("cfc", "cfc_nogate", "cfc_s") for layers in (0, 1, 2)),
    ("ncps", "cfc", {"backbone_activation": "silu"}),
    ("ncps", "cfc_mm", {}),
    ("torch.nn.LSTM", "lstm", {"forget_bias": 1.5}),
    ("torchdiffeq", "ctrnn", {}),
    ("torchdiffeq", "ctrnn", {"solver": "heun"}),
    ("torchdiffeq", "node", {}),
    ("torchdiffeq", "ode_rnn", {}),
    ("torchdiffeq", "ltc_rk4", {"flavour": "ncps"}),
    ("JAX", "lstm", {"forget_bias": 1.5}),
    ("JAX", "gru", {}),
    ("JAX", "cfc", {"backbone_layers": 2}),
    ("JAX", "cfc", {"flavour": "tf", "backbone_layers": 0}),
    ("JAX", "cfc_nogate", {"backbone_activation": "silu"}),
    ("JAX", "ctrnn", {"flavour": "ode_lstm", "solver": "heun", "unfolds": 2, "clip": 0.3}),
    ("JAX", "node", {"unfolds": 2}),
    ("JAX", "ltc", {"flavour": "ncps", "constraint": "softplus", "unfolds": 2}),
    ("JAX", "ltc", {"unfolds": 2}),
]


@pytest.mark.parametrize(("name", "model", "options"), PAIRS)
def test_a_rival_gives_our_outputs(name: str, model: str, options: dict[str, Any]) -> None:
    net = built(model, **options)
    found = rival(name, net)
    assert found.reference is net
    assert found.module is not net
    x = torch.randn(BATCH, STEPS, FEATURES)
    with torch.no_grad():
        ours, theirs = net(x)[0], found.module(x)[0]
        torch.testing.assert_close(theirs, ours, rtol=1e-5, atol=1e-4 if name == "torchdiffeq" else 1e-5)
        state, outputs = None, []
        for part in x.split(1, dim=1):
            y, state = found.module(part, state)
            outputs.append(y)
    torch.testing.assert_close(torch.cat(outputs, dim=1), theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("model", "options"), [(model, options) for name, model, options in PAIRS if name == "JAX"])
def test_jax_gives_our_gradients_and_updates(model: str, options: dict[str, Any]) -> None:
    net = built(model, **options)
    x = torch.randn(BATCH, STEPS, FEATURES)
    theirs: Any = rival("JAX", net).module
    _, gradients = theirs.gradients(theirs.weights, x.numpy(), theirs.start(BATCH))
    net.engine = "eager"
    net(x)[0].square().mean().backward()
    ours = {name: p.grad for name, p in net.cell.named_parameters() if p.requires_grad}
    assert gradients.keys() == ours.keys()
    for name, gradient in ours.items():
        expected = gradient.numpy()
        assert abs(np.asarray(gradients[name]) - expected).max() <= 1e-5 * abs(expected).max() + 1e-8, name


def test_an_update_in_jax_is_that_of_our_optimiser() -> None:
    net = built("gru")
    theirs: Any = rival("JAX", net).module
    x = torch.randn(BATCH, STEPS, FEATURES)
    mine, other = actions.update(net, x, "eager"), theirs.update(x)
    for _ in range(3):
        mine()
        other()
    (kept,) = (cell.cell_contents for cell in other.__closure__ if isinstance(cell.cell_contents, list))
    for name, value in net.cell.named_parameters():
        assert np.allclose(np.asarray(kept[0][0][name]), value.detach().numpy(), atol=2e-6), name


def test_a_yardstick_is_compared_with_what_it_computes() -> None:
    lstm = rival("torch.nn.LSTM", built("cfc"))
    assert type(lstm.reference.cell) is models.MODELS["lstm"].cell
    exact = rival("torchdiffeq", built("ltc", flavour="ncps"))
    assert exact.reference is exact.module
    x = torch.randn(BATCH, STEPS, FEATURES)
    difference = exact.module(x)[0] - built("ltc", flavour="ncps")(x)[0]
    assert 1e-5 < difference.abs().max() < 0.3  # the fused solver's error


def test_other_outputs_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(cell: Any) -> dict[str, torch.Tensor]:
        values = true(cell)
        return values | {"ff1.bias": values["ff1.bias"] + 0.1}

    true = weights.cfc_parameters
    monkeypatch.setattr(weights, "cfc_parameters", wrong)
    with pytest.raises(Failure, match="gives other outputs than CfC"):
        rival("ncps", built("cfc"))


@pytest.mark.parametrize(
    ("model", "options"), [("ltc", {}), ("cfc", {"flavour": "tf"}), ("cfc_mm", {"forget_bias": 0.0}), ("lstm", {})]
)
def test_ncps_is_left_out_where_it_computes_something_else(model: str, options: dict[str, Any]) -> None:
    with pytest.raises(NotThere) as reason:
        rival("ncps", built(model, **options))
    assert bool(str(reason.value)) == (model != "lstm")  # of what it never had nothing is said


def test_what_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ncps.torch", None)
    with pytest.raises(NotThere, match=r"pip install 'ltcbench\[bench\]'"):
        rival("ncps", built("cfc"))
    with pytest.raises(NotThere, match="no-such-package is not installed"):
        version("no-such-package")


def test_a_rival_trains_in_our_loop() -> None:
    net = built("ltc", flavour="ncps")
    foreign = Foreign(rival("ncps", net), net.cell)
    theirs = Network(foreign, 5)
    x = torch.randn(BATCH, STEPS, FEATURES)
    assert theirs(x)[0].shape == (BATCH, STEPS, 5)
    cell: Any = foreign.rival
    with torch.no_grad():
        cell.rnn_cell.w.fill_(-1)
    theirs.project_()
    assert (cell.rnn_cell.w == 0).all()
