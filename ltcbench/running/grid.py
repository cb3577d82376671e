"""Many jobs: how far each is, and those that are not done side by side where an executor does them.

Run folders make every job resumable, so a grid that broke off goes on where it was.
"""

import math
import signal
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from ltcbench.errors import Interrupted, UserError
from ltcbench.running.executors import Executor, Handle
from ltcbench.running.folder import RunFolder, fingerprint
from ltcbench.running.watch import LOOK
from ltcbench.settings.job import Job

DONE = ("finished", "diverged")

State = Literal["finished", "diverged", "published", "resumable", "missing"]


@dataclass(frozen=True)
class Planned:
    """A job and how far it is.

    Attributes:
        job: the job.
        state: ``finished`` or ``diverged`` here, or ``published`` by somebody (nothing to do), ``resumable`` or
            ``missing``.
        epochs: that are still to do.
    """

    job: Job
    state: State
    epochs: int

    @property
    def done(self) -> bool:
        """Whether there is nothing to do."""
        return self.state in (*DONE, "published")


@dataclass(frozen=True)
class Ended:
    """How a job ended.

    Attributes:
        job: the job.
        status: ``finished``, ``diverged``, ``failed`` or ``interrupted``.
        line: what there is to tell.
        again: it failed and will be tried again.
    """

    job: Job
    status: str
    line: str
    again: bool = False


class Data:
    """The raw data of jobs, asked for once and remembered."""

    def __init__(self) -> None:
        self.known: dict[str, Mapping[str, str] | UserError] = {}

    def checksums(self, job: Job, fetch: bool) -> Mapping[str, str] | None:
        """SHA-256 of the raw files of a job, None where they are not here and not to be fetched.

        Raises:
            UserError: they cannot be had, or are not what they should be.
        """
        from ltcbench import tasks

        key = f"{job.task} {job.source} {job.mirror} {dict(job.task_options)}"
        if key not in self.known:
            if not fetch and not tasks.at_hand(job.task, job.source):
                return None
            try:
                self.known[key] = tasks.checksums(job.task, job.source, job.mirror, **job.task_options)
            except UserError as error:
                self.known[key] = error
        found = self.known[key]
        if isinstance(found, UserError):
            raise found
        return found

    def why_missing(self, job: Job) -> str:
        """Fetches the data of a job if need be; the sentence that says why they cannot be had, empty where they can."""
        try:
            self.checksums(job, fetch=True)
        except UserError as error:
            return str(error)
        return ""

    def folder(self, job: Job) -> RunFolder:
        """Where a job runs; fetches its data if need be.

        Raises:
            UserError: they cannot be had.
        """
        return RunFolder.of(job, fingerprint(job, self.checksums(job, fetch=True) or {}))


def planned(job: Job, data: Data) -> Planned:
    """How far a job is; data that are not here are not fetched.

    Raises:
        UserError: the data that are here are not what they should be.
    """
    checksums = None if job.force else data.checksums(job, fetch=False)
    if checksums is None:
        return Planned(job, "missing", job.trainer.epochs)
    folder = RunFolder.of(job, fingerprint(job, checksums))
    result = folder.result()
    if result is not None and result["status"] in DONE:
        return Planned(job, result["status"], 0)
    done = len(folder.metrics())
    return Planned(job, "resumable" if done else "missing", job.trainer.epochs - done)


def run_jobs(
    jobs: Sequence[Job],
    executor: Executor,
    on_end: Callable[[Ended], None],
    retries: int = 0,
    fail_fast: bool = False,
    deadline: float = math.inf,
    worth_beginning: Callable[[Job], bool] = lambda job: True,
    on_look: Callable[[Sequence[Job]], None] = lambda jobs: None,
    on_interrupt: Callable[[Sequence[Job]], None] = lambda jobs: None,
) -> None:
    """Do ``jobs``, as many at a time as the executor has slots.

    Args:
        jobs: the jobs, in order.
        executor: does them; it stays open.
        on_end: told how each job ended, as it happens.
        retries: how often a job that failed is tried again; one that diverged or is a mistake is not.
        fail_fast: stop all at the first job that did not finish.
        deadline: when all are stopped as by Ctrl-C, in seconds of ``time.monotonic``.
        worth_beginning: asked just before a job is begun; False leaves it out.
        on_look: told every second which jobs are going on.
        on_interrupt: told by Ctrl-C or SIGTERM which jobs are waited for; another one ends them at once.

    Raises:
        Interrupted: Ctrl-C or SIGTERM; the jobs that were going on can be resumed.
    """
    waiting = deque((job, retries) for job in jobs)
    working: dict[Handle, int] = {}
    with _sigterm_as_ctrl_c():
        try:
            while waiting or working:
                while waiting and len(working) < executor.slots:
                    job, left = waiting.popleft()
                    if worth_beginning(job):
                        working[executor.begin(job)] = left
                if not working:
                    return  # nothing of what was left was worth beginning
                on_look([handle.job for handle in working])
                seconds = min(LOOK, max(0.0, deadline - time.monotonic()))
                for handle in executor.wait(list(working), seconds):
                    left = working.pop(handle)
                    ended = _ended(handle, left)
                    on_end(ended)
                    if ended.again:
                        waiting.append((handle.job, left - 1))
                    elif fail_fast and ended.status != "finished":
                        _stop(working, on_end)
                        return
                if time.monotonic() >= deadline:
                    _stop(working, on_end)
                    return
        except KeyboardInterrupt:
            _stop(working, on_end, on_interrupt)
            raise Interrupted("interrupted; the same command goes on.") from None


def _ended(handle: Handle, retries: int) -> Ended:
    status, line = handle.outcome()
    if status in DONE:
        return Ended(handle.job, status, line)
    line = f"{handle.job.task}/{handle.job.model} seed {handle.job.seed}: {status}, {line}"
    return Ended(handle.job, "failed", line, again=retries > 0 and status != "mistake")


def _stop(
    handles: Collection[Handle],
    on_end: Callable[[Ended], None],
    on_interrupt: Callable[[Sequence[Job]], None] = lambda jobs: None,
) -> None:
    """Have the jobs mark their runs as interrupted and end; Ctrl-C meanwhile ends them without."""
    try:
        for handle in handles:
            handle.stop()
        if handles:
            on_interrupt([handle.job for handle in handles])
        for handle in handles:
            status, line = handle.outcome()
            on_end(Ended(handle.job, status if status in DONE else "interrupted", line))
    except KeyboardInterrupt:
        for handle in handles:
            handle.stop(now=True)
        raise Interrupted("stopped; the same command goes on after the last whole epochs.") from None


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """SIGTERM raises KeyboardInterrupt."""

    def handler(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
