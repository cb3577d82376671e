"""Text on a terminal, and what was typed there."""

import argparse
import codecs
import io
import sys
from collections.abc import Sequence
from typing import NoReturn

from ltcbench.errors import UserError

_SUBSTITUTES = {
    **{"±": "+-", "×": "x", "·": "*", "•": "*", "→": "->", "≤": "<=", "≥": ">=", "∞": "inf", "ß": "ss"},
    **{"†": "+", "‡": "++", "§": "S"},
    **dict.fromkeys("–—−", "-"),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”", '"'),
}


def never_fail_to_print() -> None:
    """Let standard output and standard error show a substitute for a character that their encoding lacks."""
    codecs.register_error("ltcbench.substitute", _substituted)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="ltcbench.substitute")


def _substituted(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_substitute, error.object[error.start : error.end])), error.end


def _substitute(character: str) -> str:
    """ASCII for a character: one that is told above, its letter without marks, a Greek letter's name, or ``?``."""
    import unicodedata

    if character in _SUBSTITUTES:
        return _SUBSTITUTES[character]
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    kind, _, name = unicodedata.name(character, "").rpartition(" ")
    if kind.startswith("GREEK") and kind.endswith("LETTER"):
        return name.lower() if "SMALL" in kind else name.capitalize()
    return plain or "?"


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
