"""Text on a terminal, and what was typed there."""

import argparse
from collections.abc import Sequence
from typing import NoReturn

from ltcbench.errors import UserError


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Columns of text under a head; the columns ``right`` are flush right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()

    return "\n".join([line(head), line(["-" * width for width in widths]), *map(line, rows)])


class Parser(argparse.ArgumentParser):
    """Reads the flags of a command; what is wrong with them is told in one sentence."""

    def error(self, message: str) -> NoReturn:
        """Raise a UserError."""
        raise UserError(f"{message}: see `{self.prog} --help`.")
