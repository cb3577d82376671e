"""Wirings, beside those of ncps."""

import pytest
import torch
from ncps.wirings import AutoNCP
from torch import Tensor

from ltcbench import models
from ltcbench.errors import UserError
from ltcbench.models.wirings import Wiring, wire

INPUTS, UNITS, MOTORS = 7, 30, 5


def ncp(sparsity: float, seed: int = 22222) -> Wiring:
    return wire("ncp", INPUTS, UNITS, sparsity, MOTORS, seed)


def test_full() -> None:
    wiring = wire("full", INPUTS, UNITS, 0.5, None, 0)
    assert wiring.sensory.shape == (UNITS, INPUTS)
    assert wiring.recurrent.shape == (UNITS, UNITS)
    assert wiring.sensory.all() and wiring.recurrent.all()
    assert wiring.motors == UNITS


@pytest.mark.parametrize("sparsity", [0.0, 0.3, 0.9])
def test_random_leaves_out_the_share_that_is_asked_for(sparsity: float) -> None:
    wiring = wire("random", INPUTS, UNITS, sparsity, None, 0)
    assert wiring.sensory.sum() == round((1 - sparsity) * INPUTS * UNITS)
    assert wiring.recurrent.sum() == round((1 - sparsity) * UNITS**2)


@pytest.mark.parametrize("sparsity", [0.1, 0.5, 0.8])
def test_ncp_has_the_layers_and_synapses_of_ncps(sparsity: float) -> None:
    theirs = AutoNCP(UNITS, MOTORS, sparsity)
    theirs.build(INPUTS)
    kinds = [theirs.get_type_of_neuron(unit) for unit in range(UNITS)]
    commands = kinds.count("command")
    ours = ncp(sparsity)
    motor, command = slice(0, MOTORS), slice(MOTORS, MOTORS + commands)
    inter = slice(MOTORS + commands, UNITS)

    their_sensory = torch.from_numpy(abs(theirs.sensory_adjacency_matrix)).t()
    their_recurrent = torch.from_numpy(abs(theirs.adjacency_matrix)).t()
    assert ours.sensory[: inter.start].sum() == 0
    for here, there in ((inter, command), (inter, motor), (inter, inter), (command, motor), (motor, motor)):
        assert ours.recurrent[here, there].sum() == 0
        assert their_recurrent[here, there].sum() == 0
    assert ours.recurrent[motor, inter].sum() == 0

    def close(a: Tensor, b: Tensor) -> bool:
        """Equal but for neurons that were left out and commands drawn twice, which chance decides."""
        return abs(a.sum().item() - b.sum().item()) <= max(4, 0.15 * b.sum().item())

    assert close(ours.sensory[inter], their_sensory[inter])
    for post, pre in ((command, inter), (command, command), (motor, command)):
        assert close(ours.recurrent[post, pre], their_recurrent[post, pre])
    assert abs(1 - ours.recurrent.mean() - (1 - their_recurrent.double().mean())) < 0.02


@pytest.mark.parametrize("sparsity", [0.1, 0.5, 0.9])
def test_no_neuron_of_an_ncp_is_left_out(sparsity: float) -> None:
    for seed in range(20):
        wiring = ncp(sparsity, seed)
        assert (wiring.sensory.sum(0) > 0).all()
        heard = wiring.sensory.sum(1) + wiring.recurrent.sum(1)
        assert (heard > 0).all()
        assert (wiring.recurrent.sum(0)[MOTORS:] > 0).all()


def test_a_wiring_depends_on_its_own_seed_alone() -> None:
    torch.manual_seed(0)
    first = ncp(0.5, 1)
    torch.manual_seed(1)
    again = ncp(0.5, 1)
    assert torch.equal(first.sensory, again.sensory) and torch.equal(first.recurrent, again.recurrent)
    assert not torch.equal(first.recurrent, ncp(0.5, 2).recurrent)


@pytest.mark.parametrize("kind", ["random", "ncp"])
def test_cfc_with_a_wiring(kind: str) -> None:
    net = models.build("cfc", 3, 12, wiring=kind, backbone_layers=0)
    y, state = net(torch.randn(2, 4, 3))
    assert y.shape == (2, 4, 3 if kind == "ncp" else 12)
    y.square().sum().backward()
    cell = net.cell
    gradient = torch.cat([head.weight.grad for head in cell.heads])
    assert (gradient[cell.mask == 0] == 0).all()
    assert (gradient[cell.mask == 1] != 0).any()
    assert state[0].shape == (2, 12)


def test_numbers_out_of_range_are_refused() -> None:
    for arguments, message in (
        (("star", 3, 10, 0.5, None), "wiring"),
        (("random", 3, 10, 1.0, None), "sparsity"),
        (("random", 3, 10, -0.1, None), "sparsity"),
        (("full", 3, 10, 0.5, 11), "motors"),
        (("ncp", 3, 10, 0.5, 8), "motors"),
        (("ncp", 3, 3, 0.5, None), "motors"),
    ):
        with pytest.raises(UserError, match=message):
            wire(*arguments, seed=0)
    with pytest.raises(UserError, match="backbone_layers=0"):
        models.build("cfc", 3, 12, wiring="ncp")
