import dataclasses
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ltcbench.errors import Interrupted, UserError
from ltcbench.running import grid
from ltcbench.running.folder import RunFolder, fingerprint
from ltcbench.running.grid import Data, Ended, planned
from ltcbench.settings.composition import composed
from ltcbench.settings.job import Job


@pytest.fixture(scope="module")
def job() -> Job:
    return composed(["task=cheetah", "task.source=synthetic", "model=lstm", "trainer.epochs=10"])


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path))
    monkeypatch.setenv("LTCBENCH_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.setenv("LTCBENCH_MIRROR", "")
    return tmp_path


@pytest.mark.usefixtures("runs")
def test_how_far_a_job_is(job: Job) -> None:
    folder = RunFolder.of(job, fingerprint(job, {}))
    assert planned(job, Data()) == grid.Planned(job, "missing", 10)
    folder.write_metrics([{"epoch": 1}, {"epoch": 2}, {"epoch": 3}])
    assert planned(job, Data()) == grid.Planned(job, "resumable", 7)
    head = {"task": "cheetah", "model": "lstm", "seed": 0, "source": "synthetic", "device": "cpu", "metric": "mse"}
    result = {**head, "test_metric": 0.5, "best_epoch": 2, "seconds_per_epoch": 1, "parameters": 10, "versions": {}}
    folder.write_result({**result, "status": "interrupted"})
    assert planned(job, Data()).state == "resumable"
    for status in grid.DONE:
        folder.write_result({**result, "status": status})
        assert planned(job, Data()) == grid.Planned(job, status, 0)
    assert planned(dataclasses.replace(job, force=True), Data()).state == "missing"
    assert planned(dataclasses.replace(job, seed=1), Data()).state == "missing"


def test_data_that_are_not_here_are_not_fetched_for_a_plan(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = runs / "mirror"
    monkeypatch.setenv("LTCBENCH_MIRROR", str(elsewhere))
    absent = composed(["task=ozone", "model=lstm"])
    assert planned(absent, Data()).state == "missing"
    with pytest.raises(UserError, match="does not exist"):
        Data().checksums(absent, fetch=True)


class Workers:
    """Stands in for processes: each ends at once, as the script says for its seed."""

    def __init__(self, script: dict[int, list[str]]) -> None:
        self.script = script
        self.begun: list[int] = []
        self.places: list[int] = []
        self.stopped: list[int] = []
        self.alive = self.most = 0

    def __call__(self, job: Job, place: int) -> SimpleNamespace:
        self.begun.append(job.seed)
        self.places.append(place)
        self.alive += 1
        self.most = max(self.most, self.alive)
        read, write = os.pipe()
        end = self.script[job.seed].pop(0)
        if end != "hangs":
            os.close(write)  # `read` is ready now, as the sentinel of a process that ended
        fd = read

        def outcome() -> tuple[str, str]:
            self.alive -= 1
            os.close(fd)
            return ("interrupted" if end == "hangs" else end), f"seed {job.seed}"

        process = SimpleNamespace(sentinel=read, terminate=lambda: self.stopped.append(job.seed))
        return SimpleNamespace(job=job, place=place, process=process, outcome=outcome)


def run(
    job: Job, monkeypatch: pytest.MonkeyPatch, workers: Workers, number: int, **options: Any
) -> list[tuple[int, str, bool]]:
    monkeypatch.setattr(grid, "Worker", workers)
    ends: list[Ended] = []
    grid.run([dataclasses.replace(job, seed=seed) for seed in workers.script], number, ends.append, **options)
    return [(end.job.seed, end.status, end.again) for end in ends]


def test_all_are_done_in_order_and_no_more_at_once_than_asked(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers({0: ["finished"], 1: ["diverged"], 2: ["mistake"], 3: ["finished"]})
    ends = run(job, monkeypatch, workers, 2)
    assert sorted(ends) == [
        (0, "finished", False),
        (1, "diverged", False),
        (2, "failed", False),
        (3, "finished", False),
    ]
    assert workers.begun == [0, 1, 2, 3]
    assert workers.most == 2


def test_at_the_deadline_all_are_stopped_and_nothing_more_is_begun(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers({0: ["finished"], 1: ["hangs"], 2: ["hangs"], 3: ["finished"]})
    began = time.monotonic()
    ends = run(job, monkeypatch, workers, 2, deadline=began + 0.2)
    assert 0.1 < time.monotonic() - began < 5
    assert sorted(ends) == [(0, "finished", False), (1, "interrupted", False), (2, "interrupted", False)]
    assert sorted(workers.stopped) == [1, 2] and 3 not in workers.begun


def test_what_is_not_worth_beginning_is_left_out(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers({0: ["finished"], 1: ["finished"], 2: ["finished"]})
    ends = run(job, monkeypatch, workers, 2, worth_beginning=lambda job: job.seed == 1)
    assert ends == [(1, "finished", False)] and workers.begun == [1]
    nothing = Workers({0: []})
    assert run(job, monkeypatch, nothing, 1, worth_beginning=lambda job: False) == []


def test_what_failed_is_tried_again_and_what_is_a_mistake_is_not(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers({0: ["died", "failed", "finished"], 1: ["mistake"], 2: ["died", "died", "died"]})
    ends = run(job, monkeypatch, workers, 1, retries=2)
    assert [end for end in ends if end[0] == 0] == [(0, "failed", True), (0, "failed", True), (0, "finished", False)]
    assert [end for end in ends if end[0] == 1] == [(1, "failed", False)]
    assert [end for end in ends if end[0] == 2][-1] == (2, "failed", False)
    assert len(workers.begun) == 7


def test_a_job_takes_the_place_of_one_that_ended(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers({0: ["hangs"], 1: ["finished"], 2: ["finished"], 3: ["failed"]})
    run(job, monkeypatch, workers, 2, fail_fast=True)
    assert workers.places == [0, 1, 1, 1]


def test_fail_fast_stops_the_others(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers({0: ["hangs"], 1: ["diverged"], 2: ["finished"]})
    assert run(job, monkeypatch, workers, 2, fail_fast=True) == [(1, "diverged", False), (0, "interrupted", False)]
    assert workers.stopped == [0]
    assert workers.begun == [0, 1]


def test_ctrl_c_stops_all(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers({0: ["hangs"], 1: ["hangs"], 2: ["finished"]})

    def interrupted(sentinels: list[int], timeout: float | None) -> list[int]:
        raise KeyboardInterrupt

    monkeypatch.setattr(grid.connection, "wait", interrupted)
    with pytest.raises(Interrupted, match="the same command goes on"):
        run(job, monkeypatch, workers, 2)
    assert workers.stopped == [0, 1]
    assert workers.alive == 0


def test_a_crash_leaves_its_traceback_in_the_runs_log(job: Job, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ltcbench.running import run as jobs

    def crash(*arguments: object, **options: object) -> None:
        raise RuntimeError("nothing a user can mend")

    monkeypatch.setattr(jobs.tasks, "load", crash)
    with pytest.raises(RuntimeError):
        jobs.run(job)
    (log,) = runs.glob("*/*/*/log.txt")
    assert "Traceback" in log.read_text()
    assert "nothing a user can mend" in log.read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("runs")
def test_experiments_are_there_before_the_processes_and_a_store_that_fails_is_theirs_to_tell() -> None:
    from ltcbench.running import tracking

    tracking.prepare("sqlite:////proc/nowhere/mlflow.db", ["cheetah"])
    tracking.prepare(None, ["cheetah", "har"])
    store = tracking.Store(tracking.default_uri())
    assert {store.client.get_experiment_by_name(name).name for name in ("cheetah", "har")} == {"cheetah", "har"}
