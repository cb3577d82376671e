"""Small archives, card entries, and the sentence of a failed fetch."""

import gzip
import hashlib
import io
import tarfile
import zipfile
from typing import Any

import pytest

from ltcbench.data import store
from ltcbench.errors import UserError

NOWHERE = "http://127.0.0.1:1"  # nothing listens there
HTML = b"<!DOCTYPE html><html><body>404</body></html>"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def facts(content: bytes, **more: Any) -> dict[str, Any]:
    """The entry of a card for a file with this content."""
    return {"size": len(content), "sha256": sha256(content), **more}


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(members: dict[str, bytes], *special: tarfile.TarInfo) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in special:
            archive.addfile(info)
    return file.getvalue()


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)  # the same bytes, and names of tests, in every process


X, Y = b"1 2\n3 4\n", b"1\n2\n"
ARCHIVE = zipped({"Data/X.txt": X, "Data/y.txt": Y})


def message(*args: Any, **options: Any) -> str:
    """The sentence with which ``store.fetch`` fails."""
    with pytest.raises(UserError) as error:
        store.fetch(*args, **options)
    text = str(error.value)
    assert text.endswith(".") and "\n" not in text
    return text
