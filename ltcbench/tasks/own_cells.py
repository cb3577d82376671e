"""How the cells of a user's table are written: what stands between them, what is a number, what means nothing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ltcbench.errors import UserError
from ltcbench.tasks.sequences import Array

MISSING = ("", "?", "na", "nan", "null")  # as small letters
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "blank": " ", "pipe": "|"}
DECIMALS = {".": ".", "point": ".", ",": ",", "comma": ","}


@dataclass(frozen=True)
class Notation:
    """How a table is written.

    Attributes:
        separator: the character between two cells.
        decimal: the sign before the fraction of a number.
        missing: the texts that stand for nothing, as small letters.
    """

    separator: str
    decimal: str
    missing: frozenset[str]

    @classmethod
    def of(cls, separator: str, decimal: str, missing: str | Sequence[str]) -> "Notation":
        """The notation that the settings of the task ask for.

        Raises:
            UserError: no character that could separate cells, no decimal sign, or one character for both.
        """
        between, sign = SEPARATORS.get(separator, separator), DECIMALS.get(decimal)
        if len(between) != 1 or between in '"\r\n':
            raise UserError(
                f"task.separator={separator!r} is no separator: expected one character, or {', '.join(SEPARATORS)}, "
                f"e.g. task.separator=tab."
            )
        if sign is None:
            raise UserError(f"task.decimal={decimal!r} is no decimal sign: expected . or , as in 'task.decimal=\",\"'.")
        if sign == between:
            raise UserError(
                f"task.decimal and task.separator are both {sign!r}: expected two signs, "
                f"e.g. task.separator=semicolon for a table with decimal commas."
            )
        further = [missing] if isinstance(missing, str) else missing
        return cls(between, sign, frozenset([*MISSING, *(text.strip().lower() for text in further)]))

    def plain(self, cells: Iterable[str]) -> list[str]:
        """The numbers as Python writes them, ``nan`` for a cell that is none.

        Python's own ``float`` would take ``1_000`` and digits of every script too.
        """
        sign = re.escape(self.decimal)
        number = re.compile(rf"[+-]?(\d+({sign}\d*)?|{sign}\d+)([eE][+-]?\d+)?", re.ASCII)
        return [cell.replace(self.decimal, ".") if number.fullmatch(cell) else "nan" for cell in cells]

    def numbers(self, cells: Iterable[str]) -> Array:
        """The numbers (rows,) float64, NaN for a cell that is none, infinite for one that is too large."""
        return np.array(self.plain(cells), dtype=object).astype(np.float64)

    def absent(self, cells: Array) -> Array:
        """Which cells (rows,) stand for nothing, by their text or as a number."""
        found = np.array([cell.lower() in self.missing for cell in cells], dtype=bool)
        codes = self.numbers(text.replace(".", self.decimal) for text in self.missing)
        codes = codes[~np.isnan(codes)]
        return found | np.isin(self.numbers(cells), codes) if len(codes) else found
