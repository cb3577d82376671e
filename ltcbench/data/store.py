"""The raw data folder: fetch what is missing, check it, remember what was checked.

Raw data live in ``<datasets>/raw/<dataset>/<source>/`` under their official names. A file gets there only whole and
checked: it is unpacked in a folder beside it and then renamed.
"""

import errno
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from ltcbench import places
from ltcbench.data import cards, gather, mirrors, record
from ltcbench.data.cards import Card, Payload
from ltcbench.data.checks import Damaged, combined
from ltcbench.data.record import Record
from ltcbench.errors import Failure, UserError


@dataclass(frozen=True)
class RawData:
    """The files of a dataset, ready to be read.

    Attributes:
        dataset: name of the dataset.
        source: ``official``, ``subset`` or ``recomputed``.
        files: official name -> path, for every single file.
        checksums: name in the card -> SHA-256; a set of files (a name with ``*``) has one, see ``checks.combined``.
    """

    dataset: str
    source: str
    files: Mapping[str, Path]
    checksums: Mapping[str, str]


@dataclass(frozen=True)
class FileState:
    """What ``verify`` found of one payload; ``detail`` says what is wrong or remarkable, to be read after its name."""

    name: str
    state: Literal["ok", "missing", "damaged"]
    detail: str = ""


def fetch(name: str, source: str = "official", mirror: str | None = None) -> RawData:
    """The files of a dataset, after fetching what is missing: from the mirror, else from the official URLs.

    Args:
        name: the dataset.
        source: ``official``, or data that pass for it only if asked for by name: ``subset``, ``recomputed``.
        mirror: a folder or URL laid out ``<mirror>/<dataset>/<file>``; None takes ``places.mirror()``.

    Raises:
        UserError: no such dataset, source or mirror; a file is damaged; or nobody gave the right file.
    """
    card = cards.load(name)
    payloads = card.payloads(source)
    folder = raw(name, source)
    with _told(card, source, folder):
        known = record.read(folder)
        if not all(record.trusted(payload, folder, known) for payload in payloads):
            with _locked(folder):
                known = _complete(card, source, folder, mirror or places.mirror())
    entries = {payload.name: record.of(payload, known) for payload in payloads}
    return RawData(
        dataset=name,
        source=source,
        files={file: folder / file for found in entries.values() for file in found},
        checksums={payload: _checksum(found) for payload, found in entries.items()},
    )


def verify(name: str, source: str = "official") -> list[FileState]:
    """Read and check every file that is there; the state of each payload of the card.

    Raises:
        UserError: no such dataset or source, or a file cannot be read.
    """
    card = cards.load(name)
    folder = raw(name, source)
    known = record.read(folder)
    with _told(card, source, folder):
        return [_state(payload, folder, known) for payload in card.payloads(source)]


def bring_in(name: str, path: Path, source: str = "official") -> list[str]:
    """Check files that were got by hand and put them in place, over what is there.

    Args:
        name: the dataset.
        path: a wanted file, an archive, or a folder that holds such files.
        source: what the files are.

    Returns:
        The names of what is still missing.

    Raises:
        UserError: nothing there, nothing of use in it, or something damaged.
    """
    card = cards.load(name)
    payloads = card.payloads(source)
    folder = raw(name, source)
    with _told(card, source, folder):
        if not path.exists():
            raise UserError(f"{path} does not exist: expected a file, an archive or a folder with the files of {name}.")
        with _locked(folder):
            try:
                placed = gather.place(payloads, mirrors.search(path.absolute(), card, source), folder, partly=True)
            except Damaged as damage:
                advice = (
                    f"say --source {other}"
                    if (other := _named(card, path.name)) not in (None, source)
                    else "get it again"
                )
                raise UserError(f"{path} is not the {source} {name} data: {damage}; {advice}.") from None
            known = {file: entry for file, entry in record.read(folder).items() if (folder / file).exists()}
            record.write(folder, known | placed)
        return [payload.name for payload in payloads if not payload.files_in(folder)]


def is_ready(card: Card, source: str) -> bool:
    """Whether all files of a source are there and unchanged since they were checked."""
    folder = raw(card.name, source)
    known = record.read(folder)
    return all(record.trusted(payload, folder, known) for payload in card.payloads(source))


def raw(name: str, source: str) -> Path:
    """The folder of the raw files of one source of a dataset."""
    return places.datasets() / "raw" / name / source


def _complete(card: Card, source: str, folder: Path, mirror: str | None) -> Record:
    """Check what is there and bring the rest; the record of all."""
    from ltcbench.data.download import Client  # not above: it imports requests, and most calls need no network

    order = gather.Order(card, source, folder, mirror)
    known = record.read(folder)
    checked: Record = {}
    with Client() as client:
        for download in card.downloads(source):
            missing = []
            for payload in download.payloads:
                found = record.trusted(payload, folder, known) or _examine(card, payload, folder, known)
                checked.update(found)
                if not found:
                    missing.append(payload)
            if missing:
                checked.update(gather.bring(order, download, missing, client))
                record.write(folder, known | checked)  # what is here counts even if the next download fails
    record.write(folder, checked)
    shutil.rmtree(gather.downloads(folder), ignore_errors=True)
    return checked


def _examine(card: Card, payload: Payload, folder: Path, known: Record) -> Record:
    try:
        return record.examine(payload, folder, known)
    except Damaged as damage:
        raise UserError(
            f"{card.name}: {damage}: delete {folder / payload.name} and fetch it again, "
            f"or put the right file there with `ltcbench data import {card.name} FILE`."
        ) from None


def _named(card: Card, file: str) -> str | None:
    """The source that has a download of this name."""
    for source, downloads in card.sources.items():
        if any(file in download.names for download in downloads):
            return source
    return None


def _state(payload: Payload, folder: Path, known: Record) -> FileState:
    try:
        found = record.examine(payload, folder, known)
    except Damaged as damage:
        return FileState(payload.name, "damaged", str(damage).removeprefix(f"{payload.name} "))
    if not found:
        part = len(payload.files_in(folder))
        return FileState(payload.name, "missing", f"{part} of {payload.count} files are here" if part else "")
    if payload.seen and _checksum(found) != payload.seen:
        return FileState(payload.name, "ok", "differs from the copy the card has seen; no official checksum is known")
    return FileState(payload.name, "ok")


def _checksum(found: Record) -> str:
    return combined({name: entry.sha256 for name, entry in found.items()})


@contextmanager
def _told(card: Card, source: str, folder: Path) -> Iterator[None]:
    """Tell what the operating system refuses in one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Failure(
                f"no space left on the disk for {card.name}, which needs about {card.size(source) / 1e6:.0f} MB in "
                f"{folder}: free some, or move the data folder with LTCBENCH_DATASETS."
            ) from None
        raise UserError(
            f"{card.name}: cannot read or write {error.filename or folder} ({error.strerror or error}): "
            "check that it is of the right kind and its rights."
        ) from None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from fetching the same dataset at the same time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.parent / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"another process is fetching {folder.parent.name}: waiting for it", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
