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
