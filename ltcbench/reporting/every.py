"""Several tables of the papers at once."""

from collections.abc import Sequence
from pathlib import Path

from ltcbench.paper import tables
from ltcbench.reporting import published
from ltcbench.reporting.comparison import Comparison, compare
from ltcbench.reporting.wanted import Composer


def every_table(folder: Path, names: Sequence[str], protocols: Sequence[str]) -> list[Comparison]:
    """The tables of these names, whole, with the runs in a folder of run folders or of published files.

    Raises:
        UserError: there is no such folder.
    """
    composer = Composer()
    found = []
    for name, runs in published.runs_by_table(folder, names).items():
        table = tables.table(name)
        found.append(compare(table, list(table.cells()), runs, protocols, composer))
    composer.save()
    return found
