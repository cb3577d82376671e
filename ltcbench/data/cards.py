"""Dataset cards: what a dataset is, where it comes from, and how its files are known to be right.

A card is a YAML file in ``datasets/``; ``datasets/README.md`` describes the format.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from ltcbench import places
from ltcbench.errors import UserError, unknown
from ltcbench.files import from_yaml

T = TypeVar("T")


@dataclass(frozen=True)
class Payload:
    """A file that a task reads, or a set of like files if its name holds a ``*``.

    Attributes:
        name: path in the raw folder, with the official names. Of a ``.gz`` file, size, checksum and lines are those of
            its content.
        size: bytes, of all its files together.
        sha256: the accepted checksums (of a set: ``checks.combined``); empty if nobody published one.
        seen: the checksum of the copy the card was written from; a file that differs is accepted with a note.
        count: number of files.
        lines: lines of text of all its files together, None for binary files.
    """

    name: str
    size: int
    sha256: tuple[str, ...] = ()
    seen: str | None = None
    count: int = 1
    lines: int | None = None

    def matches(self, path: str) -> str | None:
        """The name in the raw folder of the file at ``path`` (with forward slashes), None if it is another file.

        Folders in front are ignored: ``backup/train/X.txt`` is ``train/X.txt``. The card's ``.gz`` may lack.
        """
        pattern = self.name.split("/")
        for candidate in (path, f"{path}.gz"):
            tail = candidate.split("/")[-len(pattern) :]
            if len(tail) == len(pattern) and all(map(fnmatchcase, tail, pattern)):
                return "/".join(tail)
        return None

    def files_in(self, folder: Path) -> dict[str, Path]:
        """The files of this payload that are in ``folder``: name -> path, in order of name."""
        found = sorted(folder.glob(self.name)) if "*" in self.name else [folder / self.name]
        return {path.relative_to(folder).as_posix(): path for path in found if path.exists()}


@dataclass(frozen=True)
class Download:
    """Payloads that come together: one archive, or one file.

    Attributes:
        payloads: what is in it.
        urls: where it is, in order of preference; empty if it is only found in mirrors.
        names: the file names it goes by in a mirror.
    """

    payloads: tuple[Payload, ...]
    urls: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """A dataset. ``sources`` maps ``official``, ``subset`` or ``recomputed`` to the downloads of that source."""

    name: str
    title: str
    homepage: str
    licence: str
    citation: str
    rows: str
    note: str
    tasks: tuple[str, ...]
    sources: Mapping[str, tuple[Download, ...]]

    def downloads(self, source: str) -> tuple[Download, ...]:
        """What makes up one source.

        Raises:
            UserError: the dataset has no such source.
        """
        if source not in self.sources:
            raise unknown(f"source of {self.name}", source, self.sources)
        return self.sources[source]

    def payloads(self, source: str) -> list[Payload]:
        """All payloads of one source, in the order of the card."""
        return [payload for download in self.downloads(source) for payload in download.payloads]

    def size(self, source: str) -> int:
        """Bytes on disk of one source."""
        return sum(payload.size for payload in self.payloads(source))


def names() -> list[str]:
    """The names of all datasets, sorted."""
    return sorted(path.stem for path in places.cards().glob("*.yaml"))


def load(name: str) -> Card:
    """The card of a dataset.

    Raises:
        UserError: there is no such dataset, or its card is not one.
    """
    if name not in (valid := names()):
        raise unknown("dataset", name, valid)
    path = places.cards() / f"{name}.yaml"
    try:
        return _card(name, from_yaml(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} is not a dataset card ({type(error).__name__}: {error}): "
            "expected what datasets/README.md describes."
        ) from None


def _card(name: str, fields: dict[str, Any]) -> Card:
    tasks = tuple(_of(str, task) for task in fields.pop("tasks"))
    sources = {source: tuple(map(_download, downloads)) for source, downloads in fields.pop("sources").items()}
    texts: dict[str, Any] = {key: _of(str, value) for key, value in fields.items()}
    return Card(name=name, tasks=tasks, sources=sources, **texts)


def _download(fields: Mapping[str, Any]) -> Download:
    urls = tuple(_of(str, url) for url in fields.get("urls", ()))
    return Download(
        payloads=tuple(_payload(name, facts) for name, facts in fields["files"].items()),
        urls=urls,
        names=tuple(_of(str, name) for name in fields.get("names", ())) or tuple(map(file_name, urls)),
    )


def _payload(name: str, facts: dict[str, Any]) -> Payload:
    accepted = facts.pop("sha256", [])
    checksums = [accepted] if isinstance(accepted, str) else accepted
    for fact, value in facts.items():
        _of(str if fact == "seen" else int, value)
    return Payload(_of(str, name), sha256=tuple(_of(str, checksum) for checksum in checksums), **facts)


def _of(kind: type[T], value: Any) -> T:
    """``value``, which has to be of this kind.

    Raises:
        TypeError: it is not.
    """
    if type(value) is not kind:
        raise TypeError(f"{value!r:.40} is not of the kind {kind.__name__}")
    return value


def file_name(url: str) -> str:
    """The file name at the end of a URL."""
    return PurePosixPath(unquote(urlsplit(url).path)).name
