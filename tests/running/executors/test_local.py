from collections.abc import Iterator
from multiprocessing import Event, Process
from multiprocessing.context import BaseContext

import pytest

from ltcbench.running.executors import local
from ltcbench.settings.composition import composed
from ltcbench.settings.job import Job


class Worker:
    """A process that ends when it is told to."""

    def __init__(self, job: Job, place: int, context: BaseContext) -> None:
        self.job = job
        self.place = place
        self.told = Event()
        self.process = Process(target=self.told.wait)
        self.process.start()

    def stop(self, now: bool = False) -> None:
        self.told.set()

    def outcome(self) -> tuple[str, str]:
        self.process.join()
        return "finished", ""


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> Iterator[local.Local]:
    monkeypatch.setattr(local, "Worker", Worker)
    executor = local.Local(2)
    yield executor
    executor.close()
    for worker in executor.working:
        worker.outcome()


def test_a_job_takes_the_place_of_one_that_ended(executor: local.Local) -> None:
    job = composed(["task=cheetah", "model=lstm"])
    first, second = executor.begin(job), executor.begin(job)
    assert (first.place, second.place) == (0, 1)
    assert executor.wait([first, second], 0.05) == []
    second.stop()
    assert executor.wait([first, second], None) == [second]
    assert second.outcome() == ("finished", "")
    assert executor.begin(job).place == 1
    first.stop()
    assert executor.wait([first], None) == [first]
    assert first.outcome() == ("finished", "")
    assert executor.begin(job).place == 0
