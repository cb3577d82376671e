"""Every file of ours is UTF-8, whatever the locale says."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "ltcbench"
_NOT_FILES = ("os", "gzip", "tarfile", "zipfile", "archive", "self")  # whose open() opens no text


def without_encoding(text: str) -> Iterator[int]:
    """The lines of a source that read or write text in the encoding of the locale."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or any(word.arg == "encoding" for word in node.keywords):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in ("read_text", "write_text", "FileHandler"):
            yield node.lineno
        owner = getattr(getattr(node.func, "value", None), "id", "")
        if (
            name == "open"
            and owner not in ("os", "gzip", "tarfile", "zipfile", "archive", "self")
            and not _binary(node)
        ):
            yield node.lineno


def _binary(call: ast.Call) -> bool:
    modes = [*call.args, *(word.value for word in call.keywords)]
    return any(isinstance(mode, ast.Constant) and "b" in str(mode.value) for mode in modes)


def test_every_text_file_is_opened_as_utf_8() -> None:
    places = [
        f"{path.relative_to(ROOT.parent)}:{line}"
        for path in sorted(ROOT.rglob("*.py"))
        for line in without_encoding(path.read_text(encoding="utf-8"))
    ]
    assert places == []


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("path.read_text()", True),
        ("path.read_text(encoding='utf-8')", False),
        ("path.open()", True),
        ("open(name, 'w')", True),
        ("open(name, 'rb')", False),
        ("path.open(mode='wb')", False),
        ("gzip.open(name)", False),
        ("logging.FileHandler(name)", True),
    ],
)
def test_a_line_without_an_encoding_is_found(line: str, wrong: bool) -> None:
    assert list(without_encoding(line)) == [1] * wrong
