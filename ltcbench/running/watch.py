"""How far trainings are that go on side by side, in whatever process: read from their run folders.

On a terminal a bar each, under one of them all; elsewhere a line each now and then.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from ltcbench.progress import EVERY, duration
from ltcbench.running.folder import RunFolder
from ltcbench.settings.job import Job

LOOK = 1.0  # seconds between looks
_RAREST = 600.0  # seconds between lines in the long run; each time it is twice as long
_NAMED = 3  # of several runs, so many are named

Row = Mapping[str, float]


def title(job: Job) -> str:
    """A job in a few words."""
    return f"{job.task}/{job.model} seed {job.seed}"


class Watch:
    """Shows how far jobs are.

    Args:
        jobs: how many there are in all.
        folder: where a job runs.
    """

    def __init__(self, jobs: int, folder: Callable[[Job], RunFolder]) -> None:
        self.folder = folder
        self.bar = tqdm(total=jobs, unit="run", disable=None, dynamic_ncols=True)
        self.going: dict[int, _Training] = {}
        self.pause = EVERY
        self.last_line = time.monotonic()

    def look(self, jobs: Sequence[Job]) -> None:
        """Show those that go on now."""
        for gone in self.going.keys() - {id(job) for job in jobs}:
            self.going.pop(gone).close()
        for job in jobs:
            if id(job) not in self.going:
                self.going[id(job)] = _Training(job, self.folder(job), quiet=bool(self.bar.disable))
            self.going[id(job)].look()
        self.bar.refresh()
        if self.bar.disable and time.monotonic() - self.last_line > self.pause:
            self.last_line = time.monotonic()
            self.pause = min(2 * self.pause, _RAREST)
            for training in self.going.values():
                self.say(training.line())

    def stopping(self, jobs: Sequence[Job]) -> None:
        """Say what an interrupted program waits for."""
        names = [title(job) for job in jobs]
        if len(names) > _NAMED:
            names[_NAMED:] = [f"{len(names) - _NAMED} more"]
        listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        checkpoints = "its checkpoint" if len(jobs) == 1 else "their checkpoints"
        self.say(f"waiting for {listed} to write {checkpoints}; Ctrl-C again to stop now.", sys.stderr)

    def say(self, line: str, file: TextIO | None = None) -> None:
        """Print a line, above the bars where there are any."""
        stream = file or sys.stdout
        tqdm.write(line, file=stream)
        stream.flush()

    def done(self) -> None:
        """Count one that ended."""
        self.bar.update()

    def close(self) -> None:
        """Take the bars away."""
        for training in self.going.values():
            training.close()
        self.bar.close()


class _Training:
    """One of them; a run that is gone on with begins with the epochs that it has."""

    def __init__(self, job: Job, folder: RunFolder, quiet: bool) -> None:
        self.job, self.name, self.epochs = job, title(job), job.trainer.epochs
        self.folder = folder
        self.began = time.monotonic()
        self.stamp = _stamp(folder.path / "metrics.csv") if job.force else None  # what is there will be done again
        self.row: Row = {}
        self._read()
        self.before = self.epoch
        self.bar = tqdm(
            total=self.epochs,
            initial=self.before,
            desc=self.name,
            unit="epoch",
            smoothing=0,
            disable=quiet,
            dynamic_ncols=True,
            leave=False,
        )

    @property
    def epoch(self) -> int:
        """Whole epochs that are done."""
        return int(self.row.get("epoch", 0))

    def look(self) -> None:
        """Show it as it is now."""
        self._read()
        self.bar.n = self.epoch
        self.bar.set_postfix(self._metrics(), refresh=False)
        self.bar.refresh()

    def line(self) -> str:
        """How far it is."""
        done, passed = self.epoch - self.before, time.monotonic() - self.began
        told = [f"{self.name}: epoch {self.epoch} of {self.epochs}"]
        told += [f"{key} {value}" for key, value in self._metrics().items()]
        if done:
            told.append(f"{duration((self.epochs - self.epoch) * passed / done)} left")
        else:
            told.append(f"no whole epoch yet since {duration(passed)}")
        return ", ".join(told)

    def close(self) -> None:
        """Take its bar away."""
        self.bar.close()

    def _read(self) -> None:
        stamp = _stamp(self.folder.path / "metrics.csv")
        if stamp != self.stamp:
            self.stamp = stamp
            rows = self.folder.metrics()
            self.row = rows[-1] if rows else {}

    def _metrics(self) -> dict[str, str]:
        shown = (key for key in self.row if key.startswith(("train_", "valid_")) and not key.endswith("_auxiliary"))
        return {key: f"{self.row[key]:.4g}" for key in shown if not key.endswith("_loss")}


def _stamp(file: Path) -> int | None:
    """Which version of a file is there."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None
