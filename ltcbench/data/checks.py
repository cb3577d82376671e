"""Is this the right file? Count, size, checksum and lines against the card."""

import gzip
import hashlib
import stat
import zlib
from collections.abc import Mapping
from pathlib import Path

from ltcbench.data.cards import Payload

TOLERANCE = 2  # a file without a published checksum may be this many times larger or smaller than the copy seen


class Damaged(Exception):
    """A file is not what the card says; the message is a clause that begins with the file's name."""


def refuse_special(path: Path) -> None:
    """See that ``path`` is no pipe and no device, which may never end or never begin.

    Raises:
        Damaged: it is.
        OSError: there is nothing.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise Damaged(f"{path.name} is a pipe, socket or device, not a file")


def combined(digests: Mapping[str, str]) -> str:
    """One checksum for the files of a payload, from their own: name -> SHA-256.

    A single file has its own. A set has the SHA-256 of what ``sha256sum`` prints for it in order of name.
    """
    if len(digests) == 1:
        return next(iter(digests.values()))
    text = "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))
    return hashlib.sha256(text.encode()).hexdigest()


def check(payload: Payload, files: Mapping[str, Path]) -> dict[str, str]:
    """The SHA-256 of each file of a payload (name -> hexadecimal), after comparing all with the card.

    Args:
        payload: what the card says.
        files: name -> path, as ``Payload.files_in`` gives it. Of a ``.gz`` file the content is looked at: the same
            content is packed differently from place to place.

    Raises:
        Damaged: wrong number of files, an empty file, wrong size, checksum or number of lines.
        OSError: a file cannot be read.
    """
    if len(files) != payload.count:
        raise Damaged(f"{payload.name} is {len(files)} files, expected {payload.count}")
    limit = TOLERANCE * payload.size
    digests, size, lines = {}, 0, 0
    for name, path in files.items():
        digests[name], file_size, file_lines = _measure(path, limit)
        if file_size == 0:
            raise Damaged(f"{name} is empty")
        if file_size > limit:
            raise Damaged(f"{name} has more than {limit} bytes, expected {payload.size}")
        size += file_size
        lines += file_lines
    if len(payload.sha256) == 1 and size != payload.size:
        raise Damaged(f"{payload.name} has {size} bytes, expected {payload.size}")
    if not payload.size / TOLERANCE <= size <= payload.size * TOLERANCE:
        raise Damaged(f"{payload.name} has {size} bytes, expected about {payload.size}")
    digest = combined(digests)
    if payload.sha256 and digest not in payload.sha256:
        raise Damaged(f"{payload.name} has SHA-256 {digest}, expected {' or '.join(payload.sha256)}")
    if payload.lines not in (None, lines):
        raise Damaged(f"{payload.name} has {lines} lines, expected {payload.lines}")
    return digests


def _measure(path: Path, limit: int) -> tuple[str, int, int]:
    """SHA-256, bytes and lines of a file, with LF, CR LF or CR at their ends.

    Reading stops after ``limit`` bytes: a few bytes of ``.gz`` may unpack to a full disk.
    """
    refuse_special(path)
    digest = hashlib.sha256()
    size = feeds = returns = 0
    last = b"\n"
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while size <= limit and (chunk := file.read(1 << 20)):
                digest.update(chunk)
                size += len(chunk)
                feeds += chunk.count(b"\n")
                returns += chunk.count(b"\r")
                last = chunk[-1:]
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Damaged(f"{path.name} is truncated or damaged ({error})") from None
    return digest.hexdigest(), size, max(feeds, returns) + (last not in b"\r\n")
