import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ltcbench import models
from ltcbench.tasks.sequences import SequenceData, Spec, Split, unit_elapsed
from ltcbench.training import checkpoint, loop, metrics
from ltcbench.training.batches import Part
from ltcbench.training.optimiser import Optimiser
from ltcbench.training.scoring import evaluate

from .test_optimiser import changed

PARTS = ("train", "valid", "test")
SPEC = Spec("accuracy", "cross_entropy", 3, 5, 2, (20, 8, 8), labels=("no", "yes"))


def data(**fields: Any) -> SequenceData:
    rng = np.random.default_rng(0)

    def split(size: int) -> Split:
        x = rng.standard_normal((size, 5, 3)).astype(np.float32)
        return Split(x, (x.sum(-1) > 0).astype(np.int64), unit_elapsed(x))

    return SequenceData(SPEC, split(20), split(8), split(8), **fields)


def network(seed: int = 0) -> models.Network:
    torch.manual_seed(seed)
    return models.build("cfc", 3, 4, 2, backbone_dropout=0.2, backbone_layers=2, backbone_units=8)


def train(
    net: models.Network, folder: Path, sequences: SequenceData | None = None, stop_at: int = 10**9, **settings: Any
) -> loop.Outcome:
    steps: list[float] = []
    return loop.train(
        net,
        sequences or data(),
        changed(**{"epochs": 4, "learning_rate": 0.01, "decay": 0.9, **settings}),
        seed=1,
        saved=folder / "checkpoint.pt",
        on_step=steps.append,
        on_epoch=lambda rows: None,
        stop=lambda: len(steps) >= stop_at,
    )


def scripted(monkeypatch: pytest.MonkeyPatch, values: list[float]) -> None:
    """Let the validation metric of the epochs be these values."""
    left = iter(values)
    monkeypatch.setattr(loop, "evaluate", lambda *_: {"loss": 0.0, "accuracy": next(left)})


@pytest.mark.parametrize(
    ("values", "fields", "best"),
    [
        ([0.1, 0.7, 0.7, 0.2], {}, 2),  # strictly better: the earliest best
        ([0.1, 0.2, 0.3, 0.9], {}, 4),
        ([0.1, 0.2, 0.3, 0.9], {"final_epoch_counts": False}, 3),
        ([0.9, 0.2, 0.3, 0.1], {"selection": "last"}, 4),
        ([math.nan, 0.0, 0.3, math.nan], {}, 3),
    ],
)
def test_the_epoch_that_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, values: list[float], fields: dict[str, Any], best: int
) -> None:
    scripted(monkeypatch, values)
    assert train(network(), tmp_path, data(**fields)).progress.best_epoch == best


def test_a_single_epoch_counts_even_where_the_final_one_does_not(tmp_path: Path) -> None:
    assert train(network(), tmp_path, data(final_epoch_counts=False), epochs=1).progress.best_epoch == 1


def test_best_weights_are_those_that_were_validated(tmp_path: Path) -> None:
    sequences, net = data(), network()
    progress = train(net, tmp_path, sequences, learning_rate=0.5).progress
    net.load_state_dict(progress.best_weights)
    assert sequences.valid is not None
    again = evaluate(net, SPEC, Part.of(SPEC, sequences.valid, torch.device("cpu")))
    assert again["accuracy"] == progress.history[progress.best_epoch - 1]["valid_accuracy"]


def test_training_learns(tmp_path: Path) -> None:
    history = train(network(), tmp_path, epochs=60).progress.history
    assert history[-1]["valid_accuracy"] > 0.9 > history[0]["valid_accuracy"]


@pytest.mark.parametrize("stop_at", [1, 5, 7, 13])
def test_stopped_anywhere_and_gone_on_with_equals_undisturbed(tmp_path: Path, stop_at: int) -> None:
    whole = network()
    undisturbed = train(whole, tmp_path / "whole")
    assert train(network(), tmp_path / "parts", stop_at=stop_at).status == "interrupted"
    rest = network(seed=99)  # everything must come from the checkpoint; before it there is only the seed
    if not (tmp_path / "parts" / "checkpoint.pt").exists():
        rest = network()
    resumed = train(rest, tmp_path / "parts")

    def numbers(outcome: loop.Outcome) -> list[dict[str, float]]:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in outcome.progress.history]

    assert numbers(resumed) == numbers(undisturbed)
    assert all(torch.equal(a, b) for a, b in zip(rest.parameters(), whole.parameters(), strict=True))
    best = resumed.progress.best_weights, undisturbed.progress.best_weights
    assert all(torch.equal(best[0][name], best[1][name]) for name in best[1])


IN_C = ("ltc", "cfc", "node", "lstm", "gru", "ctgru", "ode_lstm", "gru_ode", "ct_lstm", "phased_lstm", "gru_d")


@pytest.mark.parametrize("name", [*IN_C, "exprnn", "skip_lstm", "hippo_legs", "mtand", "mtand_full", "ip_nets", "seft"])
def test_a_model_of_any_kind_goes_on_as_if_undisturbed(tmp_path: Path, name: str) -> None:
    """In C, with parameters of two learning rates, states that count, and random parts beside dropout."""

    def built(seed: int) -> models.Network:
        torch.manual_seed(seed)
        options = {"dropout": 0.3} if "dropout" in models.options_of(name) else {}
        return models.build(name, 3, 4, 2, **options)

    each = dataclasses.replace(SPEC, per_step=False)
    parts = {key: Split(part.x, part.y[:, -1], part.elapsed) for key, part in vars(data()).items() if key in PARTS}
    whole = dataclasses.replace(data(), spec=each, **parts)
    settings: dict[str, Any] = {"epochs": 2, "batch_size": 8}
    resumed, undisturbed = built(1), built(0)
    train(undisturbed, tmp_path / "whole", whole, **settings)
    assert train(built(0), tmp_path / "parts", whole, stop_at=5, **settings).status == "interrupted"
    train(resumed, tmp_path / "parts", whole, **settings)
    assert all(torch.equal(a, b) for a, b in zip(resumed.parameters(), undisturbed.parameters(), strict=True))


def test_some_parameters_learn_with_a_rate_of_their_own(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = models.build("exprnn", 3, 4, 2)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    outcome = train(net, tmp_path, epochs=1, batch_size=20, epsilon=1e-12)
    moved = {key: (value - before[key]).abs().max().item() for key, value in net.state_dict().items()}
    assert moved.pop("cell.A") == pytest.approx(0.001, rel=1e-3)  # Adam's first step is the rate
    assert moved == pytest.approx(dict.fromkeys(moved, 0.01), rel=1e-3)
    assert outcome.progress.history[0]["learning_rate"] == 0.01


def test_a_loss_that_is_not_finite_ends_training_with_the_best_epoch_kept(tmp_path: Path) -> None:
    net = network()
    sequences = data()
    epochs: list[int] = []

    def poison(rows: list[dict[str, float]]) -> None:
        epochs.append(len(rows))
        if len(rows) == 2:
            with torch.no_grad():
                next(net.parameters()).fill_(math.nan)

    outcome = loop.train(net, sequences, changed(epochs=9), 1, tmp_path / "c.pt", lambda _: None, poison, lambda: False)
    assert outcome.status == "diverged"
    assert outcome.progress.epoch == 3
    assert outcome.progress.best_epoch in (1, 2)
    assert "epoch 3, update 1" in outcome.progress.diverged
    assert len(outcome.progress.history) == 2


def test_the_incomplete_last_batch_is_left_out_on_demand(tmp_path: Path) -> None:
    assert train(network(), tmp_path / "a", epochs=1, batch_size=8).steps == 3
    assert train(network(), tmp_path / "b", epochs=1, batch_size=8, drop_last=True).steps == 2


def test_evaluation_does_not_depend_on_the_batch_size(monkeypatch: pytest.MonkeyPatch) -> None:
    part = Part.of(SPEC, data().train, torch.device("cpu"))
    net = network()
    whole = evaluate(net, SPEC, part)
    monkeypatch.setattr("ltcbench.training.scoring.BUDGET", 3 * 5 * 3 * 4)  # three sequences at a time
    assert evaluate(net, SPEC, part) == pytest.approx(whole, rel=1e-6)


def test_steps_without_a_target_change_neither_loss_nor_metric() -> None:
    split = data().train
    blank = np.zeros(split.y.shape, dtype=bool)
    blank[:, 1::2] = True
    device = torch.device("cpu")
    marked = Part.of(SPEC, Split(split.x, np.where(blank, -1, split.y), split.elapsed), device)
    masked = Part.of(SPEC, split, device)
    y = torch.randn(20, 5, 2)
    both = metrics.loss(SPEC, y, masked.y, torch.tensor(~blank), torch.ones(2))
    assert metrics.loss(SPEC, y, marked.y, marked.counted, torch.ones(2)) == both
    assert metrics.metric(SPEC, y, marked.y, marked.counted) == metrics.metric(SPEC, y, masked.y, torch.tensor(~blank))


def test_kernel_penalty_pulls_on_the_kernels_only(tmp_path: Path) -> None:
    nets = []
    for penalty in (0.0, 1.0):
        net = network()
        train(net, tmp_path / str(penalty), epochs=3, kernel_penalty=penalty)
        nets.append(net)
    for free, pulled in zip(nets[0].kernels(), nets[1].kernels(), strict=True):
        assert pulled.norm() < free.norm()


def test_a_broken_checkpoint_is_told(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(Exception, match="force=true"):
        train(network(), tmp_path)


def test_a_full_disk_leaves_the_old_checkpoint_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train(network(), tmp_path, epochs=2)
    before = (tmp_path / "checkpoint.pt").read_bytes()

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(Exception, match="No space left on device"):
        train(network(), tmp_path, epochs=4)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert checkpoint.load(tmp_path / "checkpoint.pt", *_fresh()).epoch == 2


def _fresh() -> tuple[models.Network, Optimiser, torch.Generator]:
    net = network()
    return net, Optimiser(net.parameters_by_rate(), changed()), torch.Generator()


def sparse(labelled: list[int]) -> SequenceData:
    """``data()`` where only these sequences of the training part have classes."""
    whole = data()
    y = np.full_like(whole.train.y, -1)
    y[labelled] = whole.train.y[labelled]
    return dataclasses.replace(whole, train=dataclasses.replace(whole.train, y=y))


def test_a_batch_without_a_target_has_no_say(tmp_path: Path) -> None:
    """One sequence a batch: the weights move as if the sequences without classes were not there."""

    def lstm() -> models.Network:
        torch.manual_seed(0)
        return models.build("lstm", 3, 4, 2, engine="eager")

    net, by_hand, few = lstm(), lstm(), sparse([2, 5, 11])
    outcome = train(net, tmp_path, few, batch_size=1, epochs=1)

    part = Part.of(SPEC, few.train, torch.device("cpu"))
    optimise = Optimiser({1.0: list(by_hand.parameters())}, changed(learning_rate=0.01))
    losses = []
    for number in torch.randperm(20, generator=torch.Generator().manual_seed(1)):
        if number in (2, 5, 11):
            batch = part.take(number[None])
            value = metrics.loss(SPEC, by_hand(batch.x, elapsed=batch.elapsed)[0], batch.y, batch.counted, None)
            optimise.zero_grad()
            value.backward()
            optimise.step()
            losses.append(value.item())
    assert outcome.progress.history[0]["train_loss"] == pytest.approx(np.mean(losses), rel=1e-5)
    for mine, theirs in zip(net.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("settings", [{"batch_size": 1}, {"batch_size": 2}, {"batch_size": 7, "drop_last": True}])
def test_targets_that_are_few_do_not_end_a_training(tmp_path: Path, settings: dict[str, Any]) -> None:
    outcome = train(network(), tmp_path, sparse([4]), **settings)
    assert outcome.status == "finished"
    assert all(math.isfinite(row["train_loss"]) for row in outcome.progress.history)


def test_a_class_without_weight_has_no_say(tmp_path: Path) -> None:
    outcome = train(network(), tmp_path, batch_size=1, class_weights=(0.0, 1.0))
    assert outcome.status == "finished"


def test_weights_stay_where_nothing_is_to_be_learnt(tmp_path: Path) -> None:
    before, net = network(), network()
    whole = data()
    silent = dataclasses.replace(whole, train=dataclasses.replace(whole.train, y=np.full_like(whole.train.y, -1)))
    train(net, tmp_path, silent, batch_size=4, epochs=2, optimizer="adamw", weight_decay=0.5)
    assert all(torch.equal(a, b) for a, b in zip(before.parameters(), net.parameters(), strict=True))
    penalised = network()
    train(penalised, tmp_path / "penalty", silent, batch_size=4, epochs=2, kernel_penalty=0.1)
    for less, more in zip(penalised.kernels(), before.kernels(), strict=True):
        assert less.detach().square().sum() < more.detach().square().sum()
