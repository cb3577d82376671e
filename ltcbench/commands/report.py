"""``ltcbench report``: all tables with pictures, as one page that needs no network."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ltcbench import places
from ltcbench.files import write
from ltcbench.paper import claims, selection, tables
from ltcbench.terminal import Parser

if TYPE_CHECKING:
    from ltcbench.reporting.comparison import Comparison
    from ltcbench.reporting.wanted import Composer


def run(arguments: list[str]) -> int:
    """Write the page."""
    parser = Parser("ltcbench report", description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help="of run folders or published files")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: report/index.html in the folder of runs")
    parser.add_argument("--figures", type=Path, metavar="FOLDER", help="also write its pictures there, as SVG and PDF")
    options = parser.parse_args(arguments)

    from ltcbench.experiments.tables import exhibit
    from ltcbench.reporting import figures, published
    from ltcbench.reporting.curves import Curves
    from ltcbench.reporting.report import report
    from ltcbench.reporting.wanted import Composer
    from ltcbench.running.versions import versions

    folder, composer = options.source or places.runs(), Composer()
    comparisons = _compared(folder, composer)
    if (
        options.source is None
        and published.folder().is_dir()
        and not any(row.runs for c in comparisons for row in c.rows)
    ):
        print(f"no run in {folder} stands in a table: these are the published ones.", file=sys.stderr)
        folder = published.folder()
        comparisons = _compared(folder, composer)
    composer.save()
    curves = Curves(folder)
    made = [exhibit(claims.claim(name), selection.protocols("both"), options.source) for name in claims.names()]
    path: Path = options.out or places.runs() / "report" / "index.html"
    write(path, report(comparisons, curves, versions(), made).encode())
    print(path)
    for file in figures.write_all(options.figures, comparisons, curves) if options.figures else ():
        print(file)
    return 0


def _compared(folder: Path, composer: "Composer") -> "list[Comparison]":
    """Every table with the runs in a folder."""
    from ltcbench.reporting import published
    from ltcbench.reporting.comparison import compare

    both = selection.protocols("both")
    by_table = published.runs_by_table(folder, tables.names())
    named = {name: tables.table(name) for name in by_table}
    return [compare(named[name], list(named[name].cells()), runs, both, composer) for name, runs in by_table.items()]
