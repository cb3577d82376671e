import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ltcbench.errors import Interrupted, UserError
from ltcbench.running.executors import Handle
from ltcbench.running.folder import RunFolder, fingerprint
from ltcbench.running.tuning import search, study
from ltcbench.running.tuning.search import Trial
from ltcbench.running.tuning.space import Choices, Interval
from ltcbench.running.tuning.study import Plan
from ltcbench.settings.composition import composed
from ltcbench.settings.job import Job

optuna = pytest.importorskip("optuna")

EPOCHS = 8
GIVEN = ("task=cheetah", "task.source=synthetic", "model=lstm", f"trainer.epochs={EPOCHS}", "tracker=none")
SECRET = 777.0  # of the test part


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "a?b#{c} é"))
    return tmp_path / "a?b#{c} é"


@pytest.fixture
def plan() -> Plan:
    space = {"trainer.learning_rate": Interval(1e-4, 1.0, log=True), "model.hidden_size": Choices((4, 8, 16))}
    return Plan(composed(GIVEN), GIVEN, space, "tpe", 0, "min", {})


def rows_of(job: Job) -> list[dict[str, float]]:
    """Best at a learning rate of 0.01 and 16 units."""
    loss = abs(math.log10(job.trainer.learning_rate) + 2) + 1 / job.hidden_size
    return [{"epoch": e, "train_loss": loss, "valid_mse": loss + 1 / e, "seconds": 0.1} for e in range(1, EPOCHS + 1)]


class Running:
    """A training that does some epochs whenever somebody waits for it."""

    def __init__(self, job: Job, end: str) -> None:
        self.job, self.end = job, end
        self.folder = RunFolder.of(job, fingerprint(job, {}))
        self.stopped = False

    def work(self, epochs: int) -> bool:
        rows = rows_of(self.job)[: len(self.folder.metrics()) + epochs]
        if rows:
            self.folder.write_metrics(rows)
        if len(rows) == EPOCHS or self.stopped:
            self.status = "interrupted" if self.stopped and len(rows) < EPOCHS else self.end
            self.folder.write_config(self.job)
            result = {"status": self.status, "task": "cheetah", "model": "lstm", "seed": 0, "source": "synthetic"}
            result |= {"device": "cpu", "metric": "mse", "test_metric": SECRET, "best_epoch": len(rows)}
            result |= {"seconds_per_epoch": 0.1, "parameters": 1, "versions": {}}
            if self.end != "died":
                self.folder.write_result(result)
            return True
        return False

    def stop(self, now: bool = False) -> None:
        self.stopped = True

    def outcome(self) -> tuple[str, str]:
        while not self.work(0 if self.stopped else 1):
            pass
        return self.status, f"test mse {SECRET}"


class Fake:
    """Does ``pace`` epochs of each job between two looks; ``breaks`` is called before each of them."""

    def __init__(self, slots: int = 1, pace: int = 1, end: str = "finished", breaks: Any = lambda: None) -> None:
        self.slots, self.pace, self.end, self.breaks = slots, pace, end, breaks
        self.begun: list[Job] = []

    def begin(self, job: Job) -> Running:
        self.begun.append(job)
        return Running(job, self.end)

    def wait(self, handles: Sequence[Handle], timeout: float | None) -> list[Any]:
        self.breaks()
        return [handle for handle in handles if handle.work(self.pace)]  # type: ignore[attr-defined]

    def close(self) -> None:
        pass


def searched(plan: Plan, executor: Fake, trials: int = 14) -> list[Trial]:
    with study.opened(plan) as opened:
        search.search(opened, plan, "mse", executor, trials, lambda trial: None)
        return search.ended(opened)


def elsewhere(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setenv("LTCBENCH_RUNS", str(path))


@pytest.mark.parametrize("sampler", study.SAMPLERS)
def test_the_same_search_tries_the_same_however_often_one_looks(
    plan: Plan, sampler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = dataclasses.replace(plan, sampler=sampler)
    found = []
    for pace in (1, EPOCHS):
        elsewhere(monkeypatch, tmp_path / str(pace))
        found.append(searched(plan, Fake(pace=pace)))
    assert found[0] == found[1]
    statuses = [trial.status for trial in found[0]]
    assert len(statuses) == 14 and set(statuses) == {"finished", "stopped"}
    assert found[0][0].value == min(trial.value for trial in found[0] if trial.status == "finished")
    elsewhere(monkeypatch, tmp_path / "other seed")
    assert searched(dataclasses.replace(plan, seed=1), Fake()) != found[0]


def test_a_search_that_broke_off_anywhere_goes_on_as_if_it_had_not(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = searched(plan, Fake())
    elsewhere(monkeypatch, tmp_path / "broken")
    looks = 0

    def breaks() -> None:
        nonlocal looks
        looks += 1
        if looks % 17 == 0:
            raise SystemError  # as if killed: nobody is told

    for _ in range(40):
        try:
            again = searched(plan, Fake(breaks=breaks))
            break
        except SystemError:
            pass
    assert looks > 50
    assert again == whole


def test_one_that_broke_off_between_two_settings_goes_on_with_both(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = searched(plan, Fake())
    elsewhere(monkeypatch, tmp_path / "broken")
    searched(plan, Fake(), trials=12)
    with study.opened(plan) as opened:
        half = dataclasses.replace(plan, space={key: plan.space[key] for key in list(plan.space)[:1]})
        study.asked(opened, half, 12)
        assert study.begun(opened) == [12]
    assert searched(plan, Fake()) == whole


def test_more_trials_go_on_and_what_is_done_is_not_done_again(plan: Plan) -> None:
    first = Fake()
    searched(plan, first, trials=4)
    assert len(first.begun) == 4
    second = Fake()
    assert len(searched(plan, second, trials=6)) == 6
    assert len(second.begun) == 2
    other = Fake()  # another study, whose trials all are runs that are there
    searched(dataclasses.replace(plan, sampler="random"), other, trials=4)
    assert other.begun == []


def test_ctrl_c_marks_what_was_going_on_and_it_goes_on(plan: Plan) -> None:
    def breaks() -> None:
        if len(executor.begun) == 4:
            raise KeyboardInterrupt

    executor = Fake(slots=2, breaks=breaks)
    with pytest.raises(Interrupted, match="the same command goes on"):
        searched(plan, executor, trials=6)
    statuses = [(RunFolder.of(job, fingerprint(job, {})).result() or {})["status"] for job in executor.begun]
    assert statuses.count("interrupted") == 2
    assert len(searched(plan, Fake(slots=2), trials=6)) == 6


def test_the_test_part_has_no_say_and_is_not_kept(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    told: list[Trial] = []
    with study.opened(plan) as opened:
        search.search(opened, plan, "mse", Fake(), 6, told.append)
        kept = [(one.values, one.params, one.user_attrs, one.intermediate_values) for one in study.frozen(opened)]
    assert len(told) == 6
    assert "777" not in f"{kept} {told}" + capsys.readouterr().out


def test_diverged_is_no_result_and_failures_end_the_search(plan: Plan) -> None:
    diverged = searched(plan, Fake(end="diverged"), trials=3)
    assert [trial.status for trial in diverged] == ["diverged"] * 3
    with pytest.raises(UserError, match="3 trials one after another failed, the last with: test mse"):
        searched(dataclasses.replace(plan, seed=5), Fake(end="died"), trials=9)


def test_one_process_at_a_time_has_a_search(plan: Plan) -> None:
    with study.opened(plan), pytest.raises(UserError, match="another process works on the search"), study.opened(plan):
        pass


def test_a_file_that_is_no_database_is_told(plan: Plan, runs: Path) -> None:
    runs.mkdir()
    (runs / "studies.db").write_bytes(b"no database" * 1000)
    with pytest.raises(UserError, match="is not a database of searches"), study.opened(plan):
        pass


def test_the_name_tells_searches_apart(plan: Plan) -> None:
    others = [
        dataclasses.replace(plan, seed=1),
        dataclasses.replace(plan, sampler="random"),
        dataclasses.replace(plan, checksums={"a": "b"}),
        dataclasses.replace(plan, job=composed([*GIVEN, "trainer.decay=0.9"])),
        dataclasses.replace(plan, space={**plan.space, "model.hidden_size": Choices((4, 8))}),
    ]
    assert len({one.name for one in (plan, *others)}) == 6
    assert dataclasses.replace(plan, job=composed([*GIVEN, "threads=2"])).name == plan.name


def test_importance_is_that_of_what_mattered(plan: Plan) -> None:
    space = {**plan.space, "trainer.decay": Interval(0.5, 1.0)}
    plan = dataclasses.replace(plan, space=space, sampler="random")
    searched(plan, Fake(pace=EPOCHS), trials=30)
    with study.opened(plan) as opened:
        shares = study.importances(opened)
    assert next(iter(shares)) == "trainer.learning_rate"
    assert sum(shares.values()) == pytest.approx(1)
