import gzip
import itertools
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ltcbench.data import download
from ltcbench.data.download import Client
from ltcbench.data.mirrors import Unavailable

from .server import Server

BODY = bytes(range(256)) * 4000


@pytest.fixture
def client() -> Iterator[Client]:
    with Client() as client:
        yield client


@pytest.fixture
def url(server: Server) -> str:
    return server.add("/a.zip", BODY)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_whole_and_alone(
    client: Client, url: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = client.get(url, tmp_path / "new" / "a.zip")
    assert path.read_bytes() == BODY
    assert left(path.parent) == ["a.zip"]
    assert capsys.readouterr().err == f"fetching {url} (1.0 MB)\n"


def test_a_cut_connection_is_continued(client: Client, server: Server, url: str, tmp_path: Path) -> None:
    server.cuts = [300_000, 200_000]
    assert client.get(url, tmp_path / "a.zip").read_bytes() == BODY
    ranges = [asked for _, asked in server.requests]
    assert ranges[0] is None and len(ranges) == 3
    starts = [int(asked[6:-1]) for asked in ranges[1:]]
    assert 0 < starts[0] <= 300_000 < starts[1] <= 500_000


def test_a_later_call_continues(server: Server, url: str, tmp_path: Path) -> None:
    server.cuts = [300_000] + [0] * (download.TRIES - 1)
    with Client() as client, pytest.raises(Unavailable, match="broke off 5 times"):
        client.get(url, tmp_path / "a.zip")
    assert left(tmp_path) == ["a.zip.part", "a.zip.part.json"]
    server.requests.clear()
    with Client() as client:
        assert client.get(url, tmp_path / "a.zip").read_bytes() == BODY
    assert server.requests[0][1] is not None
    assert left(tmp_path) == ["a.zip"]


@pytest.mark.parametrize("change", ["the file", "no range", "no validator", "weak validator", "another url"])
def test_what_cannot_be_continued_is_begun_anew(server: Server, url: str, tmp_path: Path, change: str) -> None:
    if change == "no validator":
        server.etag = None
    if change == "weak validator":
        server.etag = 'W/"one"'
    server.cuts = [300_000] * download.TRIES
    server.ranges = False
    with Client() as client, pytest.raises(Unavailable):
        client.get(url, tmp_path / "a.zip")
    server.ranges = change != "no range"
    if change == "the file":
        server.etag = '"two"'
        server.add("/a.zip", BODY[::-1])
    if change == "another url":
        url = server.add("/b.zip", BODY[::-1])
    with Client() as client:
        got = client.get(url, tmp_path / "a.zip").read_bytes()
    assert got == server.files[url.removeprefix(server.url)]


def test_a_part_that_is_longer_than_the_file_is_begun_anew(
    client: Client, server: Server, url: str, tmp_path: Path
) -> None:
    server.cuts = [300_000] + [0] * (download.TRIES - 1)
    with pytest.raises(Unavailable):
        client.get(url, tmp_path / "a.zip")
    with (tmp_path / "a.zip.part").open("ab") as part:
        part.write(BODY)
    server.statuses = [416]
    assert client.get(url, tmp_path / "a.zip").read_bytes() == BODY


def test_a_server_error_is_tried_again(client: Client, server: Server, url: str, tmp_path: Path) -> None:
    server.statuses = [503]
    assert client.get(url, tmp_path / "a.zip").read_bytes() == BODY
    assert len(server.requests) == 2


def test_a_missing_file_is_told_at_once(client: Client, server: Server, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="404 Not Found"):
        client.get(f"{server.url}/none.zip", tmp_path / "none.zip")
    assert len(server.requests) == 1
    assert left(tmp_path) == []


def test_a_file_named_gz_stays_packed(client: Client, server: Server, tmp_path: Path) -> None:
    content = b"\x1f\x8b not really"
    assert client.get(server.add("/a.gz", content), tmp_path / "a.gz").read_bytes() == content


def test_a_host_that_refuses_is_asked_once(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def refuse(*args: object, **_: object) -> None:
        calls.append(args)
        raise socket.gaierror("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for name in "abc":
        with pytest.raises(Unavailable, match="no connection"):
            client.get(f"http://nowhere.invalid/{name}", tmp_path / name)
    assert len(calls) == 2  # urllib3 tries a connection twice


def test_silent_hosts_are_given_up_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert download.SILENCE + 2 < 15
    monkeypatch.setattr(download, "FIRST_ANSWER", 0.2)
    monkeypatch.setattr(download, "SILENCE", 0.3)
    hosts = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]  # connect, and never a word
    began = time.monotonic()
    with Client() as client:
        for host in hosts:
            with pytest.raises(Unavailable, match="no answer"):
                client.get(f"http://127.0.0.1:{host.getsockname()[1]}/a", tmp_path / "a")
    assert time.monotonic() - began < 0.6
    for host in hosts:
        host.close()


def test_an_answer_that_comes_too_late_is_closed(
    server: Server, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "FIRST_ANSWER", 0.1)
    server.delay = 0.2
    with Client() as client, pytest.raises(Unavailable, match="no answer"):
        client.get(url, tmp_path / "a.zip")
    time.sleep(0.3)
    assert left(tmp_path) == []


MEGABYTE = b"x" * (1 << 20)


def endless() -> Iterator[bytes]:
    return itertools.repeat(MEGABYTE)


def endless_chunks() -> Iterator[bytes]:
    return itertools.repeat(b"100000\r\n" + MEGABYTE + b"\r\n")


@pytest.mark.parametrize("head", ["HTTP/1.1 200 OK", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked"])
def test_a_file_without_end_is_broken_off(client: Client, server: Server, tmp_path: Path, head: str) -> None:
    server.says["/a.zip"] = (head, endless_chunks if "chunked" in head else endless)
    with pytest.raises(Unavailable, match="has more than the 3 MB that it may have"):
        client.get(f"{server.url}/a.zip", tmp_path / "a.zip", most=3_000_000)
    assert left(tmp_path) == []
    assert len(server.requests) == 1


def test_a_length_of_terabytes_is_refused_at_once(
    client: Client, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    server.says["/a.zip"] = ("HTTP/1.1 200 OK\nContent-Length: 5000000000000", endless)
    for most in ({"most": 3_000_000}, {}):  # and where nobody knows the size
        with pytest.raises(Unavailable, match="has more than"):
            client.get(f"{server.url}/a.zip", tmp_path / "a.zip", **most)
    assert left(tmp_path) == []
    assert "fetching" not in capsys.readouterr().err


def test_a_part_is_not_continued_for_ever(client: Client, server: Server, tmp_path: Path) -> None:
    head = 'HTTP/1.1 206 Partial Content\nETag: "one"\nContent-Range: bytes 1000-/*'
    server.says["/a.zip"] = (head, endless)
    url = f"{server.url}/a.zip"
    (tmp_path / "a.zip.part").write_bytes(b"x" * 1000)
    (tmp_path / "a.zip.part.json").write_text(f'{{"url": "{url}", "validator": "one"}}', encoding="utf-8")
    with pytest.raises(Unavailable, match="has more than"):
        client.get(url, tmp_path / "a.zip", most=3_000_000)
    assert left(tmp_path) == []


@pytest.mark.parametrize("length", ["abc", "-5", "1e3", "9" * 5000])
def test_a_length_that_is_none_is_ignored(client: Client, server: Server, tmp_path: Path, length: str) -> None:
    server.says["/a.zip"] = (f"HTTP/1.1 200 OK\nContent-Length: {length}", lambda: [b"12345"])
    try:
        assert client.get(f"{server.url}/a.zip", tmp_path / "a.zip").read_bytes() == b"12345"
    except Unavailable:
        assert not (tmp_path / "a.zip").exists()


def test_what_comes_packed_is_kept_as_it_came(client: Client, server: Server, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(50 << 20))
    head = f"HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: {len(bomb)}"
    server.says["/a.zip"] = (head, lambda: [bomb])
    assert client.get(f"{server.url}/a.zip", tmp_path / "a.zip", most=1 << 20).read_bytes() == bomb


@pytest.mark.parametrize("chunked", [False, True])
def test_a_file_that_drips_is_given_up(
    client: Client, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunked: bool
) -> None:
    monkeypatch.setattr(download, "STALL", 0.3)

    def drip() -> Iterator[bytes]:
        if chunked:
            yield b"100000\r\n"
        for _ in range(100):
            time.sleep(0.05)
            yield b"x"

    server.says["/a.zip"] = ("HTTP/1.1 200 OK" + "\nTransfer-Encoding: chunked" * chunked, drip)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="sends less than 1 kB a second"):
        client.get(f"{server.url}/a.zip", tmp_path / "a.zip")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("target", ["/a.zip", "/b.zip"])
def test_a_server_that_sends_one_round_in_circles(client: Client, server: Server, tmp_path: Path, target: str) -> None:
    for path, to in (("/a.zip", target), ("/b.zip", "/a.zip")):
        server.says[path] = (f"HTTP/1.1 302 Found\nLocation: {to}", endless)
    with pytest.raises(Unavailable, match="sends one elsewhere more than 10 times"):
        client.get(f"{server.url}/a.zip", tmp_path / "a.zip")
    assert len(server.requests) == download.REDIRECTS + 1
    assert left(tmp_path) == []


def test_a_redirection_is_followed_without_reading_its_body(
    client: Client, server: Server, url: str, tmp_path: Path
) -> None:
    server.says["/old.zip"] = ("HTTP/1.1 301 Moved\nLocation: /a.zip", endless)
    assert client.get(f"{server.url}/old.zip", tmp_path / "a.zip").read_bytes() == BODY


def test_a_redirection_to_a_file_is_refused(client: Client, server: Server, tmp_path: Path) -> None:
    server.says["/a.zip"] = ("HTTP/1.1 302 Found\nLocation: file:///etc/passwd", lambda: [])
    with pytest.raises(Unavailable, match="no web address"):
        client.get(f"{server.url}/a.zip", tmp_path / "a.zip")


def test_an_error_without_end_is_not_read(client: Client, server: Server, tmp_path: Path) -> None:
    server.says["/a.zip"] = ("HTTP/1.1 503 Busy", endless)
    with pytest.raises(Unavailable, match="503 Busy"):
        client.get(f"{server.url}/a.zip", tmp_path / "a.zip")
    assert len(server.requests) == download.BUSY_TRIES
