"""What can be wrong with own code: one sentence and exit status 2 each."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ltcbench import models, tasks
from ltcbench.errors import UserError
from ltcbench.plugins import loading, named, registered

from .conftest import CELL, Run


@pytest.fixture(autouse=True)
def forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of what a test loads stays in this process."""
    monkeypatch.chdir(tmp_path)
    for variable in named.ENVIRONMENT.values():
        monkeypatch.setenv(variable, "")
    monkeypatch.setattr(loading, "_loaded", set())
    monkeypatch.setattr(sys, "path", [*sys.path])
    tables: list[dict[Any, Any]] = [registered.REGISTERED, models.MODELS, tasks.TASKS]
    before = [set(table) for table in tables]
    yield
    for table, names in zip(tables, before, strict=True):
        for name in set(table) - names:
            del table[name]


def load(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    named.taken(["--with", str(path), "train"])
    loading.load()


WRONG = {
    "raises": ("x = 1\nraise ValueError('no weights')\n", r"case_raises\.py:2 raises ValueError \(no weights\)"),
    "syntax": ("x = 1\ndef f(:\n", r"case_syntax\.py:2 raises SyntaxError"),
    "lacks": ("import nothing_like_this\n", r"case_lacks\.py:1 raises ModuleNotFoundError"),
    "leaves": ("raise SystemExit(3)\n", r"case_leaves\.py:1 raises SystemExit"),
    "empty": ("x = 1\n", r"case_empty\.py registers nothing"),
    "unregistered": (CELL.replace("register(", "print("), r"case_unregistered\.py registers nothing"),
    "no_cell": (CELL.replace("MyCell(Cell)", "MyCell(nn.Module)"), r"case_no_cell\.py:\d+: model my_cell: .* no Cell"),
    "no_step": (CELL.replace("def step", "def stop"), r"MyCell has no step"),
    "taken": (CELL.replace('"my_cell"', '"ltc"'), r"case_taken\.py:\d+: the name ltc is taken by a model of ltcbench"),
    "name": (CELL.replace('"my_cell"', '"my cell"'), r"model name 'my cell' is none"),
    "untyped": (CELL.replace("rate: float = 0.5", "rate=0.5"), r"option rate of MyCell needs a type and a default"),
    "open": (CELL.replace("rate: float = 0.5", "rate: float"), r"option rate of MyCell needs a type and a default"),
    "kind": (CELL.replace("rate: float = 0.5", "rate: dict = {}"), r"a type that no setting can have"),
    "default": (CELL.replace("rate: float = 0.5", "rate: float = 'x'"), r"MyCell\.rate=x is not a number"),
    "reserved": (CELL.replace("rate: float = 0.5", "engine: str = ''"), r"an option engine, which means something"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_own_code_that_is_not_right(tmp_path: Path, case: str) -> None:
    text, sentence = WRONG[case]
    with pytest.raises(UserError, match=sentence) as caught:
        load(tmp_path / f"case_{case}.py", text)
    assert "\n" not in str(caught.value)


def test_two_files_cannot_share_a_name(tmp_path: Path) -> None:
    load(tmp_path / "case_first.py", CELL)
    with pytest.raises(UserError, match=r"my_cell is taken by the model of .*case_first\.py"):
        load(tmp_path / "case_second.py", CELL)


def test_an_installed_package_names_its_module_as_an_entry_point(tmp_path: Path) -> None:
    (tmp_path / "case_installed").mkdir()
    (tmp_path / "case_installed" / "__init__.py").write_text(CELL, encoding="utf-8")
    about = tmp_path / "case_installed-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: case-installed\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text("[ltcbench.models]\nany = case_installed\n", encoding="utf-8")
    sys.path.append(str(tmp_path))
    assert models.options_of("my_cell") == {"rate": 0.5}
    assert registered.code(model="my_cell")["model"]["from"] == "case_installed"


def test_a_file_called_like_a_module_of_python(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has the name of the module .*colorsys\.py: call it otherwise"):
        load(tmp_path / "colorsys.py", CELL)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--with", "nowhere.py", "train"], "--with nowhere.py: there is no such file or package"),
        (["train", "--with"], "--with names nothing: expected e.g. --with my_cells.py"),
        (["train", "--config-dir=nowhere"], "--config-dir nowhere is not a folder"),
    ],
)
def test_what_is_named_is_not_there(arguments: list[str], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        named.taken(arguments)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("with = 3\n", "with = 3 names nothing"),
        ("wiht = []\n", "unknown key of .* 'wiht': did you mean with"),
        ("with = [", "cannot be read"),
        ('with = "gone.py"\n', r"ltcbench\.toml gone\.py: there is no such file"),
    ],
)
def test_a_toml_that_is_not_right(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "ltcbench.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=sentence):
        named.code()


def test_a_toml_in_a_run_folder_names_nothing(tmp_path: Path) -> None:
    for name in ("config.yaml", "checkpoint.pt", "ltcbench.toml"):
        (tmp_path / name).touch()
    with pytest.raises(UserError, match="lies in the folder of a run"):
        named.code()


def test_as_a_command_they_end_with_status_2(ltcbench: Run, cell: Path, tmp_path: Path) -> None:
    short = ["model=my_cell", "task=cheetah", "task.source=synthetic"]
    told = ltcbench("--with", "my_cells.py", "train", *short, "model.rate=fast", status=2).stderr
    assert told == "ltcbench: model.rate=fast is not a number: expected e.g. model.rate=0.001.\n"
    cell.write_text("1 / 0\n", encoding="utf-8")
    told = ltcbench("train", *short, LTCBENCH_WITH="my_cells.py", status=2).stderr
    assert told.startswith(f"ltcbench: {cell}:1 raises ZeroDivisionError (division by zero)")
    assert len(told.splitlines()) == 1
    assert ltcbench("--help").stdout
