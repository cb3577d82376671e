"""Published results: a small CSV file a table, a line a run, with the command and the versions that made it."""

import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import quote

from ltcbench import places
from ltcbench.errors import UserError
from ltcbench.reporting import index
from ltcbench.reporting.comparison import Comparison
from ltcbench.reporting.index import Run
from ltcbench.reporting.rows import OFFICIAL, Row

KINDS = get_type_hints(Run)
MORE = ("table", "column", "command")  # columns before those of a run


def folder() -> Path:
    """Where published files lie."""
    return places.runs() / "published"


def file(folder: Path, table: str, extra: Sequence[str] = ()) -> Path:
    """The published file of a table, or of its runs with the overrides ``extra`` besides the table's own."""
    return folder / f"{'+'.join([table, *(quote(override, safe='=,[]') for override in extra)])}.csv"


def runs_in(folder: Path, table: str, extra: Sequence[str] = ()) -> list[Run]:
    """The runs for a table in a folder of published files, or all in one of run folders.

    Raises:
        UserError: there is no such folder.
    """
    path = file(folder, table, extra)
    return read(path) if os.path.lexists(path) else runs_by_table(folder, [table])[table]


def runs_by_table(folder: Path, tables: Sequence[str]) -> dict[str, list[Run]]:
    """The same for several tables; run folders are read once for all.

    Raises:
        UserError: there is no such folder.
    """
    if not folder.is_dir() and folder != places.runs():
        raise UserError(f"{folder} is not a folder: expected one of run folders or of published files.")
    files = {table: file(folder, table) for table in tables}
    found = {table: read(path) for table, path in files.items() if os.path.lexists(path)}
    every = index.load(folder) if len(found) < len(files) else []
    return {table: found.get(table, every) for table in tables}


def every(folder: Path) -> list[Run]:
    """The runs of every published file in a folder, those that no cell counts any more included.

    Raises:
        UserError: one of the files is damaged.
    """
    return [run for path in sorted(folder.glob("**/*.csv")) for run in read(path)]


@dataclass(frozen=True)
class Line:
    """A line of a published file.

    Attributes:
        table, column: where the run stands.
        command: what makes it anew.
        run: the run, or what needs no network.
    """

    table: str
    column: str
    command: str
    run: Run


def lines(comparison: Comparison, extra: Sequence[str] = ()) -> list[Line]:
    """A table's lines: the runs behind every cell, then what needs no network; ``extra`` as in ``file``."""
    name = comparison.table.name
    found: dict[Run, Line] = {}
    for row in comparison.rows:
        for run in row.runs:
            found.setdefault(run, Line(name, row.cell.column.name, command(row, run, extra), run))
    for (column, protocol), baselines in comparison.baselines.items():
        for run in baselines:
            found.setdefault(run, Line(name, column, f"ltcbench show task={run.task} protocol={protocol}", run))
    return list(found.values())


def command(row: Row, run: Run, extra: Sequence[str] = ()) -> str:
    """The command that makes a run anew; ``extra`` as in ``file``."""
    overrides = [*row.cell.overrides(row.protocol), *extra, f"seed={run.seed}"]
    if run.source not in OFFICIAL:
        overrides.append(f"task.source={run.source}")
    if any(mark.startswith("cut short") for mark in row.marks):
        overrides.append(f"trainer.epochs={run.epochs}")
    return f"ltcbench train {' '.join(dict.fromkeys(overrides))}"


def text(lines: Iterable[Line]) -> str:
    """The file of these lines."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*MORE, *index.FIELDS])
    for line in lines:
        values = ("" if value is None else value for value in astuple(line.run))
        writer.writerow([line.table, line.column, line.command, *values])
    return text.getvalue()


def read(path: Path) -> list[Run]:
    """The runs of a published file; errors as for ``read_lines``."""
    return [line.run for line in read_lines(path)]


def read_lines(path: Path) -> list[Line]:
    """The lines of a published file, which may be other people's: every field is checked.

    Raises:
        UserError: it is not one; names the line.
    """
    where = ""
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="surrogateescape")
        where = "line 1: "
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        names = next(rows, [])
        if sorted(names) != sorted([*MORE, *index.FIELDS]):
            raise ValueError("its columns are others")
        found: list[Line] = []
        while True:
            where = f"line {rows.line_num + 1}: "
            values = next(rows, None)
            if values is None:
                return found
            if values:
                found.append(_line(names, values))
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(
            f"{path} is not a file of published runs ({where}{error}): expected what ltcbench table --publish writes."
        ) from None


def _line(names: Sequence[str], values: Sequence[str]) -> Line:
    """A line from its fields.

    Raises:
        ValueError: no run can be like this.
    """
    if len(values) != len(names):
        raise ValueError(f"{len(values)} fields instead of {len(names)}")
    row = dict(zip(names, values, strict=True))
    run = Run(**{name: _typed(row[name], kind) for name, kind in KINDS.items()})
    wrong = index.fault(run) or next((name for name in MORE if not row[name].isprintable()), "")
    if wrong:
        raise ValueError(f"{wrong} is {row[wrong][:40]!r}")
    return Line(row["table"], row["column"], row["command"], run)


def _typed(text: str, kind: Any) -> Any:
    """A field as its type; left as it is where it is not of it, which ``index.fault`` then finds."""
    if kind is str:
        return text
    if kind in (int, int | None):
        return int(text) if re.fullmatch("[0-9]{1,20}", text) else text or None
    return float(text) if re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]+)?(e[-+]?[0-9]{1,3})?", text) else text or None
