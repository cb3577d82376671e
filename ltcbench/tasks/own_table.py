"""A text table of the user's own; whatever is wrong with it is told with its line."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ltcbench.errors import UserError, unknown
from ltcbench.tasks.sequences import Array

MISSING = ("", "?", "na", "nan", "null")  # as small letters


@dataclass(frozen=True)
class OwnTable:
    """A table whose cells are text.

    Attributes:
        path: the file.
        columns: name -> cells (rows,) of text, without blanks around them.
        lines: line of each row in the file (rows,), from 1.
    """

    path: Path
    columns: dict[str, Array]
    lines: Array

    @classmethod
    def read(cls, path: Path, separator: str) -> "OwnTable":
        """The table in ``path``, whose first line names the columns; blank lines are skipped.

        Raises:
            UserError: unreadable, not UTF-8, no rows, a name twice, or a line with another number of cells.
        """
        rows, lines = [], []
        try:
            with path.open(newline="", encoding="utf-8-sig") as stream:
                reader = csv.reader(stream, delimiter=separator)
                header = [name.strip() for name in next(reader, [])]
                for row in reader:
                    if row and len(row) != len(header):
                        raise UserError(
                            f"{path}, line {reader.line_num}: {len(row)} cells, expected {len(header)} as in the "
                            f"header: mend the line, or set task.separator."
                        )
                    if row:
                        rows.append([cell.strip() for cell in row])
                        lines.append(reader.line_num)
        except OSError as error:
            raise UserError(f"cannot read {path} ({error.strerror}): check task.path and its rights.") from None
        except (csv.Error, UnicodeDecodeError, TypeError) as error:
            raise UserError(f"{path} is not a text table ({error}): expected UTF-8 and task.separator.") from None
        if not rows:
            raise UserError(f"{path} has no rows, expected a header and a row for each step.")
        if len(set(header)) < len(header):
            twice = next(name for name in header if header.count(name) > 1)
            raise UserError(f"{path} has two columns {twice!r}: give each its own name.")
        cells = np.array(rows, dtype=object)
        return cls(path, {name: cells[:, place] for place, name in enumerate(header)}, np.array(lines))

    def column(self, name: str) -> Array:
        """The cells of a column (rows,).

        Raises:
            UserError: there is no such column.
        """
        if name not in self.columns:
            raise unknown(f"column of {self.path}", name, self.columns)
        return self.columns[name]

    def texts(self, name: str) -> Array:
        """The cells of a column (rows,), none of them missing.

        Raises:
            UserError: there is no such column, or a cell is missing.
        """
        cells = self.column(name)
        for row in np.flatnonzero(missing(cells))[:1]:
            raise self.wrong(row, name, "expected a name; fill it in or leave the line out")
        return cells

    def numbers(self, name: str, gaps: bool) -> Array:
        """The numbers of a column (rows,) float64, NaN where one is missing.

        Args:
            name: the column.
            gaps: numbers may be missing.

        Raises:
            UserError: there is no such column, or a cell is not a finite number.
        """
        cells = self.column(name)
        empty = missing(cells)
        values = pd.to_numeric(pd.Series(np.where(empty, "nan", cells)), errors="coerce").to_numpy(np.float64)
        for row in np.flatnonzero(~np.isfinite(values) & ~(empty & gaps))[:1]:
            raise self.wrong(row, name, "expected a number" + (" or an empty cell" if gaps else ""))
        return values

    def times(self, name: str) -> Array:
        """The times of a column (rows,) float64: its numbers, or seconds from the first row where it holds dates.

        Raises:
            UserError: there is no such column, or a cell is no time.
        """
        cells = self.column(name)
        if not np.isnan(pd.to_numeric(pd.Series(cells), errors="coerce")).all():
            return self.numbers(name, gaps=False)
        dates = pd.to_datetime(pd.Series(cells), errors="coerce", format="ISO8601", utc=True)
        for row in np.flatnonzero(dates.isna())[:1]:
            raise self.wrong(row, name, "expected a number or a date like 2026-06-11 09:30:00")
        return (dates - dates.iloc[0]).dt.total_seconds().to_numpy()

    def wrong(self, row: int, name: str, told: str) -> UserError:
        """The error for the cell of a row in a column."""
        return UserError(f"{self.path}, line {self.lines[row]}, column {name}: {self.columns[name][row]!r}: {told}.")

    def taken(self, rows: Sequence[int] | Array) -> "OwnTable":
        """The table of these rows, in this order."""
        return OwnTable(self.path, {name: cells[rows] for name, cells in self.columns.items()}, self.lines[rows])


def missing(cells: Array) -> Array:
    """Which cells (rows,) stand for nothing."""
    return np.isin(np.char.lower(cells.astype(str)), MISSING)
