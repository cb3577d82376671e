"""Taking wanted files out of zip, tar and gzip files that may be damaged or hostile.

Only the files that the card names are written, each under its own name in the card, never under a name that the
archive chose. An archive with an absolute path, ``..``, a link or a device is refused whole, and so is one with far
more members or far more content than the card leads to expect.
"""

import gzip
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from typing import IO, Protocol, cast

from ltcbench.data.cards import Payload
from ltcbench.data.checks import Damaged, refuse_special

EXTRA_MEMBERS = 1000  # read-me files, folders, resource forks beside the wanted files
EXPANSION = 3  # an archive may unpack to this many times the wanted bytes: inner archives, files not wanted
HEAD = 512  # bytes that tell the kind of a file


def most(payloads: Sequence[Payload]) -> int:
    """Bytes that a file may have, packed or unpacked, from which these are to come."""
    return EXPANSION * sum(payload.size for payload in payloads) + (1 << 20)


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _Budget:
    """The members and bytes that may still come out of a file."""

    def __init__(self, path: Path, payloads: Sequence[Payload]) -> None:
        self.path = path
        self.bytes = most(payloads)
        self.members = EXTRA_MEMBERS + 10 * sum(payload.count for payload in payloads)

    def spend(self, size: int = 0, members: int = 0) -> None:
        self.bytes -= size
        self.members -= members
        if self.bytes < 0 or self.members < 0:
            raise Damaged(f"{self.path.name} unpacks to far more than expected and may be a bomb")


class _Limited:
    """A stream that spends a budget."""

    def __init__(self, stream: _Readable, budget: _Budget) -> None:
        self._stream, self._budget = stream, budget

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._stream.read(size)
        self._budget.spend(len(chunk))
        return chunk


def unpack(path: Path, payloads: Sequence[Payload], into: Path) -> None:
    """Write every wanted file that ``path`` is or holds below ``into``, under its name in the card.

    Args:
        path: a zip, tar or gzip file, or one of the wanted files itself.
        payloads: the wanted files.
        into: a folder; files that it has already are left alone.

    Raises:
        Damaged: empty, an HTML page, truncated, hostile, no file, or nothing that was wanted.
        OSError: reading or writing failed.
    """
    budget = _Budget(path, payloads)
    refuse_special(path)
    with path.open("rb") as file, _decoding(path):
        head = file.read(HEAD)
        file.seek(0)
        if not head:
            raise Damaged(f"{path.name} is empty")
        if _is_html(head):
            raise Damaged(f"{path.name} is an HTML page, not the data")
        # By name first: an .npz file is a zip archive and yet the wanted file itself.
        if name := _wanted(path.as_posix(), payloads):
            _write(_Limited(file, budget), path.name, into / name)
        elif head.startswith(b"PK"):
            _unzip(file, payloads, into, budget)
        elif _is_tar(head):
            _untar(file, payloads, into, budget)
        elif head.startswith(b"\x1f\x8b") and _holds_tar(file):
            with gzip.open(file) as stream:
                _untar(stream, payloads, into, budget)
        elif len(payloads) == 1 and payloads[0].count == 1:  # the only wanted file may go by any name
            _write(_Limited(file, budget), path.name, into / payloads[0].name)
        else:
            raise Damaged(f"{path.name} is neither a zip, tar or gzip archive nor one of the wanted files")


@contextmanager
def _decoding(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile) as error:
        raise Damaged(f"{path.name} is truncated or damaged ({error})") from None
    except NotImplementedError as error:
        raise Damaged(f"{path.name} is packed in a way that cannot be read ({error})") from None


def _unzip(file: IO[bytes], payloads: Sequence[Payload], into: Path, budget: _Budget, inner: bool = False) -> None:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        budget.spend(members=len(members))
        for member in members:
            _refuse_unsafe(member.filename, budget.path)
            if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise Damaged(f"{budget.path.name} holds a link or device ({member.filename}), which is refused")
            if member.flag_bits & 1:
                raise Damaged(f"{budget.path.name} is locked with a password")
        nested = []
        for member in sorted(members, key=lambda member: member.filename.count("/")):  # copies further down lose
            if name := _wanted(member.filename, payloads):
                with archive.open(member) as stream:
                    _write(_Limited(stream, budget), member.filename, into / name)
            elif member.filename.lower().endswith(".zip") and not inner:
                nested.append(member)
        for member in nested:  # UCI packs some archives twice
            copy = into / ".inner.zip"
            with archive.open(member) as stream:
                _write(_Limited(stream, budget), copy.name, copy)
            with copy.open("rb") as stream:
                _unzip(stream, payloads, into, budget, inner=True)
            copy.unlink()


def _untar(file: _Readable, payloads: Sequence[Payload], into: Path, budget: _Budget) -> None:
    # Read as a stream, so that what is skipped spends the budget too.
    with tarfile.open(fileobj=cast(IO[bytes], _Limited(file, budget)), mode="r|") as archive:
        for member in archive:
            budget.spend(members=1)
            _refuse_unsafe(member.name, budget.path)
            if member.isdir():
                continue
            stream = archive.extractfile(member) if member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) else None
            if stream is None:
                raise Damaged(f"{budget.path.name} holds a link or device ({member.name}), which is refused")
            if name := _wanted(member.name, payloads):
                _write(stream, member.name, into / name)


def _write(stream: _Readable, name: str, path: Path) -> None:
    """Copy a stream to ``path`` if nothing is there; a file that the card has as ``.gz`` is packed if it is not."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    pack = path.suffix == ".gz" and not name.endswith(".gz")
    with gzip.open(path, "wb") if pack else path.open("wb") as copy:
        shutil.copyfileobj(stream, copy, 1 << 20)


def _wanted(path: str, payloads: Sequence[Payload]) -> str | None:
    """The name in the card of the file at ``path``, None if it is not wanted."""
    return next(filter(None, (payload.matches(path) for payload in payloads)), None)


def _refuse_unsafe(name: str, path: Path) -> None:
    parts = name.replace("\\", "/").split("/")
    if parts[0] == "" or ".." in parts or PureWindowsPath(name).drive:
        raise Damaged(f"{path.name} holds a path that leads out of its folder ({name}), which is refused")


def _is_html(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return text.startswith(b"<") and b"html" in text


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def _holds_tar(file: IO[bytes]) -> bool:
    """Whether a gzip file holds a tar archive; leaves the file at its beginning."""
    with gzip.open(file) as stream:
        head = stream.read(HEAD)
    file.seek(0)
    return _is_tar(head)
