"""BibTeX of the papers and of the data: the entries of ``references.bib`` beside this file."""

import re
from pathlib import Path

from ltcbench.data import cards
from ltcbench.paper import claims, tables

PAPERS = ("ltc", "cfc")


def entries() -> dict[str, str]:
    """Every entry by its key: those of the papers, then a dataset's under the name of its card."""
    text = Path(__file__).with_suffix(".bib").read_text(encoding="utf-8")
    return {
        entry[1]: entry[0] for entry in re.finditer(r"^@\w+\{(\w+),\n.*?^\}\n", text, flags=re.MULTILINE | re.DOTALL)
    }


def behind(table: str) -> dict[str, str]:
    """The entries of both papers and of the data of one table; one that an experiment makes has no data.

    Raises:
        UserError: there is no such table.
    """
    if table in claims.names():
        wanted = set(PAPERS)
    else:
        tasks = {column.task for column in tables.table(table).columns.values()}
        wanted = {*PAPERS, *(card.name for card in map(cards.load, cards.names()) if tasks & set(card.tasks))}
    return {key: entry for key, entry in entries().items() if key in wanted}
