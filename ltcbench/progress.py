"""Progress of long work: a bar on a terminal, a quiet line now and then elsewhere."""

import logging
import time
from collections.abc import Mapping

from tqdm import tqdm

EVERY = 20.0  # seconds between lines where there is no terminal

log = logging.getLogger("ltcbench")


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

    def step(self, done: float) -> None:
        """Show ``done`` epochs, fractions of one included."""
        self.bar.n = round(done, 2)
        self.bar.update(0)

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
