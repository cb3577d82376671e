"""Run folders: ``runs/<task>/<model>/<fingerprint>/``, plain files that are the truth about a run.

``config.yaml`` (what was asked), ``metrics.csv`` (a row an epoch), ``result.json`` (how it ended), ``checkpoint.pt``
(to go on from) and ``log.txt``. Every file is written beside and renamed, so a reader sees the old one or the new
one, whole.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from omegaconf import OmegaConf

from ltcbench import places
from ltcbench.files import write
from ltcbench.settings.job import WHERE, Job, tree
from ltcbench.settings.numerics import EVERYWHERE

SCHEMA = 1


def fingerprint(job: Job, checksums: Mapping[str, str]) -> str:
    """The identity of a run: 12 hexadecimal digits over everything that can change its numbers, and nothing else.

    Args:
        job: the job; device, engine, threads, tracking and paths do not count, nor does the name of the recipe, whose
            values do.
        checksums: SHA-256 of each raw file.
    """
    decides = {"numerics": EVERYWHERE, **tree(job), "checksums": dict(checksums)}
    decides["task"] = {key: value for key, value in decides["task"].items() if key not in WHERE}
    del decides["recipe"]
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:12]


class RunFolder:
    """One run on disk.

    Args:
        path: its folder; created when something is first written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoint = path / "checkpoint.pt"
        self.log = path / "log.txt"

    @classmethod
    def of(cls, job: Job, identity: str) -> "RunFolder":
        """The folder of a job with this fingerprint."""
        return cls(places.runs() / job.task / job.model / identity)

    @contextmanager
    def lock(self, waiting: str) -> Iterator[None]:
        """Only one process at a time works in a folder.

        Args:
            waiting: line to print when another process does.
        """
        from filelock import FileLock, Timeout

        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            print(waiting, flush=True)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def result(self) -> dict[str, Any] | None:
        """What ``result.json`` holds, None if there is none."""
        try:
            return cast(dict[str, Any], json.loads((self.path / "result.json").read_text()))
        except FileNotFoundError:
            return None

    def metrics(self) -> list[dict[str, float]]:
        """The rows of ``metrics.csv``, empty if there is none."""
        try:
            text = (self.path / "metrics.csv").read_text()
        except FileNotFoundError:
            return []
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(io.StringIO(text))]

    def config(self) -> dict[str, Any]:
        """What ``config.yaml`` holds."""
        return cast(dict[str, Any], OmegaConf.to_container(OmegaConf.load(self.path / "config.yaml")))

    def write_config(self, job: Job) -> None:
        """Write ``config.yaml``."""
        write(self.path / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(tree(job))).encode())

    def write_metrics(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write ``metrics.csv``, all rows anew."""
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write(self.path / "metrics.csv", text.getvalue().encode())

    def write_result(self, result: Mapping[str, Any]) -> None:
        """Write ``result.json``."""
        write(self.path / "result.json", (json.dumps(result, indent=2) + "\n").encode())

    def clear(self) -> None:
        """Forget an earlier run in this folder."""
        for name in ("result.json", "metrics.csv", "checkpoint.pt", "log.txt"):
            (self.path / name).unlink(missing_ok=True)


def folders() -> Iterator[RunFolder]:
    """Every run folder that holds a configuration, in order of path."""
    for path in sorted(places.runs().glob("*/*/*/config.yaml")):
        yield RunFolder(path.parent)
