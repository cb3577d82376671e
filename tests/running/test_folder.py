import dataclasses
import json
from pathlib import Path

import pytest

from ltcbench.errors import Failure
from ltcbench.files import write
from ltcbench.running.folder import RunFolder, fingerprint
from ltcbench.settings.composition import composed
from ltcbench.settings.job import Job


@pytest.fixture(scope="module")
def job() -> Job:
    return composed(["model=lstm", "task=har"])


SUMS = {"X_train.txt": "abc"}


@pytest.mark.parametrize(
    "change",
    [
        {"device": "cuda"},
        {"engine": "eager"},
        {"threads": 2},
        {"mirror": "/elsewhere"},
        {"force": True},
        {"tracker": "none"},
        {"tracking_uri": "http://x"},
        {"recipe": "other name, same values"},
        {"task_options": {"path": "/elsewhere/my.csv"}},
    ],
)
def test_what_cannot_change_the_numbers_does_not_change_the_fingerprint(job: Job, change: dict[str, object]) -> None:
    assert fingerprint(dataclasses.replace(job, **change), SUMS) == fingerprint(job, SUMS)


@pytest.mark.parametrize(
    "change",
    [
        {"model": "cfc"},
        {"hidden_size": 33},
        {"model_options": {"forget_bias": 2.0}},
        {"task": "gesture"},
        {"source": "recomputed"},
        {"task_options": {"x": 1}},
        {"protocol": "clean"},
        {"quirks": {}},
        {"seed": 1},
        {"precision": "bfloat16_matmul"},
    ],
)
def test_everything_else_does(job: Job, change: dict[str, object]) -> None:
    assert fingerprint(dataclasses.replace(job, **change), SUMS) != fingerprint(job, SUMS)


def test_trainer_settings_and_data_do(job: Job) -> None:
    for field in dataclasses.fields(job.trainer):
        other = {"class_weights": (1.0, 2.0), "clip_norm": 3.0}.get(field.name, "another value")
        changed = dataclasses.replace(job, trainer=dataclasses.replace(job.trainer, **{field.name: other}))
        assert fingerprint(changed, SUMS) != fingerprint(job, SUMS), field.name
    assert fingerprint(job, {"X_train.txt": "abd"}) != fingerprint(job, SUMS)


def test_the_fingerprint_is_stable(job: Job) -> None:
    reordered = dataclasses.replace(job, quirks=dict(reversed(job.quirks.items())))
    assert fingerprint(reordered, SUMS) == fingerprint(job, SUMS)
    assert len(fingerprint(job, SUMS)) == 12


def test_files_come_back_as_they_were_written(tmp_path: Path, job: Job) -> None:
    folder = RunFolder(tmp_path / "a" / "b")
    assert folder.result() is None
    assert folder.metrics() == []
    folder.write_config(job)
    folder.write_metrics([{"epoch": 1, "loss": 0.1}, {"epoch": 2, "loss": 1e-9}])
    folder.write_result({"status": "finished"})
    assert folder.metrics() == [{"epoch": 1.0, "loss": 0.1}, {"epoch": 2.0, "loss": 1e-9}]
    assert folder.result() == {"status": "finished"}
    assert folder.config()["trainer"]["epochs"] == job.trainer.epochs
    json.dumps(folder.config())
    folder.clear()
    assert folder.result() is None


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "result.json"
    write(target, b"old")

    def full(self: Path, content: bytes) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(Failure, match="No space left on device"):
        write(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
