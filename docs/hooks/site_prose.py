"""Markdown from plain text: docstrings, help texts, comments."""

import re
from collections.abc import Iterable, Sequence

_CODE = re.compile(r"(`+)(.+?)\1")
_SPECIAL = re.compile(r"[\\<>*_\[\]|]")


def escaped(text: str) -> str:
    """Text with no meaning to Markdown but for ``code``."""
    parts, end = [], 0
    for code in _CODE.finditer(text):
        parts += [_plain(text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, _plain(text[end:])])


def _plain(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", text)


def code(text: str) -> str:
    """Text as code, with as many marks around it as it needs."""
    if not text:
        return ""
    marks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{marks}{text}{marks}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown. On a phone a row is a block of lines."""
    lines = "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ["---"] * len(head), *rows))
    return f'<div class="keys" markdown>\n\n{lines}\n</div>'
