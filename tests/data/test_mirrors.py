import errno
import itertools
import os
import shutil
from pathlib import Path

import pytest

from ltcbench.data import store

from .common import ARCHIVE, NOWHERE, X, Y, facts, message, sha256, tarred, zipped
from .conftest import Shelf
from .server import Server


def test_archive_in_a_folder(har: Shelf, depot: Path, server: Server) -> None:
    (depot / "har" / "The Data.zip").write_bytes(ARCHIVE)
    assert store.fetch("har", mirror=str(depot)).files["Data/X.txt"].read_bytes() == X
    assert server.requests == []


def test_unpacked_files_in_a_folder(har: Shelf, depot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (depot / "har" / "Data").mkdir()
    (depot / "har" / "Data" / "X.txt").write_bytes(X)
    (depot / "har" / "Data" / "y.txt").write_bytes(Y)
    monkeypatch.setenv("LTCBENCH_MIRROR", depot.as_uri())
    assert store.fetch("har").checksums["Data/X.txt"] == sha256(X)


def test_other_data_behind_a_url_never_pass_for_the_official(har: Shelf, server: Server) -> None:
    server.add("/m/har/recomputed.zip", zipped({"Data/X.txt": X[::-1], "Data/y.txt": Y}))
    assert "has only the recomputed data" in message("har", mirror=f"{server.url}/m")
    assert store.fetch("har", "recomputed", f"{server.url}/m").files["Data/X.txt"].read_bytes() == X[::-1]


@pytest.mark.parametrize("path", ["/m/har/The%20Data.zip", "/m/har/Data/X.txt"])
def test_behind_a_url(har: Shelf, server: Server, path: str) -> None:
    server.add(path, ARCHIVE if path.endswith("zip") else X)
    if path.endswith("txt"):
        server.add("/m/har/Data/y.txt", Y)
    assert store.fetch("har", mirror=f"{server.url}/m/").files["Data/X.txt"].read_bytes() == X
    assert all(asked.startswith("/m/har/") for asked, _ in server.requests)


def test_what_it_lacks_comes_from_the_official_urls(har: Shelf, depot: Path, server: Server) -> None:
    server.add("/new.zip", ARCHIVE)
    store.fetch("har", mirror=str(depot))


def test_a_mirror_that_does_not_answer_is_passed_over(har: Shelf, server: Server) -> None:
    server.add("/new.zip", ARCHIVE)
    store.fetch("har", mirror=NOWHERE)


def test_no_such_folder(har: Shelf, tmp_path: Path) -> None:
    assert "mirror /no/such does not exist" in message("har", mirror="/no/such")
    (tmp_path / "file").touch()
    assert "is not a folder" in message("har", mirror=str(tmp_path / "file"))


def test_other_data_never_pass_for_the_official(har: Shelf, depot: Path, server: Server) -> None:
    (depot / "har" / "recomputed.zip").write_bytes(zipped({"Data/X.txt": X[::-1], "Data/y.txt": Y}))
    text = message("har", mirror=str(depot))
    assert "has only the recomputed data, not the official Data/X.txt and 1 more" in text
    assert "task.source=recomputed" in text
    data = store.fetch("har", source="recomputed", mirror=str(depot))
    assert data.source == "recomputed" and data.files["Data/X.txt"].read_bytes() == X[::-1]
    assert data.files["Data/X.txt"].parts[-3:] == ("recomputed", "Data", "X.txt")


def test_official_data_do_not_pass_for_others_either(har: Shelf, depot: Path) -> None:
    (depot / "har" / "new.zip").write_bytes(ARCHIVE)
    text = message("har", source="recomputed", mirror=str(depot))
    assert "recomputed.zip" in text and "come from a mirror only" in text
    assert "none has them" in message("har", source="recomputed")


def test_a_subset_goes_by_its_own_name(shelf: Shelf, depot: Path) -> None:
    official = {"urls": [f"{NOWHERE}/d.txt"], "files": {"d.txt": {"size": 400, "lines": 100}}}
    subset = {"names": ["d_first2.txt"], "files": {"d.txt": facts(X)}}
    shelf.add("har", official=[official], subset=[subset])
    (depot / "har" / "d_first2.txt").write_bytes(X)
    assert "task.source=subset" in message("har", mirror=str(depot))
    assert store.fetch("har", "subset", str(depot)).files["d.txt"].read_bytes() == X
    (depot / "har" / "d_first2.txt").rename(depot / "har" / "d.txt")
    assert "d.txt has 8 bytes, expected about 400" in message("har", mirror=str(depot))


def test_a_wrong_kind_of_thing(har: Shelf, depot: Path) -> None:
    (depot / "har" / "new.zip").mkdir()
    assert "Is a directory" in message("har", mirror=str(depot))


@pytest.mark.parametrize("name", ["The Data.zip", "Data/X.txt"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_pipe_or_device_is_not_read(har: Shelf, depot: Path, kind: str, name: str) -> None:
    (depot / "har" / "Data").mkdir()
    (depot / "har" / "Data" / "y.txt").write_bytes(Y)
    path = depot / "har" / name
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    assert f"{path.name} is a pipe, socket or device, not a file" in message("har", mirror=str(depot))


def test_a_file_with_a_huge_hole_does_not_fill_the_disk(har: Shelf, depot: Path, raw: Path) -> None:
    (depot / "har" / "Data").mkdir()
    (depot / "har" / "Data" / "y.txt").write_bytes(Y)
    with (depot / "har" / "Data" / "X.txt").open("wb") as file:
        file.truncate(1 << 40)
    assert "X.txt unpacks to far more than expected" in message("har", mirror=str(depot))
    assert not list(raw.rglob("X.txt"))


def test_a_mirror_without_end_is_passed_over(har: Shelf, server: Server, raw: Path) -> None:
    server.add("/new.zip", ARCHIVE)
    for path in ("/m/har/Data/X.txt", "/m/har/The%20Data.zip", "/m/har/new.zip"):
        server.says[path] = ("HTTP/1.1 200 OK", lambda: itertools.repeat(bytes(1 << 20)))
    assert store.fetch("har", mirror=f"{server.url}/m").files["Data/X.txt"].read_bytes() == X
    assert not list(raw.rglob("*.part"))


def test_a_pipe_among_the_raw_files_is_damage(har: Shelf, depot: Path, raw: Path) -> None:
    (depot / "har" / "new.zip").write_bytes(ARCHIVE)
    path = store.fetch("har", mirror=str(depot)).files["Data/X.txt"]
    path.unlink()
    os.mkfifo(path)
    assert [state.state for state in store.verify("har")] == ["damaged", "ok"]


def test_a_file_that_may_not_be_read(har: Shelf, depot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = depot / "har" / "new.zip"
    path.write_bytes(ARCHIVE)
    real = Path.open

    def forbidden(self: Path, *args, **options):
        if self == path:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(self, *args, **options)

    monkeypatch.setattr(Path, "open", forbidden)
    text = message("har", mirror=str(depot))
    assert f"cannot read or write {path} (Permission denied)" in text


@pytest.fixture
def walker(shelf: Shelf) -> Shelf:
    files = {"set/[0-9]*.txt": {"count": 2, "size": 8, "lines": 2, "seen": "0" * 64}}
    label = {"label.txt": facts(Y)}
    shelf.add(
        "har",
        official=[
            {"urls": [f"{NOWHERE}/a.tar.gz"], "files": files},
            {"urls": [f"{NOWHERE}/label.txt"], "files": label},
        ],
    )
    return shelf


def test_of_a_set_each_file_is_given_and_one_checksum(walker: Shelf, depot: Path) -> None:
    (depot / "har" / "a.tar.gz").write_bytes(tarred({"set/1.txt": b"one\n", "set/2.txt": b"two\n"}))
    (depot / "har" / "label.txt").write_bytes(Y)
    data = store.fetch("har", mirror=str(depot))
    assert list(data.files) == ["set/1.txt", "set/2.txt", "label.txt"]
    both = sha256(f"{sha256(b'one' + bytes([10]))}  set/1.txt\n{sha256(b'two' + bytes([10]))}  set/2.txt\n".encode())
    assert data.checksums == {"set/[0-9]*.txt": both, "label.txt": sha256(Y)}


def test_of_a_set_they_may_lie_in_a_folder(walker: Shelf, depot: Path) -> None:
    (depot / "har" / "set").mkdir()
    for name in ("1", "2", "x"):
        (depot / "har" / "set" / f"{name}.txt").write_bytes(b"abc\n")
    (depot / "har" / "label.txt").write_bytes(Y)
    assert len(store.fetch("har", mirror=str(depot)).files) == 3


def test_of_a_set_one_too_many_is_told(walker: Shelf, depot: Path) -> None:
    (depot / "har" / "a.tar.gz").write_bytes(tarred({f"set/{i}.txt": b"abc\n" for i in range(3)}))
    assert "set/[0-9]*.txt is 3 files, expected 2" in message("har", mirror=str(depot))


def test_of_a_set_half_put_in_place_the_rest_is_fetched(walker: Shelf, depot: Path, raw: Path) -> None:
    (depot / "har" / "a.tar.gz").write_bytes(tarred({"set/1.txt": b"one\n", "set/2.txt": b"two\n"}))
    (depot / "har" / "label.txt").write_bytes(Y)
    data = store.fetch("har", mirror=str(depot))
    shutil.move(raw / "har", raw / "whole")
    (raw / "har" / "official" / "set").mkdir(parents=True)
    (raw / "har" / "official" / "set" / "2.txt").write_bytes(b"a fetch was killed here")
    assert [(file.state, file.detail) for file in store.verify("har")] == [
        ("missing", "1 of 2 files are here"),
        ("missing", ""),
    ]
    assert store.fetch("har", mirror=str(depot)) == data
    assert data.files["set/2.txt"].read_bytes() == b"two\n"


def test_of_a_set_what_came_stays_when_the_rest_fails(walker: Shelf, depot: Path, raw: Path) -> None:
    (depot / "har" / "a.tar.gz").write_bytes(tarred({"set/1.txt": b"one\n", "set/2.txt": b"two\n"}))
    assert "cannot fetch har, label.txt (no connection" in message("har", mirror=str(depot))
    shutil.rmtree(depot / "har")
    (raw / "har" / "official" / "label.txt").write_bytes(Y)  # put there by hand
    assert len(store.fetch("har").files) == 3
