"""What was measured: a line each, and the CSV file that holds them with the machine."""

import csv
import io
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timezone
from pathlib import Path

import torch

from ltcbench import places
from ltcbench.files import write
from ltcbench.reporting.index import TIME
from ltcbench.running.versions import versions


@dataclass(frozen=True)
class Row:
    """A measurement.

    Attributes:
        what: ``step``, ``update``, ``inference`` (seconds of a time step), ``epoch`` or ``memory``.
        model: its name.
        who: the engine, if it is ours; else ``ncps``, ``torch.nn.LSTM``, ``torchdiffeq`` or ``JAX``, with the version.
        ours: whether it is ours.
        task: of an epoch.
        batch, time, features, units: the shape; of an epoch, batch and units alone.
        settings: options and precision, where they are not the defaults.
        n: number of samples.
        median, low, high: median and quartiles, in ``unit``.
        unit: ``s`` or ``byte``.
        ratio: the median over that of the fastest of ours; for memory, over that of the eager engine.
        goal: the ratio wanted: the least, for memory the largest.
        gemm, sigmoid: share of the machine's limit that is reached: FLOP/s of matrix products of the step's own size,
            sigmoids a second.
        flop, sigmoids: how many there are.
        limit: what the machine takes for it at its best, in ``unit``.
        error: mean test metric of the finished runs of this training, by whoever computes the same.
    """

    what: str
    model: str
    who: str
    ours: bool
    task: str
    batch: int
    time: int | None
    features: int | None
    units: int
    settings: str
    n: int
    median: float
    low: float
    high: float
    unit: str = "s"
    ratio: float | None = None
    goal: float | None = None
    gemm: float | None = None
    sigmoid: float | None = None
    flop: int | None = None
    sigmoids: int | None = None
    limit: float | None = None
    error: float | None = None

    @property
    def met(self) -> bool:
        """Whether the ratio is as wanted, or nothing is."""
        if self.goal is None or self.ratio is None:
            return True
        return self.ratio <= self.goal if self.what == "memory" else self.ratio >= self.goal


def machine() -> dict[str, str | int | None]:
    """Where and with what is measured."""
    return {
        "cpu": processor(),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        **{key: value for key, value in versions().items() if key != "machine"},
        "measured": datetime.now(timezone.utc).strftime(TIME),
    }


def described() -> str:
    """The machine in a line."""
    known = machine()
    return ", ".join(f"{key} {known[key]}" for key in ("cpu", "threads", "torch", "ltcbench", "git") if known[key])


def processor() -> str:
    """The name of this machine's processor."""
    cpus = Path("/proc/cpuinfo")
    lines = cpus.read_text(encoding="utf-8").splitlines() if cpus.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def save(name: str, rows: Sequence[Row]) -> Path:
    """Write ``<runs>/bench/<name>.csv`` and return where it lies."""
    path = folder() / f"{name}.csv"
    write(path, to_csv(rows).encode())
    return path


def folder() -> Path:
    """Where measurements lie."""
    return places.runs() / "bench"


def to_csv(rows: Sequence[Row]) -> str:
    """A line a measurement, numbers in full, the machine in the last columns of each."""
    text, last = io.StringIO(), machine()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*(field.name for field in fields(Row)), *last])
    for row in rows:
        values = [*asdict(row).values(), *last.values()]
        writer.writerow(["" if value is None else value for value in values])
    return text.getvalue()
