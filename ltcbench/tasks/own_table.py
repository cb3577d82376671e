"""A text table of the user's own; whatever is wrong with it is told with its line."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltcbench.errors import UserError, unknown
from ltcbench.tasks.own_cells import MISSING, Notation
from ltcbench.tasks.sequences import Array

LARGEST = float(np.finfo(np.float32).max)  # of the numbers that the arrays of a task can hold


@dataclass(frozen=True)
class OwnTable:
    """A table whose cells are text.

    Attributes:
        path: the file.
        notation: how it is written.
        header: names of the columns; only those that are asked for need one of their own.
        cells: (rows, columns) of text, without blanks around them.
        lines: first line of each row in the file (rows,), from 1.
    """

    path: Path
    notation: Notation
    header: tuple[str, ...]
    cells: Array
    lines: Array

    @classmethod
    def read(cls, path: Path, notation: Notation) -> "OwnTable":
        """The table in ``path``, whose first row names the columns; rows without any content are skipped.

        Raises:
            UserError: unreadable, not UTF-8, no rows, or a line with another number of cells than the header.
        """
        try:
            with path.open(newline="", encoding="utf-8-sig") as stream:
                rows = _rows(stream, notation.separator)
                header = next(rows, (1, []))[1]
                found = [(line, _fitted(path, line, row, header)) for line, row in rows]
        except OSError as error:
            raise UserError(f"cannot read {path} ({error.strerror}): check task.path and its rights.") from None
        except (csv.Error, UnicodeDecodeError) as error:
            raise UserError(f"{path} is not a text table ({error}): expected one in UTF-8, save it so.") from None
        if not found:
            raise UserError(f"{path} has no rows, expected a header and a row for each step.")
        cells = np.array([row for _, row in found], dtype=object)
        return cls(path, notation, tuple(header), cells, np.array([line for line, _ in found]))

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, name: str) -> Array:
        """The cells of a column (rows,).

        Raises:
            UserError: there is no such column, or there are two.
        """
        if name not in self.header:
            for column in self.header:
                if _as_read(column) == name:
                    raise UserError(
                        f"unknown column of {self.path} '{name}': did you mean {column}, which has to be quoted as in "
                        f"'task.id=\"{column}\"'."
                    )
            raise unknown(f"column of {self.path}", name, {*self.header} - {""})
        if self.header.count(name) > 1:
            raise UserError(f"{self.path} has two columns {name!r}: give each its own name.")
        return self.cells[:, self.header.index(name)]

    def absent(self, name: str) -> Array:
        """Which cells of a column (rows,) stand for nothing; error as for ``column``."""
        return self.notation.absent(self.column(name))

    def texts(self, columns: Sequence[str], expected: str) -> Array:
        """The cells of one or more columns, joined by a blank (rows,).

        Args:
            columns: their names.
            expected: what each cell should be, e.g. ``"a time"``.

        Raises:
            UserError: there is no such column, or a cell is missing.
        """
        cells = self._filled(columns, expected)
        return cells[0] if len(cells) == 1 else np.array(list(map(" ".join, zip(*cells, strict=True))), dtype=object)

    def names(self, columns: Sequence[str]) -> Array:
        """A text for each row (rows,), another one where any of the columns is another; errors as for ``texts``."""
        cells = self._filled(columns, "a name")
        # JSON, so that "a" and "b c" are not "a b" and "c"
        return cells[0] if len(cells) == 1 else np.array([json.dumps(row) for row in zip(*cells, strict=True)], object)

    def _filled(self, columns: Sequence[str], expected: str) -> list[Array]:
        """The cells of columns without gaps; codes for missing inputs mean nothing here: a name may well be 0."""
        for name in columns:
            empty = np.array([cell.lower() in MISSING for cell in self.column(name)])
            for row in np.flatnonzero(empty)[:1]:
                raise self.wrong(row, [name], f"expected {expected}; fill it in or leave the line out")
        return [self.column(name) for name in columns]

    def numbers(self, name: str, gaps: bool) -> Array:
        """The numbers of a column (rows,) float64, NaN where one is missing.

        Args:
            name: the column.
            gaps: numbers may be missing.

        Raises:
            UserError: there is no such column, or a cell is not a number that the arrays can hold.
        """
        values = self.notation.numbers(self.column(name))
        empty = self.absent(name)
        values[empty] = np.nan
        for row in np.flatnonzero(~(np.abs(values) <= LARGEST) & ~(empty & gaps))[:1]:
            raise self.wrong(row, [name], _no_number(values[row], gaps, self.notation.decimal))
        return values

    def wrong(self, row: int, columns: Sequence[str], told: str) -> UserError:
        """The error for the cells of a row in these columns."""
        cells = " ".join(self.column(name)[row] for name in columns)
        return UserError(f"{self.path}, line {self.lines[row]}, column {' and '.join(columns)}: {cells!r}: {told}.")

    def taken(self, rows: Sequence[int] | Array) -> "OwnTable":
        """The table of these rows, in this order."""
        return OwnTable(self.path, self.notation, self.header, self.cells[rows], self.lines[rows])


def _rows(stream: Iterator[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """First line and cells of each row that has any content."""
    reader = csv.reader(stream, delimiter=separator)
    end = 0
    for row in reader:
        begin, end = end + 1, reader.line_num  # a quoted cell may go over several lines
        cells = [cell.strip() for cell in row]
        if any(cells):
            yield begin, cells


def _fitted(path: Path, line: int, row: list[str], header: list[str]) -> list[str]:
    """A row with as many cells as the header: empty ones may be too many, nameless ones too few."""
    width = len(header)
    if any(row[width:]) or any(header[len(row) :]):
        raise UserError(
            f"{path}, line {line}: {len(row)} cells, expected {width} as in the header: mend the line, or set "
            f"task.separator."
        )
    return [*row, *header[len(row) :]][:width]


def _as_read(name: str) -> str:
    """What is left of the name of a column that is not quoted on the command line: 01 is the number 1 there."""
    try:
        return str(int(name))
    except ValueError:
        return name


def _no_number(value: float, gaps: bool, decimal: str) -> str:
    """What is wrong with a cell that was read as ``value``."""
    if not np.isnan(value):
        return f"too large, expected a number of at most {LARGEST:.1e}; mend it"
    if gaps:
        return f"expected a number or an empty cell; mend it, or set task.missing, or task.decimal (now {decimal})"
    return f"expected a number; mend it or leave the line out, or set task.decimal (now {decimal})"
