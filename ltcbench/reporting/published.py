"""Published results: a small CSV file a table, a line a run, with the command and the versions that made it."""

import csv
import io
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
    return read(path) if path.is_file() else runs_by_table(folder, [table])[table]


def runs_by_table(folder: Path, tables: Sequence[str]) -> dict[str, list[Run]]:
    """The same for several tables; run folders are read once for all.

    Raises:
        UserError: there is no such folder.
    """
    if not folder.is_dir() and folder != places.runs():
        raise UserError(f"{folder} is not a folder: expected one of run folders or of published files.")
    files = {table: file(folder, table) for table in tables}
    found = {table: read(path) for table, path in files.items() if path.is_file()}
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
    return _to_csv(found, {"table": [comparison.table.name] * len(found), "column": columns, "command": commands})


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
    """The runs of a published file.

    Raises:
        UserError: it is not one.
    """
    kinds = get_type_hints(Run)
    try:
        with path.open(newline="") as file:
            return [Run(**{key: _typed(row[key], kind) for key, kind in kinds.items()}) for row in csv.DictReader(file)]
    except (KeyError, ValueError) as error:
        raise UserError(
            f"{path} is not a file of published runs ({error}): expected what ltcbench table --publish writes."
        ) from None


def _typed(text: str, kind: Any) -> Any:
    if kind is str:
        return text
    if kind in (int, int | None):
        return int(text) if text or kind is int else None
    return float(text) if text else None
