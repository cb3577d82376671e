import gzip
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from ltcbench.data import archives
from ltcbench.data.archives import unpack
from ltcbench.data.cards import Payload
from ltcbench.data.checks import Damaged

from .common import HTML, gzipped, tarred, zipped

X = Payload("train/X.txt", size=4)
Y = Payload("train/Y.txt", size=4)
CSV = Payload("data.csv.gz", size=4)
SET = Payload("set/[0-9]*.txt", size=8, count=2)


def take(tmp_path: Path, name: str, content: bytes, *payloads: Payload) -> dict[str, bytes]:
    """What comes out of a file of this name and content: name -> bytes."""
    path, into = tmp_path / name, tmp_path / "into"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    into.mkdir()
    unpack(path, payloads, into)
    return {file.relative_to(into).as_posix(): file.read_bytes() for file in into.rglob("*") if file.is_file()}


def test_a_zip_gives_only_what_is_wanted_below_any_folder(tmp_path: Path) -> None:
    content = zipped({"top/train/X.txt": b"four", "top/train/Z.txt": b"no", "__MACOSX/train/._X.txt": b"no"})
    assert take(tmp_path, "a.zip", content, X, Y) == {"train/X.txt": b"four"}


def test_of_two_copies_the_one_further_up_is_taken(tmp_path: Path) -> None:
    content = zipped({"a/old/train/X.txt": b"old!", "train/X.txt": b"four"})
    assert take(tmp_path, "a.zip", content, X) == {"train/X.txt": b"four"}


def test_a_zip_in_a_zip(tmp_path: Path) -> None:
    content = zipped({"readme": b"r", "inner.zip": zipped({"Data/train/X.txt": b"four"})})
    assert take(tmp_path, "a.zip", content, X) == {"train/X.txt": b"four"}


def test_a_zip_in_a_zip_in_a_zip_is_left_alone(tmp_path: Path) -> None:
    content = zipped({"b.zip": zipped({"c.zip": zipped({"train/X.txt": b"four"})})})
    assert take(tmp_path, "a.zip", content, X) == {}


def test_a_tar_gives_the_files_of_a_set(tmp_path: Path) -> None:
    content = tarred({"./set/1.txt": b"one\n", "set/2.txt": b"two\n", "set/._3.txt": b"no", "other/4.txt": b"no"})
    assert take(tmp_path, "a.tar.gz", content, SET) == {"set/1.txt": b"one\n", "set/2.txt": b"two\n"}


def test_a_tar_that_is_not_compressed(tmp_path: Path) -> None:
    content = gzip.decompress(tarred({"train/X.txt": b"four"}))
    assert take(tmp_path, "a.tar", content, X, Y) == {"train/X.txt": b"four"}


def test_a_wanted_file_itself_is_copied_even_if_it_is_a_zip_archive(tmp_path: Path) -> None:
    content = zipped({"x.npy": b"1"})
    assert take(tmp_path, "imdb.npz", content, Payload("imdb.npz", size=9)) == {"imdb.npz": content}


def test_the_only_wanted_file_may_have_any_name(tmp_path: Path) -> None:
    assert take(tmp_path, "download (1)", b"four", X) == {"train/X.txt": b"four"}


@pytest.mark.parametrize("name, content", [("data.csv.gz", gzipped(b"a,b\n")), ("data.csv", b"a,b\n")])
def test_a_gzip_file_may_come_unpacked(tmp_path: Path, name: str, content: bytes) -> None:
    [(taken, packed)] = take(tmp_path, name, content, CSV, X).items()
    assert (taken, gzip.decompress(packed)) == ("data.csv.gz", b"a,b\n")


def test_a_gzip_file_in_a_zip_may_come_unpacked(tmp_path: Path) -> None:
    [(taken, packed)] = take(tmp_path, "a.zip", zipped({"data.csv": b"a,b\n"}), CSV).items()
    assert (taken, gzip.decompress(packed)) == ("data.csv.gz", b"a,b\n")


ZIP = zipped({"train/X.txt": b"four" * 100, "train/Y.txt": b"y"})
TAR = tarred({"train/X.txt": bytes(range(256)) * 40})


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("a.zip", b"", "a.zip is empty"),
        ("a.zip", HTML, "a.zip is an HTML page"),
        (
            "a.zip",
            b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">',
            "a.zip is an HTML page",
        ),
        ("train/X.txt", b"\xef\xbb\xbf\n <HTML>no</HTML>", "X.txt is an HTML page"),
        ("a.zip", ZIP[:-30], "a.zip is truncated or damaged"),
        ("a.zip", ZIP[:45] + b"\0\0" + ZIP[47:], "a.zip is truncated or damaged"),
        ("a.tar.gz", TAR[: len(TAR) // 2], "a.tar.gz is truncated or damaged"),
        ("a.tar.gz", gzip.compress(gzip.decompress(TAR)[:3000], mtime=0), "a.tar.gz is truncated or damaged"),
        ("a.bin", b"\x7fELF", "a.bin is neither a zip"),
        ("a.gz", gzipped(b"text"), "a.gz is neither a zip"),
        ("a.gz", gzipped(b"text")[:5], "a.gz is truncated or damaged"),
    ],
)
def test_damage_is_told(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    with pytest.raises(Damaged) as error:
        take(tmp_path, name, content, X, Y)
    assert words in str(error.value)


@pytest.mark.parametrize(
    "name", ["../../train/X.txt", "/train/X.txt", "a/../../train/X.txt", "..\\train\\X.txt", "C:/X.txt"]
)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, name: str, pack) -> None:
    with pytest.raises(Damaged, match="leads out of its folder"):
        take(tmp_path, "a", pack({name: b"four"}), X)
    assert not (tmp_path / "train").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_tar_with_a_link_or_device_is_refused(tmp_path: Path, kind: bytes) -> None:
    special = tarfile.TarInfo("train/X.txt")
    special.type, special.linkname = kind, "/etc/passwd"
    with pytest.raises(Damaged, match="link or device"):
        take(tmp_path, "a.tar.gz", tarred({}, special), X)


def test_a_zip_with_a_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("train/X.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(Damaged, match="link or device"):
        unpack(tmp_path / "a.zip", [X], tmp_path)


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"train/X.txt": b"four"}))
    directory = content.index(b"PK\x01\x02")
    content[6] |= 1
    content[directory + 8] |= 1
    with pytest.raises(Damaged, match="password"):
        take(tmp_path, "a.zip", bytes(content), X)


BOMB = bytes(8 << 20)


@pytest.mark.parametrize(
    "content",
    [
        zipped({"train/X.txt": BOMB}),
        zipped({"inner.zip": zipped({"train/X.txt": BOMB})}),
        tarred({"train/X.txt": BOMB}),
        tarred({"not wanted": BOMB}),
        zipped({f"{i}": b"" for i in range(archives.EXTRA_MEMBERS + 20)}),
        tarred({f"{i}": b"" for i in range(archives.EXTRA_MEMBERS + 20)}),
    ],
    ids=["zip", "zip in zip", "tar", "tar of others", "zip of many", "tar of many"],
)
def test_a_bomb_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Damaged, match="may be a bomb"):
        take(tmp_path, "a", content, X)
    written = sum(file.stat().st_size for file in (tmp_path / "into").rglob("*"))
    assert written < len(BOMB) / 2
