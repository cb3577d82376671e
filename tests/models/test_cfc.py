"""What the flavours of the CfC differ in, beside the gate (tests/oracles)."""

import pytest
import torch

from ltcbench import models
from ltcbench.errors import UserError
from ltcbench.models.cells.cfc import ACTIVATIONS


def noisy(net: models.Network) -> bool:
    x = torch.ones(2, 3, 2)
    return not torch.equal(net(x)[0], net(x)[0])


@pytest.mark.parametrize("name", ["cfc", "cfc_nogate", "cfc_s", "cfc_mm"])
@pytest.mark.parametrize(
    ("flavour", "layers", "drops"), [("torch", 1, False), ("torch", 2, True), ("tf", 1, True), ("tf", 2, True)]
)
def test_dropout_comes_after_every_layer_or_from_the_second_on(
    name: str, flavour: str, layers: int, drops: bool
) -> None:
    net = models.build(name, 2, 4, flavour=flavour, backbone_layers=layers, backbone_dropout=0.5)
    assert noisy(net) == drops
    net.eval()
    assert not noisy(net)


def test_dropout_is_drawn_anew_at_every_step() -> None:
    torch.manual_seed(0)
    net = models.build("cfc", 2, 4, flavour="tf", backbone_dropout=0.5)
    x = torch.ones(50, 1, 2)
    assert not torch.equal(net(x)[0], net(x)[0])
    assert not torch.equal(*(net(torch.ones(50, 2, 2))[0].unbind(1)))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation: str) -> None:
    net = models.build("cfc", 2, 4, backbone_activation=activation)
    assert torch.isfinite(net(torch.randn(2, 3, 2))[0]).all()


def test_lecun_tanh_reaches_one_at_one() -> None:
    assert ACTIVATIONS["lecun_tanh"](torch.tensor(1.0)).item() == pytest.approx(1.0, abs=2e-3)


def test_kernels_are_those_that_keras_regularises() -> None:
    """Backbone and heads; not w_tau and A, the LSTM or the read-out."""
    for name, count in (("cfc", 6), ("cfc_s", 3), ("cfc_mm", 6), ("ltc", 0), ("lstm", 0)):
        options = {"backbone_layers": 2} if name.startswith("cfc") else {}
        assert len(list(models.build(name, 2, 4, 3, **options).kernels())) == count


def test_options_out_of_range_are_refused() -> None:
    for name, options in (
        ("backbone_activation", {"backbone_activation": "tan"}),
        ("flavour", {"flavour": "jax"}),
        ("backbone_dropout", {"backbone_dropout": 1.0}),
        ("backbone_layers", {"backbone_layers": -1}),
        ("backbone_units", {"backbone_units": 0}),
    ):
        for model in ("cfc", "cfc_mm"):
            with pytest.raises(UserError, match=name):
                models.build(model, 2, 4, **options)
