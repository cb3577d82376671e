"""Progress of long work: a bar on a terminal, a quiet line now and then elsewhere."""

import logging
import time
from collections.abc import Mapping

from tqdm import tqdm

EVERY = 20.0  # seconds between lines where there is no terminal
LONG = 3600.0  # seconds; of a training that will take longer the user is told at its beginning
TRIED = 10.0  # seconds of training after which its length can be told

log = logging.getLogger("ltcbench")


def duration(seconds: float) -> str:
    """``seconds`` in words, e.g. ``2 h 05 min``."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


class DrawProgress:
    """Shows how many draws of an experiment are done.

    Args:
        name: of the experiment.
        draws: how many there are.
    """

    def __init__(self, name: str, draws: int) -> None:
        self.name = name
        self.bar = tqdm(total=draws, desc=name, unit="draw", disable=None, dynamic_ncols=True, leave=False)
        self.last_line = time.monotonic()

    def step(self, done: int) -> None:
        """Show ``done`` draws."""
        self.bar.n = done
        self.bar.update(0)
        if self.bar.disable and time.monotonic() - self.last_line > EVERY:
            self.last_line = time.monotonic()
            log.info("%s: %d of %d draws", self.name, done, self.bar.total)

    def close(self) -> None:
        """Take the bar away."""
        self.bar.close()


class TrainingProgress:
    """Shows how far a training is.

    Args:
        name: what is trained, e.g. ``xor/cfc``.
        epochs: number of epochs of the whole training.
    """

    def __init__(self, name: str, epochs: int) -> None:
        self.name = name
        self.epochs = epochs
        self.bar = tqdm(total=epochs, desc=name, unit="epoch", disable=None, dynamic_ncols=True, leave=False)
        self.last_line = time.monotonic()
        self.first: tuple[float, float] | None = None  # when the first update was done, and the epochs done then
        self.told = False

    def step(self, done: float) -> None:
        """Show ``done`` epochs, fractions of one included."""
        now = time.monotonic()
        if self.first is None:  # a training gone on with: what was done before is not to count for the time left
            self.first = (now, done)
            self.bar.initial = done
        self.bar.n = round(done, 2)
        self.bar.update(0)
        began, before = self.first
        if not self.told and now - began > TRIED and done > before:
            self.told = True
            left = (self.epochs - done) * (now - began) / (done - before)
            if left > LONG:
                log.warning(
                    "%s: %s an epoch, so %s to go; Ctrl-C stops it, and the same command goes on after the last whole "
                    "epoch.",
                    self.name,
                    duration(left / (self.epochs - done)),
                    duration(left),
                )

    def epoch(self, row: Mapping[str, float]) -> None:
        """Show the numbers of an epoch."""
        shown = {key: f"{value:.4g}" for key, value in row.items() if key not in ("epoch", "seconds", "learning_rate")}
        self.bar.set_postfix(shown, refresh=False)
        self.step(row["epoch"])
        last = row["epoch"] == self.epochs
        if self.bar.disable and (last or time.monotonic() - self.last_line > EVERY):
            self.last_line = time.monotonic()
            numbers = "  ".join(f"{key} {value}" for key, value in shown.items())
            log.info("%s epoch %d of %d: %s", self.name, row["epoch"], self.epochs, numbers)

    def close(self) -> None:
        """Take the bar away."""
        self.bar.close()
