import csv
import io
from pathlib import Path

import pytest

from ltcbench.errors import UserError
from ltcbench.paper import tables
from ltcbench.paper.tables import Cell
from ltcbench.reporting import index, published
from ltcbench.reporting.comparison import compare
from ltcbench.reporting.index import Run, data_digest
from ltcbench.reporting.wanted import Composer
from ltcbench.settings.job import tree
from tests.conftest import ROOT

from . import fake

TABLE = tables.table("cfc-walker")
CFC = Cell(TABLE, TABLE.columns["walker"], "cfc").overrides("paper")


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    whole = [fake.run(CFC, seed, 0.64 + seed / 100, status=["finished", "diverged"][seed % 2]) for seed in range(3)]
    short = Cell(TABLE, TABLE.columns["walker"], "ltc").overrides("paper")
    cut = fake.run([*short, "trainer.epochs=5"], 0, 0.7, source="synthetic", best_epoch=None, seconds=None)
    settings = data_digest(tree(fake.job(*CFC)))
    return [*whole, cut, fake.run(CFC, 0, 3.1, model="linear", status="baseline", settings=settings)]


def test_what_was_published_makes_the_same_table(runs: list[Run], tmp_path: Path) -> None:
    def table(found: list[Run]) -> object:
        return compare(TABLE, list(TABLE.cells()), found, ["paper", "clean"], Composer())

    (tmp_path / "cfc-walker.csv").write_text(published.text(published.lines(table(runs))))  # type: ignore[arg-type]
    assert table(published.runs_in(tmp_path, "cfc-walker")) == table(runs)
    assert published.runs_in(tmp_path, "ltc-6") == []


def test_run_folders_are_read_once_for_all_tables(
    runs: list[Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = compare(TABLE, list(TABLE.cells()), runs, ["paper"], Composer())
    (tmp_path / "cfc-walker.csv").write_text(published.text(published.lines(comparison)))
    fake.folder(tmp_path, CFC, 0, 0.6)
    loaded: list[Path] = []
    load = index.load
    monkeypatch.setattr(index, "load", lambda folder: (loaded.append(folder), load(folder))[1])
    found = published.runs_by_table(tmp_path, ["ltc-3", "cfc-walker", "ltc-6"])
    assert list(found) == ["ltc-3", "cfc-walker", "ltc-6"] and loaded == [tmp_path]
    assert [run.value for run in found["ltc-3"]] == [run.value for run in found["ltc-6"]] == [0.6]
    assert len(found["cfc-walker"]) == len(published.read(tmp_path / "cfc-walker.csv"))


def test_each_run_has_a_command_that_makes_it_anew(runs: list[Run]) -> None:
    rows = compare(TABLE, list(TABLE.cells()), runs, ["paper"], Composer()).rows
    commands = [published.command(row, row.runs[0]) for row in rows if row.runs]
    assert commands[:2] == [
        "ltcbench train model=ltc task=walker protocol=paper seed=0 task.source=synthetic trainer.epochs=5",
        "ltcbench train model=cfc task=walker protocol=paper seed=0",
    ]


def test_a_file_that_is_not_one_and_a_folder_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "ltc-6.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="is not a file of published runs"):
        published.runs_in(tmp_path, "ltc-6")
    with pytest.raises(UserError, match="is not a folder"):
        published.runs_in(tmp_path / "nowhere", "ltc-6")


@pytest.mark.parametrize("path", sorted((ROOT / "runs" / "published").glob("*.csv")), ids=lambda path: path.stem)
def test_every_published_run_stands_in_its_table(path: Path) -> None:
    name, *extra = path.stem.split("+")
    table, found = tables.table(name), published.read(path)
    comparison = compare(table, list(table.cells()), found, ["paper", "clean"], Composer(), extra)
    shown = {run for row in comparison.rows for run in row.runs}
    assert {run for run in found if run.status != "baseline"} == shown


PUBLISHED = ROOT / "runs" / "published" / "cfc-walker.csv"


def with_field(name: str, text: str) -> bytes:
    """A published file whose line 3 has this text in a field."""
    rows = list(csv.DictReader(io.StringIO(PUBLISHED.read_text())))[:4]
    rows[1][name] = text
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8", "surrogateescape")


WRONG = [
    *((name, text) for name in ("value", "seconds") for text in ("nan", "inf", "-inf", "1e999", "1e80", "x", "1_0")),
    *((name, text) for name in ("seed", "epochs") for text in ("", "nan", "x", "1.5", "-1", "1_0", "٣", str(10**30))),
    *((name, text) for name in ("best_epoch", "parameters") for text in ("nan", "x", "1.5", "-1", str(10**30))),
    ("seconds", "-1.0"), ("status", "done"), ("status", ""), ("ended", "yesterday"), ("settings", "c9aecf"),
    ("fingerprint", "../../x"), ("fingerprint", ".."), ("fingerprint", "a\\b"), ("task", "../x"), ("model", "a|b"),
    ("model", ""), ("task", "<script>"), ("git", "a\nb"), ("machine", "a\0b"), ("command", "x\ny"), ("torch", "\udcff"),
    ("device", "x" * 201), ("recipe", "x" * 200_000), ("source", "\u202e"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), WRONG, ids=lambda text: repr(text[:30]))
def test_a_field_that_no_run_has_is_told_with_its_line(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(with_field(name, text))
    with pytest.raises(UserError, match=rf"^{path} is not a file of published runs \(line 3: ") as caught:
        published.read(path)
    assert len(str(caught.value)) < 400 and str(caught.value).isprintable()


WHOLE = PUBLISHED.read_bytes()


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", 1), (b"\0" * 1000, 1), (bytes(range(256)) * 9, 1), (WHOLE.partition(b"\n")[2], 1), (b"[]", 1),
        (WHOLE.replace(b"table,column", b"table"), 1), (WHOLE.replace(b"table,column", b"table,column,more"), 1),
        (WHOLE.replace(b",settings", b",seed", 1), 1), (WHOLE[:WHOLE.index(b"\n") + 30], 2), (WHOLE[:-5], None),
        (WHOLE + b"a,b\n", None), (WHOLE + b'"a\n', None), (WHOLE + WHOLE, None),
    ],
)  # fmt: skip
def test_a_file_of_another_form_is_told_with_the_line(content: bytes, line: int | None, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"^{path} is not a file .*\(line {line or '[0-9]+'}: "):
        published.read(path)


def test_what_a_spreadsheet_does_to_a_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xef\xbb\xbf" + WHOLE.replace(b"\n", b"\r\n") + b"\r\n")
    assert published.read(path) == published.read(PUBLISHED)


@pytest.mark.parametrize("kind", ["folder", "loop"])
def test_what_stands_where_a_published_file_should_be_is_told(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "ltc-6.csv"
    path.mkdir() if kind == "folder" else path.symlink_to(path.name)
    with pytest.raises(UserError, match=f"^{path} is not a file of published runs"):
        published.runs_in(tmp_path, "ltc-6")


def test_a_name_that_no_file_can_have_is_none(tmp_path: Path) -> None:
    assert published.runs_in(tmp_path, "ltc-6", [f"trainer.epochs={'1' * 300}"]) == []
