"""Trainings side by side, read from their run folders."""

import dataclasses
from pathlib import Path

import pytest

from ltcbench.running import watch
from ltcbench.running.folder import RunFolder
from ltcbench.running.watch import Watch
from ltcbench.settings.composition import composed
from ltcbench.settings.job import Job


@pytest.fixture(scope="module")
def job() -> Job:
    return composed(["task=cheetah", "task.source=synthetic", "model=lstm", "trainer.epochs=10"])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(watch.time, "monotonic", lambda: now[0])
    return now


def write(folder: RunFolder, epochs: int) -> None:
    row = {"train_loss": 1.0, "train_mse": 0.5, "valid_mse": 0.25, "learning_rate": 0.1, "seconds": 3.0}
    folder.path.mkdir(exist_ok=True)
    folder.write_metrics([{"epoch": epoch, **row} for epoch in range(1, epochs + 1)])


def test_lines_now_and_then(tmp_path: Path, job: Job, clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    jobs = [job, dataclasses.replace(job, seed=1)]
    seen = Watch(2, lambda job: RunFolder(tmp_path / str(job.seed)))
    resumed = RunFolder(tmp_path / "1")
    write(resumed, 4)
    for second in range(61):
        clock[0] = float(second)
        if second == 15:
            write(resumed, 6)
        seen.look(jobs)
    seen.look([])
    seen.close()
    assert capsys.readouterr().out.splitlines() == [
        "cheetah/lstm seed 0: epoch 0 of 10, no whole epoch yet since 21 s",
        "cheetah/lstm seed 1: epoch 6 of 10, train_mse 0.5, valid_mse 0.25, 1 min left",  # 2 epochs in 21 s
    ]  # the next after 40 s more


def test_what_is_done_over_again_begins_at_the_beginning(
    tmp_path: Path, job: Job, clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = RunFolder(tmp_path)
    write(folder, 10)
    seen = Watch(1, lambda job: folder)
    again = [dataclasses.replace(job, force=True)]
    seen.look(again)
    clock[0] = 100.0
    seen.look(again)
    assert "epoch 0 of 10" in capsys.readouterr().out
    write(folder, 1)
    clock[0] = 1000.0
    seen.look(again)
    assert "epoch 1 of 10" in capsys.readouterr().out
    seen.close()


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "for cheetah/lstm seed 0 to write its checkpoint"),
        (2, "for cheetah/lstm seed 0 and cheetah/lstm seed 1 to write their checkpoints"),
        (5, "for cheetah/lstm seed 0, cheetah/lstm seed 1, cheetah/lstm seed 2 and 2 more to write their checkpoints"),
    ],
)
def test_what_is_waited_for(
    tmp_path: Path, job: Job, number: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = Watch(number, lambda job: RunFolder(tmp_path))
    seen.stopping([dataclasses.replace(job, seed=seed) for seed in range(number)])
    seen.close()
    assert capsys.readouterr().err == f"waiting {said}; Ctrl-C again to stop now.\n"
