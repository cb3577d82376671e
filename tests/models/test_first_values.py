"""First values of the weights, as the respective authors' code draws them."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from ltcbench import models
from ltcbench.errors import UserError
from ltcbench.models.cells.affine import Affine, Dense

F, H = 40, 30


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def cell(name: str, **options: Any) -> Any:
    return models.build(name, F, H, **options).cell


def assert_uniform(weight: Tensor, bound: float) -> None:
    """Drawn from U(-bound, bound): fills the interval, with its variance to 5 standard deviations of the estimate."""
    assert 0.9 * bound < weight.abs().max() <= bound
    assert weight.var().item() == pytest.approx(bound**2 / 3, rel=5 * math.sqrt(0.8 / weight.numel()))


def glorot(inputs: int, outputs: int) -> float:
    return math.sqrt(6 / (inputs + outputs))


def test_keras() -> None:
    layer = Affine(F, H, 4 * H)
    assert_uniform(layer.weight_x, glorot(F, 4 * H))
    torch.testing.assert_close(layer.weight_h.t() @ layer.weight_h, torch.eye(H), rtol=1e-5, atol=1e-5)
    assert not layer.bias.any()


def test_dense_in_blocks() -> None:
    layer = Affine(F, H, H, blocks=3, init="dense")
    for part in (layer.weight_x, layer.weight_h):
        assert part.shape[0] == 3 * H
        assert_uniform(part, glorot(F + H, H))
    assert not layer.bias.any()


def test_torch() -> None:
    layer = Affine(F, H, 3 * H, init="torch")
    for part in (layer.weight_x, layer.weight_h, layer.bias):
        assert_uniform(part, 1 / math.sqrt(H))


def test_lstm_of_tensorflow() -> None:
    gates = cell("lstm").gates
    for part in (gates.weight_x, gates.weight_h):
        assert_uniform(part, glorot(F + H, 4 * H))


def test_read_out() -> None:
    net = models.build("lstm", F, H, 20)
    assert isinstance(net.readout, Dense)
    assert_uniform(net.readout.weight, glorot(H, 20))
    assert not net.readout.bias.any()


def test_read_out_of_power_and_traffic() -> None:
    net = models.build("lstm", F, H, 500, readout_std=0.05)
    assert isinstance(net.readout, Dense)
    weight = net.readout.weight
    assert weight.abs().max() <= 0.1
    cut_off = math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2)))  # at two deviations
    assert weight.std().item() == pytest.approx(0.05 * cut_off, rel=0.03)
    assert not net.readout.bias.any()
    with pytest.raises(UserError, match="readout_std=0 is out of range"):
        models.build("lstm", F, H, 1, readout_std=0)


@pytest.mark.parametrize("flavour", ["torch", "tf"])
def test_cfc(flavour: str) -> None:
    ours = cell("cfc", flavour=flavour, gain=0.5)
    assert_uniform(ours.backbone[0].weight, 0.5 * glorot(F + H, 128))
    assert_uniform(torch.cat([head.weight for head in ours.heads]), 0.5 * glorot(128, H))
    assert ours.backbone[0].bias.any() == (flavour == "torch")
    solution = cell("cfc_s")
    assert not solution.w_tau.any()
    assert (solution.A == 1).all()


def test_mixed_memory() -> None:
    assert not cell("cfc_mm", flavour="tf").gates.bias.any()
    assert_uniform(cell("cfc_mm", flavour="torch").gates.bias, 0.1)


def test_gru_ode_resets_little_at_first() -> None:
    r, z, g = cell("gru_ode").gates.bias.split(H)
    assert (r == 1).all()
    assert not z.any() and not g.any()


def test_phased_lstm_of_the_paper() -> None:
    ours = cell("phased_lstm", flavour="paper")
    assert ours.tau.min() >= 1 and ours.tau.max() <= math.exp(3)
    assert (ours.s >= 0).all() and (ours.s <= ours.tau).all()
    assert not ours.r_on.requires_grad


def test_lipschitz_rnn() -> None:
    ours = cell("lipschitz_rnn")
    for matrix in (ours.M_A, ours.M_W):
        assert matrix.std().item() == pytest.approx(6 / H, rel=0.1)
    assert ours.U.weight.std().item() == pytest.approx(math.sqrt(2 / (F + H)), rel=0.1)
