"""A process for one job, which dies with its parent.

Ctrl-C and SIGTERM reach the parent alone; it decides what becomes of the workers.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from ltcbench.errors import Interrupted, UserError
from ltcbench.settings.job import Job


class Worker:
    """A fresh process that does ``job``.

    Attributes:
        job: the job.
        place: its number among the processes side by side, from 0; decides the GPU where there are several.
        process: to wait for, or to ``terminate``, which marks the run as interrupted.
    """

    def __init__(self, job: Job, place: int) -> None:
        self.job = job
        self.place = place
        context = get_context("spawn")
        self.channel, other = context.Pipe()
        self.process = context.Process(target=_work, args=(job, place, other))
        with _unheard(signal.SIGINT):  # the worker inherits it
            self.process.start()
        other.close()

    def outcome(self) -> tuple[str, str]:
        """How the job ended, and a line on it; waits for the end of the process.

        The first is a status of a run, ``mistake`` (a UserError) or ``died`` (the process was killed, or crashed).
        """
        self.process.join()
        try:
            status, line = self.channel.recv()
        except EOFError:
            status, line = "died", f"its process died with exit status {self.process.exitcode}."
        self.channel.close()
        return status, line


def _work(job: Job, place: int, channel: Connection) -> None:
    """What the process does."""
    threading.Thread(target=_die_with_parent, args=(channel,), daemon=True).start()
    sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115, to the end; the terminal is the parent's
    import logging

    log = logging.getLogger("ltcbench")
    log.setLevel(logging.INFO)  # for log.txt in the run folder
    log.addHandler(logging.NullHandler())
    log.propagate = False
    from ltcbench.running.machine import spread
    from ltcbench.running.results import summary
    from ltcbench.running.run import run

    try:
        result = run(replace(job, device=spread(job.device, place)))
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
