"""Published results: a small CSV file a table, a line a run, with the command and the versions that made it."""

import csv
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
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


def text(comparison: Comparison, extra: Sequence[str] = ()) -> str:
    """The file of a table: the runs behind every cell, then what needs no network; ``extra`` as in ``file``."""
    found: dict[Run, tuple[str, str]] = {}
    for row in comparison.rows:
        for run in row.runs:
            found.setdefault(run, (row.cell.column.name, command(row, run, extra)))
    for (column, protocol), baselines in comparison.baselines.items():
        for run in baselines:
            found.setdefault(run, (column, f"ltcbench show task={run.task} protocol={protocol}"))
    columns, commands = zip(*found.values(), strict=True) if found else ((), ())
    more = [comparison.table.name] * len(found), columns, commands
    return _to_csv(found, dict(zip(MORE, more, strict=True)))


def command(row: Row, run: Run, extra: Sequence[str] = ()) -> str:
    """The command that makes a run anew; ``extra`` as in ``file``."""
    overrides = [*row.cell.overrides(row.protocol), *extra, f"seed={run.seed}"]
    if run.source not in OFFICIAL:
        overrides.append(f"task.source={run.source}")
    if any(mark.startswith("cut short") for mark in row.marks):
        overrides.append(f"trainer.epochs={run.epochs}")
    return f"ltcbench train {' '.join(dict.fromkeys(overrides))}"


def _to_csv(found: Iterable[Run], extra: Mapping[str, Iterable[str]]) -> str:
    """The runs as a CSV file, with further columns ``extra`` in front."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*extra, *index.FIELDS])
    for run, *more in zip(found, *extra.values(), strict=True):
        writer.writerow([*more, *("" if value is None else value for value in astuple(run))])
    return text.getvalue()


def read(path: Path) -> list[Run]:
    """The runs of a published file, which may be other people's: every field is checked.

    Raises:
        UserError: it is not one; names the line.
    """
    where = ""
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="surrogateescape")
        where = "line 1: "
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        names = next(lines, [])
        if sorted(names) != sorted([*MORE, *index.FIELDS]):
            raise ValueError("its columns are others")
        runs: list[Run] = []
        while True:
            where = f"line {lines.line_num + 1}: "
            values = next(lines, None)
            if values is None:
                return runs
            if values:
                runs.append(_run(names, values))
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(
            f"{path} is not a file of published runs ({where}{error}): expected what ltcbench table --publish writes."
        ) from None


def _run(names: Sequence[str], values: Sequence[str]) -> Run:
    """The run of a line.

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
    return run


def _typed(text: str, kind: Any) -> Any:
    """A field as its type; left as it is where it is not of it, which ``index.fault`` then finds."""
    if kind is str:
        return text
    if kind in (int, int | None):
        return int(text) if re.fullmatch("[0-9]{1,20}", text) else text or None
    return float(text) if re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]+)?(e[-+]?[0-9]{1,3})?", text) else text or None
