from pathlib import Path

import pytest

from ltcbench.data import store
from ltcbench.errors import UserError

from .common import ARCHIVE, HTML, X, Y, zipped
from .conftest import Shelf
from .server import Server


@pytest.mark.parametrize("name", ["new.zip", "renamed.bin"])
def test_an_archive(har: Shelf, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(ARCHIVE)
    assert store.bring_in("har", tmp_path / name) == []
    assert store.fetch("har").files["Data/X.txt"].read_bytes() == X


@pytest.mark.parametrize("given", ["home", "home/deep", "home/deep/Data"])
def test_a_folder(har: Shelf, tmp_path: Path, given: str) -> None:
    folder = tmp_path / "home" / "deep" / "Data"
    folder.mkdir(parents=True)
    (folder / "X.txt").write_bytes(X)
    (folder / "y.txt").write_bytes(Y)
    (folder / "z.txt").write_bytes(b"not wanted")
    assert store.bring_in("har", tmp_path / given) == []


def test_a_folder_with_the_archive(har: Shelf, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "The Data.zip").write_bytes(ARCHIVE)
    assert store.bring_in("har", tmp_path / "home") == []


def test_one_file_at_a_time(har: Shelf, tmp_path: Path) -> None:
    (tmp_path / "Data").mkdir()
    (tmp_path / "Data" / "X.txt").write_bytes(X)
    assert store.bring_in("har", tmp_path / "Data" / "X.txt") == ["Data/y.txt"]
    (tmp_path / "Data" / "y.txt").write_bytes(Y)
    assert store.bring_in("har", tmp_path / "Data" / "y.txt") == []


def test_over_a_damaged_file(har: Shelf, server: Server, tmp_path: Path) -> None:
    server.add("/new.zip", ARCHIVE)
    data = store.fetch("har")
    data.files["Data/X.txt"].write_bytes(b"damaged")
    (tmp_path / "new.zip").write_bytes(ARCHIVE)
    store.bring_in("har", tmp_path / "new.zip")
    assert store.fetch("har") == data


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("new.zip", HTML, "new.zip is an HTML page, not the data; get it again"),
        ("new.zip", zipped({"other": b""}), "Data/X.txt is not in it"),
        ("recomputed.zip", zipped({"Data/X.txt": X[::-1], "Data/y.txt": Y}), "say --source recomputed"),
    ],
)
def test_a_wrong_file(har: Shelf, tmp_path: Path, raw: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as error:
        store.bring_in("har", tmp_path / name)
    assert words in str(error.value)
    assert [path.name for path in (raw / "har").iterdir()] == [".lock"]


def test_nothing_there(har: Shelf, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        store.bring_in("har", tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"Data/X.txt is not in it"):
        store.bring_in("har", tmp_path / "empty")


def test_another_source(har: Shelf, tmp_path: Path) -> None:
    (tmp_path / "recomputed.zip").write_bytes(zipped({"Data/X.txt": X[::-1], "Data/y.txt": Y}))
    assert store.bring_in("har", tmp_path / "recomputed.zip", "recomputed") == []
    assert store.fetch("har", "recomputed").source == "recomputed"
