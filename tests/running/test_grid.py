import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ltcbench.errors import Interrupted, UserError
from ltcbench.running import grid
from ltcbench.running.executors import Handle
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


class Script:
    """Stands in for an executor: each job ends at once, as the script says for its seed, or when it is stopped."""

    def __init__(self, ends: dict[int, list[str]], slots: int = 1) -> None:
        self.ends = ends
        self.slots = slots
        self.begun: list[int] = []
        self.stopped: list[int] = []
        self.killed: list[int] = []
        self.alive = self.most = 0

    def begin(self, job: Job) -> "Scripted":
        self.begun.append(job.seed)
        self.alive += 1
        self.most = max(self.most, self.alive)
        return Scripted(self, job, self.ends[job.seed].pop(0))

    def wait(self, handles: Sequence[Handle], timeout: float | None) -> list[Handle]:
        ready = [handle for handle in handles if isinstance(handle, Scripted) and handle.end != "hangs"]
        if not ready:
            assert timeout is not None
            time.sleep(timeout)
        return [*ready]

    def close(self) -> None:
        raise AssertionError("who opened it closes it")


@dataclasses.dataclass(eq=False)
class Scripted:
    script: Script
    job: Job
    end: str

    def stop(self, now: bool = False) -> None:
        (self.script.killed if now else self.script.stopped).append(self.job.seed)

    def outcome(self) -> tuple[str, str]:
        self.script.alive -= 1
        return ("interrupted" if self.end == "hangs" else self.end), f"seed {self.job.seed}"


def run(job: Job, executor: Script, **options: Any) -> list[tuple[int, str, bool]]:
    ends: list[Ended] = []
    grid.run_jobs([dataclasses.replace(job, seed=seed) for seed in executor.ends], executor, ends.append, **options)
    return [(end.job.seed, end.status, end.again) for end in ends]


def test_all_are_done_in_order_and_no_more_at_once_than_asked(job: Job) -> None:
    executor = Script({0: ["finished"], 1: ["diverged"], 2: ["mistake"], 3: ["finished"]}, slots=2)
    ends = run(job, executor)
    assert sorted(ends) == [
        (0, "finished", False),
        (1, "diverged", False),
        (2, "failed", False),
        (3, "finished", False),
    ]
    assert executor.begun == [0, 1, 2, 3]
    assert executor.most == 2


def test_at_the_deadline_all_are_stopped_and_nothing_more_is_begun(job: Job) -> None:
    executor = Script({0: ["finished"], 1: ["hangs"], 2: ["hangs"], 3: ["finished"]}, slots=2)
    began = time.monotonic()
    ends = run(job, executor, deadline=began + 0.2)
    assert 0.1 < time.monotonic() - began < 5
    assert sorted(ends) == [(0, "finished", False), (1, "interrupted", False), (2, "interrupted", False)]
    assert sorted(executor.stopped) == [1, 2] and 3 not in executor.begun


def test_what_is_not_worth_beginning_is_left_out(job: Job) -> None:
    executor = Script({0: ["finished"], 1: ["finished"], 2: ["finished"]}, slots=2)
    ends = run(job, executor, worth_beginning=lambda job: job.seed == 1)
    assert ends == [(1, "finished", False)] and executor.begun == [1]
    nothing = Script({0: []})
    assert run(job, nothing, worth_beginning=lambda job: False) == []


def test_what_failed_is_tried_again_and_what_is_a_mistake_is_not(job: Job) -> None:
    executor = Script({0: ["died", "failed", "finished"], 1: ["mistake"], 2: ["died", "died", "died"]}, slots=1)
    ends = run(job, executor, retries=2)
    assert [end for end in ends if end[0] == 0] == [(0, "failed", True), (0, "failed", True), (0, "finished", False)]
    assert [end for end in ends if end[0] == 1] == [(1, "failed", False)]
    assert [end for end in ends if end[0] == 2][-1] == (2, "failed", False)
    assert len(executor.begun) == 7


def test_fail_fast_stops_the_others(job: Job) -> None:
    executor = Script({0: ["hangs"], 1: ["diverged"], 2: ["finished"]}, slots=2)
    assert run(job, executor, fail_fast=True) == [(1, "diverged", False), (0, "interrupted", False)]
    assert executor.stopped == [0]
    assert executor.begun == [0, 1]


def test_those_that_end_together_with_the_one_that_failed_are_told_as_they_ended(job: Job) -> None:
    executor = Script({0: ["failed"], 1: ["finished"], 2: ["hangs"]}, slots=3)
    assert run(job, executor, fail_fast=True) == [
        (0, "failed", False),
        (1, "finished", False),
        (2, "interrupted", False),
    ]


def test_ctrl_c_stops_all(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    executor = Script({0: ["hangs"], 1: ["hangs"], 2: ["finished"]}, slots=2)

    def interrupted(handles: Sequence[Handle], timeout: float | None) -> list[Handle]:
        raise KeyboardInterrupt

    monkeypatch.setattr(executor, "wait", interrupted)
    with pytest.raises(Interrupted, match="the same command goes on"):
        run(job, executor)
    assert executor.stopped == [0, 1]
    assert executor.alive == 0


def test_ctrl_c_once_more_ends_them_at_once(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    executor = Script({0: ["hangs"], 1: ["hangs"], 2: ["finished"]}, slots=2)
    looks, waited_for = [], []

    def look(jobs: Sequence[Job]) -> None:
        looks.append([job.seed for job in jobs])
        raise KeyboardInterrupt

    def again(jobs: Sequence[Job]) -> None:
        waited_for.extend(job.seed for job in jobs)
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="goes on after the last whole epochs"):
        run(job, executor, on_look=look, on_interrupt=again)
    assert (looks, waited_for, executor.stopped, executor.killed) == ([[0, 1]], [0, 1], [0, 1], [0, 1])


def test_a_crash_leaves_its_traceback_in_the_runs_log(job: Job, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ltcbench.running import run as jobs

    def crash(*arguments: object, **options: object) -> None:
        raise RuntimeError("nothing a user can mend")

    monkeypatch.setattr(jobs.tasks, "load", crash)
    with pytest.raises(RuntimeError):
        jobs.run_job(job)
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
