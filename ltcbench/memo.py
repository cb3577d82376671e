"""Answers that are dear to compute and small to keep: the second time they need neither torch nor the data.

An answer is kept under the hash of its question, of all our code and configuration, and of torch's version, so that
whatever could make it another makes it a new one. It lies in the user's cache and is never needed: where nothing can
be read or written, it is computed. Whenever one is written, those go that nobody asked for in a month.
"""

import functools
import hashlib
import json
import os
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ltcbench import places
from ltcbench.errors import Failure
from ltcbench.files import from_json, write

_KEPT = 30 * 24 * 3600  # seconds


def remembered(question: object, answer: Callable[[], Any]) -> Any:
    """What ``answer()`` says, computed or remembered, as JSON gives it back: tuples are lists.

    Args:
        question: everything besides code, configuration and versions that decides the answer; its ``repr`` counts.
        answer: says it, in values that JSON holds; what it raises is not remembered.
    """
    key = hashlib.sha256(f"{question!r} {_versions()}".encode() + sources(places.PACKAGE, places.conf())).hexdigest()
    file = places.cache() / f"{key[:32]}.json"
    with suppress(OSError, ValueError, TypeError, AttributeError):  # not there, or damaged in whatever way
        crc, text = from_json(file.read_text(encoding="utf-8"))
        if crc == zlib.crc32(text.encode()):
            with suppress(OSError):  # a folder that may only be read
                os.utime(file)  # it was asked for now
            return from_json(text)
    text = json.dumps(answer())
    with suppress(Failure, OSError):
        write(file, json.dumps([zlib.crc32(text.encode()), text]).encode(), lasting=False)
        _clear(file.parent)
    return json.loads(text)


@functools.cache
def sources(*folders: Path) -> bytes:
    """A digest of all Python and YAML files in these folders, as they are when a process first asks."""
    found = hashlib.sha256()
    for folder in folders:
        for path in sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".yaml")):
            content = path.read_bytes()
            found.update(f"{path.relative_to(folder)} {len(content)} ".encode() + content)
    return found.digest()


def _versions() -> list[str | None]:
    found: list[str | None] = []
    for package in ("torch", "numpy"):
        try:
            found.append(version(package))
        except PackageNotFoundError:
            found.append(None)
    return found


def _clear(folder: Path) -> None:
    for file in folder.glob("*.json"):
        with suppress(OSError):  # another process does the same
            if time.time() - file.stat().st_mtime > _KEPT:
                file.unlink()
