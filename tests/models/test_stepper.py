"""One time step at a time gives what the whole sequence gives."""

import pytest
import torch

from ltcbench import models
from ltcbench.errors import UserError

STEPS, BATCH, FEATURES = 5, 3, 2
STEPPING = [name for name, entry in models.MODELS.items() if not entry.cell.at_once and name != "ltc_ode"]


def network(name: str, output_size: int | None = 4, **options: object) -> models.Network:
    torch.manual_seed(0)
    return models.build(name, FEATURES, 8, output_size, **options).eval()


@pytest.mark.parametrize("timed", [False, True], ids=["unit", "timed"])
@pytest.mark.parametrize("name", STEPPING)
def test_steps_equal_the_sequence(name: str, timed: bool) -> None:
    net = network(name)
    x = torch.randn(BATCH, STEPS, FEATURES)
    elapsed = torch.rand(BATCH, STEPS) * 2 if timed else None
    with torch.no_grad():
        expected, last = net(x, elapsed=elapsed)
    step, state, outputs = net.stepper(), None, []
    for t in range(STEPS):
        y, state = step(x[:, t], state, None if elapsed is None else elapsed[:, t])
        outputs.append(y)
    assert torch.allclose(torch.stack(outputs, 1), expected, atol=1e-5)
    assert state is not None
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(state, last, strict=True))


@pytest.mark.parametrize("flavour", ["torch", "tf"])
@pytest.mark.parametrize("layers", [0, 2])
@pytest.mark.parametrize("activation", ["lecun_tanh", "relu"])
@pytest.mark.parametrize("name", ["cfc", "cfc_nogate", "cfc_s"])
def test_every_cfc(name: str, activation: str, layers: int, flavour: str) -> None:
    net = network(name, None, backbone_layers=layers, backbone_activation=activation, flavour=flavour)
    for batch in (1, 3, 1):  # the room for results is kept for each size
        x, elapsed = torch.randn(batch, 2, FEATURES), torch.rand(batch, 2)
        with torch.no_grad():
            expected, _ = net(x, elapsed=elapsed)
        step = net.stepper()
        first, state = step(x[:, 0], None, elapsed[:, 0])
        second, _ = step(x[:, 1], state, elapsed[:, 1])
        assert torch.allclose(torch.stack([first, second], 1), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["cfc", "cfc_mm", "ltc"])
def test_an_output_is_not_overwritten_by_the_next_step(name: str) -> None:
    step = network(name, None).stepper()
    y, state = step(torch.randn(1, FEATURES))
    kept = y.clone()
    step(torch.randn(1, FEATURES), state)
    assert torch.equal(y, kept)
    assert not y.requires_grad


def test_words_pass_their_embedding() -> None:
    net = models.build("cfc", 1, 8, 2, vocabulary=10, embedding_size=4)
    words = torch.tensor([[3.0], [7.0]])
    with torch.no_grad():
        expected, _ = net(words.unsqueeze(1))
    assert torch.allclose(net.stepper()(words)[0], expected[:, 0], atol=1e-5)


def test_a_new_stepper_sees_new_weights() -> None:
    net, x = network("ltc"), torch.randn(1, FEATURES)
    before, _ = net.stepper()(x)
    with torch.no_grad():
        net.cell.sensory.w.mul_(3)
        expected, _ = net(x.unsqueeze(1))
    after, _ = net.stepper()(x)
    assert not torch.allclose(after, before, atol=1e-4)
    assert torch.allclose(after, expected[:, 0], atol=1e-6)


def test_what_cannot_be() -> None:
    with pytest.raises(UserError, match="sees the whole sequence at once takes no single steps"):
        network("transformer").stepper()
    with pytest.raises(UserError, match="has a feature mask takes no single steps"):
        models.build("cfc", 2, 3, 1, feature_mask=True).stepper()
    step = network("cfc").stepper()
    with pytest.raises(UserError, match=r"x has shape \(1, 3\), expected \(batch, 2\)"):
        step(torch.randn(1, 3))
    with pytest.raises(UserError, match=r"elapsed has shape \(1, 1\), expected \(batch,\) = \(1,\)"):
        step(torch.randn(1, 2), None, torch.ones(1, 1))
