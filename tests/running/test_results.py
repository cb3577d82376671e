"""What the file about a run says."""

import json
import math
from typing import Literal

import pytest
import torch

from ltcbench.running import results
from ltcbench.training import checkpoint
from ltcbench.training.batches import Part
from ltcbench.training.loop import Outcome
from ltcbench.training.scoring import evaluate
from tests.training.test_loop import SPEC, data, network

ROW = {"train_loss": 0.7, "train_accuracy": 0.5, "valid_loss": 0.6, "valid_accuracy": 0.75, "learning_rate": 0.01}


def outcome(status: Literal["finished", "diverged", "interrupted"], best_epoch: int) -> Outcome:
    """Three epochs, the best with the weights of ``network(1)``."""
    history = [{"epoch": float(epoch), **ROW, "seconds": float(epoch)} for epoch in (1, 2, 3)]
    progress = checkpoint.Progress(3, history, best_epoch, checkpoint.copied(network(1)))
    return Outcome(status, progress, 1)


def on_test(seed: int) -> dict[str, float]:
    return evaluate(network(seed), SPEC, Part.of(SPEC, data().test, torch.device("cpu")))


def test_best_and_last_epoch_are_tested_with_the_weights_of_each() -> None:
    told = results.numbers(network(2), data(), outcome("finished", best_epoch=2))
    assert on_test(1) != on_test(2)
    assert told["best"] == {
        "epoch": 2,
        "train": {"loss": 0.7, "accuracy": 0.5},
        "valid": {"loss": 0.6, "accuracy": 0.75},
        "test": pytest.approx(on_test(1)),
    }
    assert told["last"]["epoch"] == 3
    assert told["last"]["test"] == pytest.approx(on_test(2))
    assert told["test_metric"] == told["best"]["test"]["accuracy"]
    assert told["seconds_per_epoch"] == 2


def test_the_test_part_is_not_touched_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "predictions", None)
    told = results.numbers(network(), data(), outcome("interrupted", best_epoch=2))
    assert told["best"]["test"] == told["last"]["test"] == {}
    assert told["test_metric"] is None


def test_a_diverged_run_has_no_last_epoch() -> None:
    told = results.numbers(network(), data(), outcome("diverged", best_epoch=1))
    assert told["last"] is None
    assert told["best"]["test"] == pytest.approx(on_test(1))


def test_a_run_that_diverged_at_once_has_no_numbers() -> None:
    told = results.numbers(network(), data(), Outcome("diverged", checkpoint.Progress(diverged="no"), 1))
    assert (told["best"], told["test_metric"], told["seconds_per_epoch"], told["note"]) == (None, None, None, "no")


def test_what_json_cannot_hold_becomes_null() -> None:
    ended = outcome("finished", best_epoch=2)
    ended.progress.history[1]["valid_accuracy"] = math.nan
    ended.progress.history[1]["train_loss"] = math.inf
    told = results.numbers(network(), data(), ended)
    assert told["best"]["valid"] == {"loss": 0.6, "accuracy": None}
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "cheetah/ltc seed 3: finished, test mse 2.2346 at epoch 17, 0.62 s an epoch."),
        (
            {"source": "subset"},
            "cheetah/ltc seed 3: finished, test mse 2.2346 at epoch 17, 0.62 s an epoch [subset data].",
        ),
        (
            {"status": "diverged", "test_metric": None, "seconds_per_epoch": None, "note": "A loss was nan."},
            "cheetah/ltc seed 3: diverged. A loss was nan.",
        ),
    ],
)
def test_summary(changes: dict[str, object], line: str) -> None:
    result = {
        "task": "cheetah",
        "model": "ltc",
        "seed": 3,
        "status": "finished",
        "metric": "mse",
        "test_metric": 2.23456,
        "best_epoch": 17,
        "seconds_per_epoch": 0.617,
        "source": "official",
        "note": "",
    }
    assert results.summary({**result, **changes}) == line
