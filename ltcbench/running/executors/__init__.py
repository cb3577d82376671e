"""Where the jobs of a grid are done: an executor begins them and tells which ended."""

from collections.abc import Sequence
from typing import Protocol

from ltcbench.settings.job import Job


class Handle(Protocol):
    """A job that was begun."""

    @property
    def job(self) -> Job:
        """The job."""

    def stop(self, now: bool = False) -> None:
        """Have it mark its run as interrupted and end, as Ctrl-C does; ``outcome`` waits for that.

        Args:
            now: end it at once instead; its run stands where it was after the last whole epoch.
        """

    def outcome(self) -> tuple[str, str]:
        """How the job ended, and a line on it; waits for its end.

        The first is a status of a run, ``mistake`` (a UserError) or ``died`` (its process was killed, or crashed).
        """


class Executor(Protocol):
    """Does jobs, some of them side by side."""

    @property
    def slots(self) -> int:
        """How many jobs go side by side now."""

    def begin(self, job: Job) -> Handle:
        """Begin a job; no more than ``slots`` are going on at once."""

    def wait(self, handles: Sequence[Handle], timeout: float | None) -> Sequence[Handle]:
        """Those of ``handles`` that ended: none after ``timeout`` seconds, or before, where ``slots`` may have changed.

        A timeout of None waits for ever.
        """

    def close(self) -> None:
        """End whatever is still going on, and what was set up for it."""
