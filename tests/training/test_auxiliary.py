"""A model's own loss in the training loop: added, logged, and resumed bit for bit."""

from pathlib import Path
from typing import Any

import pytest
import torch

from ltcbench import models
from ltcbench.models.cells import ip_nets, variational
from ltcbench.models.cells.cell import State
from ltcbench.training.batches import Part, predict
from ltcbench.training.scoring import evaluate
from tests.training.test_loop import SPEC, data, train
from tests.training.test_loop import network as plain

LATENT: dict[str, dict[str, Any]] = {
    "rnn_vae": {"units": 5},
    "latent_ode_rnn": {"decoder_units": 5, "decoder_layers": 1},
    "latent_ode_ode": {"decoder_units": 5, "decoder_layers": 1, "encoder_units": 5, "gru_units": 5},
}
every_model = pytest.mark.parametrize("name", LATENT)


def network(name: str, seed: int = 0, **options: Any) -> models.Network:
    torch.manual_seed(seed)
    return models.build(name, 3, 4, 2, latent_size=3, causal_ok=True, **LATENT[name] | options)


def test_of_others_nothing_is_logged(tmp_path: Path) -> None:
    columns = ["epoch", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy", "learning_rate", "seconds"]
    assert list(train(plain(), tmp_path, epochs=1).progress.history[0]) == columns


@every_model
def test_the_loss_is_the_tasks_and_the_models_own(name: str, tmp_path: Path) -> None:
    """One batch of all sequences: the same numbers by hand, from the same draws."""
    outcome = train(network(name), tmp_path, epochs=1, batch_size=20, shuffled=False)
    net = network(name).train()
    part = Part.of(SPEC, data().train, torch.device("cpu"))
    y, state = predict(net, SPEC, part)
    again = part.repeated(len(y) // len(part))
    own = net.auxiliary(state, 0)
    assert own is not None
    task = torch.nn.functional.cross_entropy(y.flatten(0, 1), again.y.flatten())
    row = outcome.progress.history[0]
    assert row["train_auxiliary"] == pytest.approx(own.item(), rel=1e-5)
    assert row["train_loss"] == pytest.approx((task + own).item(), rel=1e-5)


def test_its_weight_depends_on_the_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def auxiliary(self: models.Network, state: State, epoch: int) -> torch.Tensor:
        asked.append(epoch)
        return state[0].new_tensor(float(epoch))

    monkeypatch.setattr(models.Network, "auxiliary", auxiliary)
    history = train(plain(), tmp_path, epochs=3, batch_size=10).progress.history
    assert asked == [0, 0, 1, 1, 2, 2]
    assert [row["train_auxiliary"] for row in history] == [0, 1, 2]


@every_model
@pytest.mark.parametrize("stop_at", [1, 7])
def test_random_latents_are_resumed_bit_for_bit(name: str, stop_at: int, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"epochs": 3, "batch_size": 8, "optimizer": "adamax", "decay_every": "update"}
    whole = network(name, pooled=True)
    undisturbed = train(whole, tmp_path / "whole", **settings)
    train(network(name, pooled=True), tmp_path / "parts", stop_at=stop_at, **settings)
    rest = network(name, seed=0 if stop_at < 3 else 99, pooled=True)
    resumed = train(rest, tmp_path / "parts", **settings)
    assert all(torch.equal(a, b) for a, b in zip(rest.parameters(), whole.parameters(), strict=True))
    for a, b in zip(resumed.progress.history, undisturbed.progress.history, strict=True):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}


@every_model
def test_pooled_draws_are_the_same_at_every_test_and_disturb_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, part = network(name, pooled=True), Part.of(SPEC, data().valid, torch.device("cpu"))  # type: ignore[arg-type]
    before = torch.get_rng_state()
    first = evaluate(net, SPEC, part)
    assert torch.equal(before, torch.get_rng_state())
    torch.rand(3)
    assert evaluate(net, SPEC, part) == first
    monkeypatch.setattr("ltcbench.training.scoring.SEED", 1)
    assert evaluate(net, SPEC, part)["loss"] != first["loss"]


def test_all_pooled_predictions_count() -> None:
    """What is predicted from three draws is the mean over three tests with one draw each."""
    net, part = network("latent_ode_rnn", pooled=True), Part.of(SPEC, data().train, torch.device("cpu"))
    y, _ = predict(net.eval(), SPEC, part)
    assert len(y) == 60 and torch.equal(part.repeated(3).x[:3], part.x[:1].expand(3, -1, -1))
    loss = torch.nn.functional.cross_entropy
    three = [loss(y[draw::3].flatten(0, 1), part.y.flatten()).item() for draw in range(3)]
    assert loss(y.flatten(0, 1), part.repeated(3).y.flatten()).item() == pytest.approx(sum(three) / 3, rel=1e-5)


def test_a_fixed_order_is_that_of_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[torch.Tensor] = []
    take = Part.take

    def noted(self: Part, chosen: Any) -> Part:
        if isinstance(chosen, torch.Tensor):
            taken.append(chosen)
        return take(self, chosen)

    monkeypatch.setattr(Part, "take", noted)
    train(plain(), tmp_path, epochs=2, batch_size=6, shuffled=False)
    assert torch.cat(taken).tolist() == 2 * list(range(20))


def test_draws_are_normal() -> None:
    torch.manual_seed(0)
    z = variational.drawn(torch.tensor([[1.0], [5.0]]), torch.tensor([[2.0], [0.1]]), 20_000)
    for draws, mean, deviation in ((z[:20_000], 1, 2), (z[20_000:], 5, 0.1)):
        assert draws.mean().item() == pytest.approx(mean, abs=0.05)
        assert draws.std().item() == pytest.approx(deviation, rel=0.05)


def test_ip_nets_reconstructs_what_it_is_not_shown() -> None:
    """The error, written out, and what is held out: a fifth, drawn anew, none of fewer than two."""
    torch.manual_seed(0)
    net = models.build("ip_nets", 2, 3, 2, feature_mask=True, reference_points=4).double().train()
    cell: Any = net.cell
    x, t = torch.randn(3, 12, 2, dtype=torch.float64), torch.rand(3, 12, dtype=torch.float64).cumsum(1)
    m = torch.ones(3, 12, 2, dtype=torch.float64)
    m[0, 5:, 1] = 0  # a fifth of 5 is fewer than 2
    m[1, 10:] = 0  # padding
    held = ip_nets.held_out(m)
    assert held.sum(1).tolist() == [[2, 0], [2, 2], [2, 2]] and not (held > m).any()
    assert not torch.equal(held, ip_nets.held_out(m))
    found = cell.errors(x, m, t, held)[:, 0]
    for b in range(3):
        there = slice(0, 10 if b == 1 else 12)
        one = (part[b : b + 1, there] for part in (x, m - held, t, t))
        sigma, log_lambda, _ = cell.interpolation.smoothed(*one)
        chi = cell.interpolation.crossed(sigma, log_lambda)[0]
        each = []
        for d in range(2):
            variance = x[..., d][m[..., d] > 0].var(correction=0)
            misses = [(chi[i, d] - x[b, i, d]) ** 2 for i in range(len(chi)) if held[b, i, d]]
            each.append(sum(misses) / max(len(misses), 1) / variance)
        torch.testing.assert_close(found[b], sum(each) / 2)

    y, state = net(x, elapsed=torch.diff(t, dim=1, prepend=0 * t[:, :1]), mask=m.bool())
    own = net.auxiliary(state, 0)
    assert own is not None
    own.backward()
    assert cell.interpolation.theta.grad.abs().min() > 0
    assert y.shape == (3, 12, 2)
