"""Run folders: ``runs/<task>/<model>/<fingerprint>/``, plain files that are the truth about a run.

``config.yaml`` (what was asked), ``metrics.csv`` (a row an epoch), ``result.json`` (how it ended), ``checkpoint.pt``
(to go on from) and ``log.txt``. Every file is written beside and renamed, so a reader sees the old one or the new
one, whole.
"""

import csv
import glob
import hashlib
import io
import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltcbench import places
from ltcbench.errors import Failure, UserError
from ltcbench.files import from_json, from_yaml, write, writing
from ltcbench.settings.job import WHERE, Job, sources, tree
from ltcbench.settings.numerics import EVERYWHERE

if TYPE_CHECKING:
    from filelock import BaseFileLock

SCHEMA = 1
STATUSES = ("finished", "diverged", "interrupted", "failed")

# What a result has to hold at least, and of which types: every one, and one of a training that came to an end.
_HEAD = {"status": (str,), "task": (str,), "model": (str,), "seed": (int,), "source": (str,), "device": (str,)}
_END = {
    "metric": (str,),
    "test_metric": (float, int, type(None)),
    "best_epoch": (int, type(None)),
    "seconds_per_epoch": (float, int, type(None)),
    "parameters": (int,),
    "versions": (dict,),
}
WAIT = 600.0  # seconds for which a process waits for another that works in the same folder
_TRIES = 100
_CONFIG = {"model": dict, "task": dict, "seed": int}  # what a configuration has to hold at least


def result_of(text: str) -> dict[str, Any] | None:
    """The result that the text of a ``result.json`` tells, None where it is not one: damaged, or of another shape."""
    try:
        result = from_json(text)
    except ValueError:
        return None
    if not isinstance(result, dict) or result.get("status") not in STATUSES:
        return None
    kinds = _HEAD if result["status"] == "failed" else _HEAD | _END
    whole = all(name in result and type(result[name]) in kind and _finite(result[name]) for name, kind in kinds.items())
    return result if whole else None


def _finite(value: Any) -> bool:
    return not isinstance(value, (int, float)) or abs(value) <= sys.float_info.max


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
    if "code" in decides:  # what it says, wherever it lies
        decides["code"] = sources(decides)
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
        self.holder = path / ".holder"

    @classmethod
    def of(cls, job: Job, identity: str) -> "RunFolder":
        """The folder of a job with this fingerprint."""
        return cls(places.runs() / job.task / job.model / identity)

    @contextmanager
    def lock(self, waiting: str) -> Iterator[None]:
        """Only one process at a time works in a folder; one that stays empty is taken away again.

        Args:
            waiting: line to print when another process does.

        Raises:
            Failure: the folder cannot be made or written, or the other process goes on for too long.
        """
        from filelock import FileLock

        lock = FileLock(self.path / ".lock")
        with writing(self.path):
            made = [self.path, *(path for path in self.path.parents if not path.exists())]
        try:
            with writing(self.path):
                self._acquire(lock, waiting)
                self.holder.write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")
            yield
        finally:
            self._leave(lock, made)
            lock.release()

    def _acquire(self, lock: "BaseFileLock", waiting: str) -> None:
        from filelock import Timeout

        for left in reversed(range(_TRIES)):
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                try:
                    lock.acquire(timeout=0)
                except Timeout:
                    print(f"{waiting} It is {self._held_by()}.", flush=True)
                    self._wait(lock)
                return
            except (FileNotFoundError, FileExistsError):  # who had it takes the empty folder away at this moment
                if not left:
                    raise

    def _wait(self, lock: "BaseFileLock") -> None:
        from filelock import Timeout

        try:
            lock.acquire(timeout=WAIT)
        except Timeout:
            raise Failure(
                f"{self._held_by()} has worked in {self.path} for more than {WAIT / 60:.0f} minutes: wait for its end, "
                "or end it, then run the same command again."
            ) from None

    def _held_by(self) -> str:
        """Which process works in the folder, as far as it has told."""
        try:
            return self.holder.read_text(encoding="utf-8") or "a process that is just beginning"
        except OSError:
            return "a process that is just beginning"

    def _leave(self, lock: "BaseFileLock", made: Sequence[Path]) -> None:
        """Take away the lock and the folders ``made``, the innermost first, as far as nothing else is in them.

        A process that waits for the lock sees that its file is gone, and begins anew.
        """
        with suppress(OSError):
            if lock.is_locked:
                self.holder.unlink()
            if lock.is_locked and [path.name for path in self.path.iterdir()] == [".lock"]:
                (self.path / ".lock").unlink()
            for path in made:
                path.rmdir()

    def result(self) -> dict[str, Any] | None:
        """What ``result.json`` holds, None if there is none or it cannot be read as one."""
        try:
            return result_of((self.path / "result.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def damaged(self) -> bool:
        """Whether there is a ``result.json`` that is not a result."""
        return self.result() is None and os.path.lexists(self.path / "result.json")

    def metrics(self) -> list[dict[str, float]]:
        """The rows of ``metrics.csv``, empty if there is none or it is damaged; the checkpoint holds them as well."""
        try:
            text = (self.path / "metrics.csv").read_text(encoding="utf-8")
            names, *lines = csv.reader(io.StringIO(text), strict=True)
            rows = [{name: float(value) for name, value in zip(names, line, strict=True)} for line in lines]
            whole = text.endswith("\n") and [row["epoch"] for row in rows] == [*range(1, len(rows) + 1)]
        except (OSError, ValueError, LookupError, csv.Error):
            return []
        return rows if whole else []

    def config(self) -> dict[str, Any]:
        """What ``config.yaml`` holds; interpolations and the like stay text.

        Raises:
            UserError: there is none, or it is not the configuration of a run.
        """
        path = self.path / "config.yaml"
        try:
            return _configuration(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(
                f"{path} is not the configuration of a run ({error}): expected what ltcbench train wrote there; "
                "the same training with force=true writes it anew."
            ) from None

    def write_config(self, job: Job) -> None:
        """Write ``config.yaml``."""
        from omegaconf import OmegaConf

        write(self.path / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(tree(job))).encode())

    def write_metrics(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write ``metrics.csv``, all rows anew."""
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write(self.path / "metrics.csv", text.getvalue().encode(), lasting=False)  # the checkpoint holds them as well

    def write_result(self, result: Mapping[str, Any]) -> None:
        """Write ``result.json``."""
        write(self.path / "result.json", (json.dumps(result, indent=2) + "\n").encode())

    def clear(self) -> None:
        """Forget an earlier run in this folder.

        Its result goes first: whatever remains when this breaks off is a run that can be gone on with, never one that
        seems finished. ``config.yaml`` stays, since the same job is written there.

        Raises:
            Failure: the folder cannot be written.
        """
        for name in ("result.json", "metrics.csv", "checkpoint.pt", "log.txt"):
            with writing(self.path / name):
                (self.path / name).unlink(missing_ok=True)


def _configuration(text: str) -> dict[str, Any]:
    """The configuration of a run.

    Raises:
        ValueError: it is not one.
    """
    tree = from_yaml(text)
    if not isinstance(tree, dict):
        raise ValueError("no settings in it")
    for key, kind in _CONFIG.items():
        if type(tree.get(key)) is not kind:
            raise ValueError(f"no {key} in it" if key not in tree else f"{key} is of another kind")
    for group in ("model", "task"):
        if not isinstance(tree[group].get("name"), str):
            raise ValueError(f"no name of a {group} in it")
    return tree


def found(name: str) -> RunFolder:
    """The run folder of this path or fingerprint.

    Raises:
        UserError: there is none, or more than one, or it has no checkpoint.
    """
    beginning = f"*/*/{glob.escape(name)}*"
    paths = [Path(name)] if os.path.isdir(name) else sorted(places.runs().glob(beginning))  # noqa: PTH112, long names
    if len(paths) != 1:
        many = f"{len(paths)} runs in {places.runs()} begin with {name}" if paths else f"there is no run {name}"
        raise UserError(f"{many}: expected a run folder or a fingerprint, as ltcbench train prints it.")
    folder = RunFolder(paths[0])
    if not (folder.checkpoint.is_file() and (folder.path / "config.yaml").is_file()):
        raise UserError(f"{folder.path} has no network: expected a folder with config.yaml and checkpoint.pt.")
    return folder


def folders() -> Iterator[RunFolder]:
    """Every run folder that holds a configuration, in order of path."""
    for path in sorted(places.runs().glob("*/*/*/config.yaml")):
        yield RunFolder(path.parent)
