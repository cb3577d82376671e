"""Where files may be had: in a folder, in a mirror, at the official URLs."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

from ltcbench.data.cards import Card, Download, Payload
from ltcbench.errors import UserError


class Unavailable(Exception):
    """A place did not give its file; the message says why in a few words."""


Offer = Mapping[str, Path | str]  # file names, and the paths or URLs where these files are


def offers(mirror: str | None, dataset: str, download: Download, wanted: Sequence[Payload]) -> Iterator[Offer]:
    """What a mirror may have of a download, the likelier first.

    A mirror is laid out ``<mirror>/<dataset>/<file>``. The file may be an archive, under any name of the card, or the
    wanted file itself; a set of files may lie unpacked in a folder, but not behind a URL, which cannot be listed.
    Data that are not official go by their names in the card only.

    Args:
        mirror: a folder, a ``file:`` URL or an ``http(s):`` URL; None has nothing.
        dataset: the name of the dataset.
        download: what is looked for.
        wanted: the payloads of it that are missing.

    Raises:
        UserError: the mirror is a folder that does not exist, or not a folder.
    """
    if mirror is None:
        return
    if (place := _local(mirror)) is None:
        base = f"{mirror.rstrip('/')}/{dataset}/"
        if download.urls and all(payload.count == 1 for payload in wanted):
            yield {payload.name: base + quote(payload.name) for payload in wanted}
        yield from ({name: base + quote(name)} for name in download.names)
        return
    if not place.is_dir():
        state = "is not a folder" if place.exists() else "does not exist"
        raise UserError(f"the mirror {mirror} {state}: expected a folder or URL laid out <mirror>/<dataset>/<file>.")
    folder = place / dataset
    loose = [payload.files_in(folder) or _without_gz(payload, folder) for payload in wanted]
    if download.urls and all(loose):
        yield {name: path for files in loose for name, path in files.items()}
    yield from ({name: folder / name} for name in download.names if (folder / name).exists())


def search(path: Path, card: Card, source: str) -> list[Path]:
    """The files at or below ``path`` that have a name of the card: wanted files first, then archives."""
    if not path.is_dir():
        return [path]
    payloads = card.payloads(source)
    names = {name for download in card.downloads(source) for name in download.names}
    files = [Path(folder) / name for folder, _, found in os.walk(path) for name in sorted(found)]
    loose = [file for file in files if any(payload.matches(file.as_posix()) for payload in payloads)]
    return loose + [file for file in files if file.name in names and file not in loose]


def _without_gz(payload: Payload, folder: Path) -> dict[str, Path]:
    plain = folder / payload.name.removesuffix(".gz")
    return {payload.name: plain} if plain.exists() else {}


def _local(mirror: str) -> Path | None:
    """The folder that a mirror is, None if it is behind an HTTP URL."""
    parts = urlsplit(mirror)
    if parts.scheme in ("http", "https"):
        return None
    return Path(url2pathname(parts.path) if parts.scheme == "file" else mirror).expanduser().absolute()
