"""First values of the weights, as the respective authors' code draws them."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from ltcbench import models
from ltcbench.errors import UserError
from ltcbench.models.cells.affine import Affine, Dense
from ltcbench.settings.composition import composed
from ltcbench.settings.job import tree
from ltcbench.settings.numerics import EVERYWHERE, numerics

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


def test_read_out_of_torch() -> None:
    net = models.build("cfc", F, H, 500, flavour="torch", readout="linear")
    assert isinstance(net.readout, Dense)
    assert_uniform(net.readout.weight, 1 / math.sqrt(H))
    assert_uniform(net.readout.bias, 1 / math.sqrt(H))
    with pytest.raises(UserError, match=r"model\.readout 'liner'"):
        models.build("lstm", F, H, 1, readout="liner")


@pytest.mark.parametrize("flavour", ["torch", "tf"])
def test_cfc(flavour: str) -> None:
    ours = cell("cfc", flavour=flavour, gain=0.5)
    assert_uniform(ours.backbone[0].weight, 0.5 * glorot(F + H, 128))
    assert_uniform(torch.cat([head.weight for head in ours.heads]), 0.5 * glorot(128, H))
    assert ours.backbone[0].bias.any() == (flavour == "torch")


def test_the_solution_of_cfc() -> None:
    tensorflow = cell("cfc_s", flavour="tf")
    assert not tensorflow.w_tau.any()
    assert (tensorflow.A == 1).all()
    units = 1000
    ours = models.build("cfc_s", F, units, flavour="torch", gain=0.53).cell
    for row in (ours.w_tau, ours.A):  # drawn as a matrix (1, H), as all of two dimensions
        assert row.shape == (units,)
        assert_uniform(row, 0.53 * glorot(units, 1))
        assert row.mean().item() == pytest.approx(0, abs=5 * 0.53 * glorot(units, 1) / math.sqrt(3 * units))
    assert not torch.equal(ours.w_tau, ours.A)


@pytest.mark.parametrize("flavour", ["torch", "tf"])
def test_mixed_memory(flavour: str) -> None:
    ours = cell("cfc_mm", flavour=flavour, gain=0.6)
    assert_uniform(ours.gates.weight_x, glorot(F, 4 * H))
    torch.testing.assert_close(ours.gates.weight_h.t() @ ours.gates.weight_h, torch.eye(H), rtol=1e-5, atol=1e-5)
    if flavour == "torch":
        assert_uniform(ours.gates.bias, 0.1)
    else:
        assert not ours.gates.bias.any()
    into = F if flavour == "torch" else H
    assert_uniform(ours.cfc.backbone[0].weight, 0.6 * glorot(into + H, 128))
    assert_uniform(torch.cat([head.weight for head in ours.cfc.heads]), 0.6 * glorot(128, H))


def assert_between(values: Tensor, low: float, high: float) -> None:
    assert low <= values.min() and values.max() <= high
    assert_uniform(values - (low + high) / 2, (high - low) / 2)


@pytest.mark.parametrize("flavour", ["cfc_torch", "cfc_tf"])
def test_ltc_of_the_cfc_paper(flavour: str) -> None:
    units = 200
    ours = models.build("ltc", F, units, flavour=flavour).cell
    assert_between(ours.gleak, 0.001, 1)
    assert_between(ours.vleak, -0.2, 0.2)
    assert_between(ours.cm, 0.4, 0.6)
    for synapses in (ours.sensory, ours.recurrent):
        assert_between(synapses.sigma, 3, 8)
        assert_between(synapses.mu, 0.3, 0.8)
        assert_between(synapses.w, 0.001, 1)
        assert set(synapses.erev.unique().tolist()) == {-1.0, 1.0}
        assert synapses.erev.mean().item() == pytest.approx(0, abs=5 / math.sqrt(synapses.erev.numel()))
    assert (ours.input_w == 1).all() and not ours.input_b.any()
    assert hasattr(ours, "output_w") == (flavour == "cfc_tf")


@pytest.mark.parametrize("task", ["physionet", "person_irregular"])
@pytest.mark.parametrize("model", ["cfc", "cfc_nogate", "cfc_s", "cfc_mm", "ltc"])
def test_the_papers_rows_of_the_pytorch_code_read_out_as_it_does(task: str, model: str) -> None:
    job = composed([f"task={task}", f"model={model}"])
    assert job.model_options["readout"] == "linear"
    assert job.model_options["flavour"] == ("cfc_torch" if model == "ltc" else "torch")


def test_numerics_rose_for_the_solution_in_flavour_torch_alone() -> None:
    raised = {(model, flavour) for model in ("cfc", "cfc_nogate", "cfc_s", "cfc_mm") for flavour in ("torch", "tf")
              if numerics({"name": model, "flavour": flavour}, {"name": "har"}) > EVERYWHERE}  # fmt: skip
    assert raised == {("cfc_s", "torch")}
    assert "numerics" not in tree(composed(["task=walker", "model=cfc_s"]))
    assert tree(composed(["task=person_irregular", "model=cfc_s"]))["numerics"] == EVERYWHERE + 1


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
