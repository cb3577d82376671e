import os
from pathlib import Path

import pytest

from ltcbench.data.cards import Payload
from ltcbench.data.checks import Damaged, check

from .common import gzipped, sha256

TEXT = b"a\nb\nc\n"


def checked(tmp_path: Path, content: bytes, **facts: object) -> dict[str, str]:
    path = tmp_path / facts.pop("name", "data.txt")
    path.write_bytes(content)
    return check(Payload(path.name, **{"size": len(TEXT), **facts}), {path.name: path})


def test_a_file_without_an_official_checksum_passes_by_its_lines(tmp_path: Path) -> None:
    other = b"aa\nb\nc\n"
    assert checked(tmp_path, other, lines=3, seen=sha256(TEXT)) == {"data.txt": sha256(other)}


@pytest.mark.parametrize("content", [b"a\nb\nc\n", b"a\r\nb\r\nc\r\n", b"a\rb\rc\r", b"a\nb\nc"])
def test_any_line_end_counts(tmp_path: Path, content: bytes) -> None:
    checked(tmp_path, content, lines=3)


def test_one_of_several_checksums_is_enough(tmp_path: Path) -> None:
    checked(tmp_path, TEXT + b"x", sha256=(sha256(TEXT), sha256(TEXT + b"x")))


def test_a_gzip_file_counts_by_its_content(tmp_path: Path) -> None:
    got = checked(tmp_path, gzipped(TEXT), name="a.csv.gz", sha256=(sha256(TEXT),), lines=3)
    assert got == {"a.csv.gz": sha256(TEXT)}


@pytest.mark.parametrize(
    "content, facts, words",
    [
        (b"", {}, "data.txt is empty"),
        (TEXT + b"x", {"sha256": (sha256(TEXT),)}, "data.txt has 7 bytes, expected 6"),
        (TEXT[::-1], {"sha256": (sha256(TEXT),)}, f"expected {sha256(TEXT)}"),
        (b"a\n", {}, "data.txt has 2 bytes, expected about 6"),
        (bytes(13), {}, "data.txt has more than 12 bytes, expected 6"),
        (b"a\nbbb\n", {"lines": 3}, "data.txt has 2 lines, expected 3"),
        (TEXT, {"count": 2}, "data.txt is 1 files, expected 2"),
        (gzipped(TEXT)[:-9], {"name": "a.gz"}, "a.gz is truncated or damaged"),
        (b"text!!", {"name": "a.gz"}, "a.gz is truncated or damaged"),
        (gzipped(os.urandom(100) + bytes(4 << 20)), {"name": "a.gz"}, "a.gz has more than 12 bytes"),
    ],
)
def test_damage_is_told(tmp_path: Path, content: bytes, facts: dict[str, object], words: str) -> None:
    with pytest.raises(Damaged) as error:
        checked(tmp_path, content, **facts)
    assert words in str(error.value)
