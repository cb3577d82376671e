import errno
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ltcbench import places
from ltcbench.data import record, store
from ltcbench.errors import Failure

from .common import ARCHIVE, HTML, X, Y, gzipped, message, sha256, zipped
from .conftest import Shelf
from .server import Server


def test_fetch_from_the_official_urls(har: Shelf, server: Server, raw: Path) -> None:
    server.add("/new.zip", ARCHIVE)
    data = store.fetch("har")
    assert (data.dataset, data.source) == ("har", "official")
    assert data.files == {name: raw / "har" / "official" / name for name in ("Data/X.txt", "Data/y.txt")}
    assert data.checksums == {"Data/X.txt": sha256(X), "Data/y.txt": sha256(Y)}
    assert data.files["Data/X.txt"].read_bytes() == X
    assert sorted(path.name for path in (raw / "har").iterdir()) == [".lock", "official"]  # nothing left of the way


def test_the_second_fetch_neither_asks_nor_reads(har: Shelf, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.add("/new.zip", ARCHIVE)
    first = store.fetch("har")
    server.files.clear()
    monkeypatch.setattr(record, "check", None)
    assert store.fetch("har", mirror="/no/such/mirror") == first
    assert len(server.requests) == 1


@pytest.mark.parametrize("bad", [None, HTML, b"", ARCHIVE[:-40], zipped({"Data/X.txt": X, "Data/y.txt": b"3\n4\n"})])
def test_the_next_url_helps_out(har: Shelf, server: Server, bad: bytes | None) -> None:
    if bad is not None:
        server.add("/new.zip", bad)
    server.add("/old/The%20Data.zip", ARCHIVE)
    assert store.fetch("har").files["Data/y.txt"].read_bytes() == Y
    assert [path for path, _ in server.requests] == ["/new.zip", "/old/The%20Data.zip"]


@pytest.mark.parametrize(
    "content, words",
    [
        (HTML, "new.zip is an HTML page, not the data"),
        (b"", "new.zip is empty"),
        (ARCHIVE[:-40], "new.zip is truncated or damaged"),
        (zipped({"Data/X.txt": X}), "Data/y.txt is not in it"),
        (
            zipped({"Data/X.txt": X, "Data/y.txt": b"3\n4\n"}),
            f"Data/y.txt has SHA-256 {sha256(b'3' + bytes([10]) + b'4' + bytes([10]))}",
        ),
        (zipped({"Data/X.txt": X, "Data/y.txt": b"1\n"}), "Data/y.txt has 2 bytes, expected 4"),
        (zipped({"Data/X.txt": X, "../Data/y.txt": Y}), "leads out of its folder"),
        (zipped({"Data/X.txt": X, "Data/y.txt": bytes(9 << 20)}), "may be a bomb"),
    ],
)
def test_a_bad_archive_is_told_and_nothing_is_kept(
    har: Shelf, depot: Path, raw: Path, content: bytes, words: str
) -> None:
    (depot / "har" / "new.zip").write_bytes(content)
    text = message("har", mirror=str(depot))
    assert words in text and str(depot / "har" / "new.zip") in text
    assert [path.name for path in (raw / "har").iterdir()] == [".lock"]


def test_no_server_has_it(har: Shelf, server: Server, raw: Path) -> None:
    server.add("/old/The%20Data.zip", HTML)
    text = message("har")
    host = server.url.removeprefix("http://")
    for words in (
        "cannot fetch har, Data/X.txt and 1 more",
        f"404 Not Found: {host}/.../new.zip",
        f"The Data.zip is an HTML page, not the data: {host}/.../The Data.zip",
        f"download {server.url}/new.zip",
        "`ltcbench data import har FILE`",
        str(raw / "har" / "official"),
    ):
        assert words in text


def test_no_network_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror("Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    began = time.monotonic()
    text = message("traffic")
    assert time.monotonic() - began < 5
    assert "no connection: archive.ics.uci.edu/.../metro+interstate+traffic+volume.zip" in text
    assert "ltcbench data import traffic" in text and "Metro_Interstate_Traffic_Volume.csv.gz into" in text


def test_a_page_in_place_of_the_real_har_archive(depot: Path) -> None:
    (depot / "har" / "UCI HAR Dataset.zip").write_bytes(b"<html>404</html>")
    assert "UCI HAR Dataset.zip is an HTML page" in message("har", mirror=str(depot))


@pytest.fixture
def fetched(har: Shelf, server: Server) -> store.RawData:
    server.add("/new.zip", ARCHIVE)
    return store.fetch("har")


def test_a_touched_file_is_read_again_and_kept(fetched: store.RawData, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(fetched.files["Data/X.txt"], (1, 1))
    assert store.fetch("har") == fetched
    monkeypatch.setattr(record, "check", None)
    assert store.fetch("har") == fetched


def test_a_changed_file_is_told(fetched: store.RawData) -> None:
    fetched.files["Data/X.txt"].write_bytes(X[::-1])
    text = message("har")
    assert "Data/X.txt has SHA-256" in text and f"delete {fetched.files['Data/X.txt']}" in text
    assert [(file.name, file.state) for file in store.verify("har")] == [
        ("Data/X.txt", "damaged"),
        ("Data/y.txt", "ok"),
    ]


def test_a_deleted_file_is_fetched_again(fetched: store.RawData, server: Server) -> None:
    fetched.files["Data/X.txt"].unlink()
    assert [file.state for file in store.verify("har")] == ["missing", "ok"]
    assert store.fetch("har") == fetched
    assert len(server.requests) == 2


def test_a_lost_or_broken_record_is_made_again(fetched: store.RawData, raw: Path) -> None:
    path = raw / "har" / "official" / record.NAME
    before = json.loads(path.read_text(encoding="utf-8"))
    for broken in ("", "[]", '{"a": 1}', '{"a": {"b": 1}}'):
        path.write_text(broken, encoding="utf-8")
        assert store.fetch("har") == fetched
        assert json.loads(path.read_text(encoding="utf-8")) == before


def test_without_an_official_checksum_the_first_file_counts(shelf: Shelf, server: Server) -> None:
    url = server.add("/d.csv.gz", gzipped(X))
    shelf.add("t", official=[{"urls": [url], "files": {"d.csv.gz": {"size": 8, "lines": 2, "seen": "0" * 64}}}])
    data = store.fetch("t")
    assert data.checksums == {"d.csv.gz": sha256(X)}
    [file] = store.verify("t")
    assert file.state == "ok" and "differs from the copy" in file.detail
    data.files["d.csv.gz"].write_bytes(gzipped(b"1 2\n3 5\n"))
    assert "d.csv.gz has changed since it was checked" in message("t")
    assert [file.state for file in store.verify("t")] == ["damaged"]


def test_a_data_folder_that_is_a_file(har: Shelf, server: Server, tmp_path: Path) -> None:
    server.add("/new.zip", ARCHIVE)
    (tmp_path / "datasets").touch()
    assert "Not a directory" in message("har")


@pytest.mark.parametrize("where", ["new.zip.part", "X.txt"])
def test_a_full_disk(har: Shelf, server: Server, raw: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    server.add("/new.zip", ARCHIVE)
    real = Path.open

    class Full:
        def __init__(self, file) -> None:
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def write(self, data: bytes) -> int:
            self.file.write(data[:1])
            raise OSError(errno.ENOSPC, "No space left on device")

    def opened(self: Path, mode: str = "r", *args, **options):
        file = real(self, mode, *args, **options)
        return Full(file) if self.name == where and mode in ("wb", "ab") else file

    with monkeypatch.context() as full:
        full.setattr(Path, "open", opened)
        with pytest.raises(Failure, match="no space left on the disk for har"):
            store.fetch("har")
    assert not (raw / "har" / "official").exists()
    assert store.fetch("har").files["Data/X.txt"].read_bytes() == X


def test_two_processes_fetch_once(har: Shelf, server: Server) -> None:
    server.add("/new.zip", ARCHIVE)
    server.delay = 0.4
    script = (
        "import sys, pathlib\n"
        "from ltcbench import places\n"
        "from ltcbench.data import store\n"
        "places.cards = lambda: pathlib.Path(sys.argv[1])\n"
        "print(store.fetch('har').checksums['Data/X.txt'])\n"
    )
    command = [sys.executable, "-c", script, str(places.cards())]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=30) for process in both]
    assert [out for out, _ in outputs] == [f"{sha256(X)}\n"] * 2
    assert len(server.requests) == 1
