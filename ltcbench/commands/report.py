"""``ltcbench report``: all tables with pictures, as one page that needs no network."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ltcbench import places
from ltcbench.files import write
from ltcbench.paper import claims, selection, tables
from ltcbench.terminal import Parser

if TYPE_CHECKING:
    from ltcbench.reporting.comparison import Comparison
    from ltcbench.reporting.effects import Turns
    from ltcbench.reporting.wanted import Composer


def main(arguments: list[str]) -> int:
    """Write the page."""
    parser = Parser("ltcbench report", description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help="of run folders or published files")
    parser.add_argument(
        "--row", action="append", default=[], metavar="MODEL", help="a further row, e.g. your own model"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: report/index.html in the folder of runs")
    parser.add_argument("--figures", type=Path, metavar="FOLDER", help="also write its pictures there, as SVG and PDF")
    options = parser.parse_args(arguments)

    from ltcbench.experiments.exhibits import exhibit
    from ltcbench.reporting import figure_files, published
    from ltcbench.reporting.learning_curves import Curves
    from ltcbench.reporting.report import report
    from ltcbench.reporting.wanted import Composer
    from ltcbench.running.versions import versions

    folder, composer = options.source or places.runs(), Composer()
    comparisons, turned = _compared(folder, options.row, composer)
    if (
        options.source is None
        and published.folder().is_dir()
        and not any(row.runs for c in comparisons for row in c.rows)
    ):
        print(f"no run in {folder} stands in a table: these are the published ones.", file=sys.stderr)
        folder = published.folder()
        comparisons, turned = _compared(folder, options.row, composer)
    composer.save()
    curves = Curves(folder)
    made = [exhibit(claims.claim(name), selection.protocols("both"), options.source) for name in claims.names()]
    path: Path = options.out or places.runs() / "report" / "index.html"
    write(path, report(comparisons, curves, versions(), made, turned).encode())
    print(path)
    for file in figure_files.write_all(options.figures, comparisons, curves, turned) if options.figures else ():
        print(file)
    return 0


def _compared(folder: Path, rows: Sequence[str], composer: "Composer") -> "tuple[list[Comparison], list[Turns]]":
    """Every table, with further rows, with the runs in a folder; and what turned switches do there."""
    from ltcbench.reporting import effects, published
    from ltcbench.reporting.comparison import compare

    both = selection.protocols("both")
    comparisons: list[Comparison] = []
    turned: list[Turns] = []
    for name, every in published.runs_by_table(folder, tables.names()).items():
        table = selection.with_rows(tables.table(name), rows)
        cells = list(table.cells())
        comparisons.append(compare(table, cells, every, both, composer))
        turned += effects.compare(table, cells, [*every, *effects.apart(folder, table)], "off", composer)
    return comparisons, turned
