"""Processes of this machine, one for each job; they die with their parent.

Each is a fork of a process that has imported everything and done nothing, so that it begins at once.

Ctrl-C and SIGTERM reach the parent alone; it decides what becomes of the workers.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext, SpawnContext
from pathlib import Path
from typing import cast

from ltcbench.errors import Interrupted, UserError
from ltcbench.running.executors import Handle
from ltcbench.settings.job import Job

_READY = "ltcbench.running.executors.ready"


def prepared(*modules: str) -> BaseContext:
    """How processes are started that have imported these modules already, and the same for all of this process.

    A system other than Linux does not let a process be forked that has loaded such libraries: there, they are fresh.
    """
    context = get_context("forkserver" if sys.platform == "linux" else "spawn")
    context.set_forkserver_preload(["ltcbench.running.run", *modules])
    return context


class Local:
    """Processes side by side, sharing out the GPUs.

    Args:
        jobs: how many.
    """

    def __init__(self, jobs: int) -> None:
        self.slots = jobs
        self.working: list[Worker] = []

    def begin(self, job: Job) -> "Worker":
        """Begin a job at the first place that is free."""
        self.working = [worker for worker in self.working if worker.process.is_alive()]
        taken = {worker.place for worker in self.working}
        with _unheard(signal.SIGINT):  # the worker inherits it
            context = prepared(*([_READY] if job.tracker == "mlflow" else []))
            worker = Worker(job, min(set(range(self.slots)) - taken), context)
        self.working.append(worker)
        return worker

    def wait(self, handles: Sequence[Handle], timeout: float | None) -> list[Handle]:
        """Those whose process ended."""
        by_sentinel = {worker.process.sentinel: worker for worker in cast(Sequence[Worker], handles)}
        return [by_sentinel[int(str(sentinel))] for sentinel in connection.wait(list(by_sentinel), timeout)]

    def close(self) -> None:
        """Stop what is still going on."""
        for worker in self.working:
            worker.stop()


class Worker:
    """A process that does ``job``.

    Args:
        job: the job.
        place: its number among the processes side by side, from 0; decides the GPU where there are several.
        context: how ``multiprocessing`` starts it.
        daemon: whether it is stopped when this process ends.
        environment: variables besides those of this process.

    Attributes:
        job, place: as above.
        process: to wait for.
    """

    def __init__(
        self,
        job: Job,
        place: int,
        context: BaseContext,
        daemon: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.job = job
        self.place = place
        self.channel, other = context.Pipe()
        arguments = job, place, other, {**os.environ, **(environment or {})}
        self.process = cast(SpawnContext, context).Process(target=_work, args=arguments, daemon=daemon)
        self.process.start()
        self.stopped = False
        other.close()

    def stop(self, now: bool = False) -> None:
        """Have the process mark its run as interrupted and end, or kill it ``now``."""
        self.stopped = True
        if now:
            self.process.kill()
        else:
            self.process.terminate()

    def outcome(self) -> tuple[str, str]:
        """How the job ended, and a line on it; waits for the end of the process."""
        self.process.join()
        try:
            status, line = self.channel.recv()
        except EOFError:
            status, line = "died", f"its process died with exit status {self.process.exitcode}."
            if self.stopped:  # before it could answer to that
                job = self.job
                status, line = "interrupted", f"{job.task}/{job.model} seed {job.seed} was stopped."
        self.channel.close()
        return status, line


def _work(job: Job, place: int, channel: Connection, environment: Mapping[str, str]) -> None:
    """What the process does."""
    os.environ.clear()  # what it is a fork of may have begun under another
    os.environ.update(environment)
    threading.Thread(target=_die_with_parent, args=(channel,), daemon=True).start()
    sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115, to the end; the terminal is the parent's
    import logging

    log = logging.getLogger("ltcbench")
    log.setLevel(logging.INFO)  # for log.txt in the run folder
    log.addHandler(logging.NullHandler())
    log.propagate = False
    from ltcbench.running.machine import spread
    from ltcbench.running.results import summary
    from ltcbench.running.run import run_job

    try:
        result = run_job(replace(job, device=spread(job.device, place)))
        outcome = result["status"], summary(result)
    except Interrupted as error:
        outcome = "interrupted", str(error)
    except UserError as error:
        outcome = "mistake", str(error)
    except Exception as error:
        outcome = "failed", f"{type(error).__name__}: {error}; the run's log.txt says where"
    channel.send(outcome)


def _die_with_parent(channel: Connection) -> None:
    """End this process when the other end of ``channel`` is gone; the parent never sends anything."""
    channel.poll(None)
    os._exit(1)


@contextmanager
def _unheard(number: signal.Signals) -> Iterator[None]:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)
