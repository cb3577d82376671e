"""What has been checked already: size, time and checksum of each file, kept beside the files."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ltcbench.data.cards import Payload
from ltcbench.data.checks import Damaged, check

NAME = ".verified.json"


@dataclass(frozen=True)
class Entry:
    """A checked file: bytes, time of last change in nanoseconds, SHA-256."""

    size: int
    mtime_ns: int
    sha256: str


Record = dict[str, Entry]  # file name -> entry


def entry(path: Path, sha256: str) -> Entry:
    """The entry of a file that has just been checked."""
    state = path.stat()
    return Entry(state.st_size, state.st_mtime_ns, sha256)


def read(folder: Path) -> Record:
    """The record of a folder; empty if there is none, or none that can be understood."""
    try:
        fields = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return {name: Entry(**values) for name, values in fields.items()}
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, AttributeError):
        return {}


def write(folder: Path, record: Record) -> None:
    """Keep the record of a folder; a reader sees the old one or the new one, never half of it."""
    draft = folder / f"{NAME}.new"
    draft.write_text(json.dumps({name: asdict(entry) for name, entry in record.items()}), encoding="utf-8")
    draft.replace(folder / NAME)


def of(payload: Payload, record: Record) -> Record:
    """The part of a record that is about one payload, in order of name."""
    return {name: record[name] for name in sorted(record) if payload.matches(name) == name}


def trusted(payload: Payload, folder: Path, record: Record) -> Record:
    """The entries of a payload whose files have all kept size and time since they were checked, else none."""
    found = of(payload, record)
    if len(found) == payload.count and all(_unchanged(folder / name, entry) for name, entry in found.items()):
        return found
    return {}


def examine(payload: Payload, folder: Path, record: Record) -> Record:
    """The entries of a payload after reading its files; none if it is not all there.

    A set that lacks files is no damage but the trace of a fetch that was killed while it put them in place.

    Raises:
        Damaged: a file is not what the card says, or, where the card binds to no checksum, not what was recorded.
        OSError: a file cannot be read.
    """
    files = payload.files_in(folder)
    if len(files) < payload.count:
        return {}
    digests = check(payload, files)
    if not payload.sha256:
        for name, digest in digests.items():
            if name in record and record[name].sha256 != digest:
                raise Damaged(f"{name} has changed since it was checked: SHA-256 {digest}, was {record[name].sha256}")
    return {name: entry(files[name], digest) for name, digest in digests.items()}


def _unchanged(path: Path, entry: Entry) -> bool:
    try:
        state = path.stat()
    except FileNotFoundError:
        return False
    return (state.st_size, state.st_mtime_ns) == (entry.size, entry.mtime_ns)
