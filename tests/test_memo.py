"""Answers that are remembered, and the verbs that need no torch for it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ltcbench import memo, places
from ltcbench.errors import UserError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of one module, and a cache."""
    monkeypatch.setattr(places, "PACKAGE", tmp_path / "package")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "package" / "models").mkdir(parents=True)
    (tmp_path / "package" / "models" / "cell.py").write_text("x = 1\n")
    memo.sources.cache_clear()
    yield tmp_path / "package"
    memo.sources.cache_clear()


def asked(question: object = "size") -> bool:
    """Whether the answer had to be computed."""
    computed = []

    def answer() -> list[object]:
        computed.append(question)
        return [question, 0.1]

    assert memo.remembered(question, answer) == [question, 0.1]
    return bool(computed)


def test_an_answer_is_computed_once(package: Path) -> None:
    assert [asked(), asked(), asked("other"), asked("other")] == [True, False, True, False]


@pytest.mark.parametrize("name", ["models/cell.py", "models/new.py", "conf.yaml"])
def test_changed_sources_want_a_new_answer(package: Path, name: str) -> None:
    asked()
    (package / name).write_text("x = 2\n")
    memo.sources.cache_clear()  # as in another process
    assert asked() and not asked()


def test_another_torch_wants_a_new_answer(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked()
    monkeypatch.setattr(memo, "version", lambda package: "0.1")
    assert asked()


@pytest.mark.parametrize("content", [b"", b"[1", b"[0, 1]", b'[0, "[3]"]', b"\xff", b"7", b'{"a": 1}'])
def test_a_damaged_answer_is_not_believed(package: Path, content: bytes) -> None:
    asked()
    (file,) = places.cache().iterdir()
    file.write_bytes(content)
    assert asked() and not asked()


def test_without_a_folder_it_is_computed(package: Path) -> None:
    places.cache().parent.write_text("no folder")
    assert asked() and asked()


def test_what_nobody_asked_for_in_a_month_goes(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked("old")
    monkeypatch.setattr(memo, "_KEPT", -1)
    asked("new")
    assert list(places.cache().iterdir()) == []


def test_a_mistake_is_not_remembered(package: Path) -> None:
    def wrong() -> None:
        raise UserError("no")

    for _ in range(2):
        with pytest.raises(UserError, match="no"):
            memo.remembered("size", wrong)


WITHOUT_TORCH = """
import sys
from ltcbench import cli
sys.exit(cli.run(sys.argv[1:]) or 10 * ("torch" in sys.modules))
"""
SHORT = ["model=rnn", "task=occupancy", "task.source=synthetic", "trainer.epochs=1", "tracker=none", "device=cpu"]


def test_everyday_verbs_need_torch_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing changed ``list models``, ``show`` and a run that is done answer without it; a mistake is told."""
    for name in ("LTCBENCH_RUNS", "LTCBENCH_DATASETS", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))

    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", WITHOUT_TORCH, *arguments],
            capture_output=True,
            text=True,
            timeout=100,
        )
        return done.returncode, done.stdout + done.stderr

    for verb in (["list", "models"], ["show", *SHORT]):
        status, told = run(*verb)
        assert status == 10, told
        assert run(*verb) == (0, told)
    assert run("train", *SHORT)[0] == 10
    status, told = run("train", *SHORT)
    assert status == 0 and "done before" in told
    for verb in ("show", "train"):
        status, told = run(verb, *SHORT, "+model.colour=red")
        assert status == 2 and "unknown option of model rnn 'colour'" in told
    status, told = run("train", *SHORT, "device=cuda:99")
    assert status == 2 and "device=cuda:99 is not there" in told
