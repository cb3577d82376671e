import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ltcbench.errors import Failure
from ltcbench.files import from_json, from_yaml, write, writing


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "result.json"
    write(target, b"old")

    def full(self: Path, content: bytes) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(Failure, match="No space left on device"):
        write(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def read_only(*arguments: object, **options: object) -> None:
    raise OSError(30, "Read-only file system")


def test_on_a_disk_that_may_only_be_read_the_first_error_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("write_bytes", "unlink", "replace", "mkdir"):
        monkeypatch.setattr(Path, name, read_only)
    with pytest.raises(Failure, match=r"cannot write .*Read-only file system"):
        write(tmp_path / "result.json", b"new")


@pytest.mark.parametrize("step", ["mkdir", "write_bytes", "open", "replace"])
def test_wherever_a_write_is_killed_the_old_file_is_whole(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "result.json"
    write(target, b"old")

    def killed(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, step, killed)
    with pytest.raises(KeyboardInterrupt):
        write(target, b"new")
    monkeypatch.undo()
    assert target.read_bytes() == b"old"
    write(target, b"new")
    assert target.read_bytes() == b"new"


def test_the_content_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda file: (order.append("fsync"), fsync(file))[1])
    monkeypatch.setattr(Path, "replace", lambda self, target: (order.append("replace"), replace(self, target))[1])
    write(tmp_path / "x", b"x")
    write(tmp_path / "x", b"x", lasting=False)
    assert order == ["fsync", "replace", "replace"]


def folder(path: Path) -> None:
    path.mkdir()


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def file(path: Path) -> None:
    path.write_text("x")


def dangling(path: Path) -> None:
    path.symlink_to("/nowhere/x")


@pytest.mark.parametrize("block", [file, loop, dangling])
def test_what_is_in_the_way_is_named(block: Callable[[Path], None], tmp_path: Path) -> None:
    block(tmp_path / "gesture")
    with pytest.raises(Failure, match=rf"lstm/x \(.*: {tmp_path}/gesture is no folder\).*clear the way"):
        write(tmp_path / "gesture" / "lstm" / "x", b"x")


@pytest.mark.parametrize("name", ["", "x" * 300, "folder"])
def test_a_name_that_no_file_can_have(name: str, tmp_path: Path) -> None:
    folder(tmp_path / "folder")
    with pytest.raises(Failure, match="cannot write"):
        write(tmp_path / name, b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_other_errors_than_the_systems_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mine"), writing(tmp_path):
        raise ValueError("mine")


@pytest.mark.parametrize("text", ["", "{", "NaN", "[Infinity]", '{"a": -Infinity}', "[" * 100_000, "\0", "1" * 5000])
def test_a_text_that_is_not_json(text: str) -> None:
    with pytest.raises(ValueError):
        from_json(text)


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(9 * [f'*{old}'])}]\n" for old, new in zip("abcdefghij", "bcdefghijk", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [BOMB, "a: &a 1", "a: *a", "!!python/name:os.system ''", "!x 1", "a: [", "a: b: c", "[" * 100_000, "\0", "a: @b",
     "? [a]\n: b", "2020-13-45", "a: 1\n" * 100_000, "a: 1\n---\nb: 2\n"],
)  # fmt: skip
def test_a_text_that_is_not_plain_yaml_is_refused_at_once(text: str) -> None:
    began = time.process_time()
    with pytest.raises(ValueError):
        from_yaml(text)
    assert time.process_time() - began < 0.5


def test_plain_yaml_is_read_and_nothing_in_it_resolved() -> None:
    assert from_yaml("a: [1, 2.5, null]\nb: ${oc.env:HOME}\n") == {"a": [1, 2.5, None], "b": "${oc.env:HOME}"}
    assert from_yaml("") is None
