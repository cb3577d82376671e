"""Tables as a pandas DataFrame: ``ltcbench.results``."""

from pathlib import Path

import pandas as pd

from ltcbench import places
from ltcbench.paper import selection, tables
from ltcbench.reporting import formats, published
from ltcbench.reporting.comparison import compare
from ltcbench.reporting.wanted import Composer


def results(table: str | None = None, protocol: str = "paper", source: str | Path | None = None) -> pd.DataFrame:
    """The papers' numbers and ours: a line a cell and protocol, run or not, as in ``table --format csv``.

    Args:
        table: one of ``ltcbench list tables`` that is made of runs; None: all of them.
        protocol: ``paper``, ``clean`` or ``both``.
        source: a folder of run folders or published files, None: the folder of runs.

    Raises:
        UserError: no such table, protocol or folder.
    """
    chosen = [tables.table(name) for name in (tables.names() if table is None else [table])]
    protocols, composer = selection.protocols(protocol), Composer()
    folder = places.runs() if source is None else Path(source)
    runs = published.runs_by_table(folder, [found.name for found in chosen])
    every = [compare(found, list(found.cells()), runs[found.name], protocols, composer) for found in chosen]
    composer.save()
    lines = [formats.values(row) for comparison in every for row in comparison.rows]
    found: pd.DataFrame = pd.DataFrame(lines, columns=formats.COLUMNS)
    return found
