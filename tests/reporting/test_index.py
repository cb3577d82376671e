import json
import os
from pathlib import Path

import pytest

from ltcbench.reporting import index

from . import fake

LSTM = ("task=cheetah", "model=lstm")


def test_a_run_is_what_its_files_say(tmp_path: Path) -> None:
    path = fake.folder(tmp_path, LSTM, 3, 2.5, best_epoch=7)
    (run,) = index.load(tmp_path)
    assert (run.task, run.model, run.protocol, run.seed, run.epochs) == ("cheetah", "lstm", "paper", 3, 200)
    assert (run.value, run.best_epoch, run.seconds, run.parameters) == (2.5, 7, 0.5, 100)
    assert (run.fingerprint, run.git) == (path.name, "abc")
    assert run.settings == fake.run(LSTM, 0, 0).settings


def test_the_digest_stands_for_everything_but_seed_epochs_source_and_the_recipes_name() -> None:
    def of(*more: str) -> str:
        return fake.run((*LSTM, *more), 0, 0).settings

    assert of() == of("seed=3") == of("trainer.epochs=2") == of("task.source=synthetic") == of("threads=2")
    for change in (
        "trainer.learning_rate=1",
        "task.quirks.last_epoch_ignored=false",
        "model.forget_bias=2",
        "protocol=clean",
        "precision=bfloat16_matmul",
    ):
        assert of() != of(change)


def test_the_cache_follows_what_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = fake.folder(tmp_path, LSTM, 0, 1.0), fake.folder(tmp_path, LSTM, 1, 2.0)
    assert sorted(run.value for run in index.load(tmp_path)) == [1.0, 2.0]
    read: list[Path] = []
    really = index._read
    monkeypatch.setattr(index, "_read", lambda path: (read.append(path), really(path))[1])
    index.load(tmp_path)
    assert read == []
    result = json.loads((first / "result.json").read_text())
    (first / "result.json").write_text(json.dumps({**result, "test_metric": 5.0}))
    os.utime(first / "result.json", ns=(1, 1))
    assert sorted(run.value for run in index.load(tmp_path)) == [2.0, 5.0]
    assert read == [first]
    (second / "result.json").unlink()
    assert [run.value for run in index.load(tmp_path)] == [5.0]


@pytest.mark.parametrize("broken", ["", "{", "[1]", '{"runs": 3}', '{"state": "old", "runs": {"x": [1]}}'])
def test_a_broken_cache_is_built_anew(tmp_path: Path, broken: str) -> None:
    fake.folder(tmp_path, LSTM, 0, 1.0)
    (tmp_path / index.INDEX).write_text(broken)
    assert len(index.load(tmp_path)) == 1
    assert len(json.loads((tmp_path / index.INDEX).read_text())["runs"]) == 1


def test_files_that_are_no_run_are_passed_over(tmp_path: Path) -> None:
    path = fake.folder(tmp_path, LSTM, 0, 1.0)
    (path / "config.yaml").write_text("model: [")
    other = fake.folder(tmp_path, LSTM, 1, 1.0)
    (other / "result.json").write_text("{")
    (tmp_path / "stray.txt").write_text("")
    assert index.load(tmp_path) == []
    assert index.load(tmp_path / "nowhere") == []


def test_a_failed_run_has_no_number(tmp_path: Path) -> None:
    path = fake.folder(tmp_path, LSTM, 0, 1.0)
    head = {"status": "failed", "task": "cheetah", "model": "lstm", "seed": 0, "source": "official", "device": "cpu"}
    (path / "result.json").write_text(json.dumps(head))
    (run,) = index.load(tmp_path)
    assert (run.status, run.value, run.git) == ("failed", None, "")
