"""A data folder, cards and an HTTP server for each test."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ltcbench import places
from ltcbench.data import download

from .common import X, Y, facts
from .server import Server


@pytest.fixture(autouse=True)
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of raw data; no mirror, no network beyond this machine, no waiting between tries."""
    monkeypatch.setenv("LTCBENCH_DATASETS", str(tmp_path / "datasets"))
    for name in ("LTCBENCH_MIRROR", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download, "BACKOFF", 0.0)
    return tmp_path / "datasets" / "raw"


class Shelf:
    """Cards of a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def add(self, name: str, **sources: list[dict[str, Any]]) -> None:
        text = {key: key for key in ("title", "homepage", "licence", "citation", "rows", "note")}
        card = {**text, "tasks": [f"{name}_task"], "sources": sources}
        (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(card), encoding="utf-8")


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    shelf = Shelf(tmp_path / "cards")
    monkeypatch.setattr(places, "cards", lambda: shelf.folder)
    return shelf


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def depot(tmp_path: Path) -> Path:
    """An empty mirror."""
    folder = tmp_path / "depot"
    (folder / "har").mkdir(parents=True)
    return folder


@pytest.fixture
def har(shelf: Shelf, server: Server) -> Shelf:
    """A dataset of two files in an archive with an old and a new URL, and a recomputed source."""
    files = {"Data/X.txt": facts(X), "Data/y.txt": facts(Y)}
    recomputed = {"Data/X.txt": facts(X[::-1]), "Data/y.txt": facts(Y)}
    shelf.add(
        "har",
        official=[{"urls": [f"{server.url}/new.zip", f"{server.url}/old/The%20Data.zip"], "files": files}],
        recomputed=[{"names": ["recomputed.zip"], "files": recomputed}],
    )
    return shelf
