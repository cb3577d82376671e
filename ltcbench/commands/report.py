"""``ltcbench report``: all tables with pictures, as one page that needs no network."""

from pathlib import Path

from ltcbench import places
from ltcbench.files import write
from ltcbench.paper import claims, selection, tables
from ltcbench.terminal import Parser


def run(arguments: list[str]) -> int:
    """Write the page."""
    parser = Parser("ltcbench report", description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help="of run folders or published files")
    parser.add_argument(
        "--row", action="append", default=[], metavar="MODEL", help="a further row, e.g. your own model"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: report/index.html in the folder of runs")
    options = parser.parse_args(arguments)

    from ltcbench.experiments.tables import exhibit
    from ltcbench.reporting import effects, published
    from ltcbench.reporting.comparison import compare
    from ltcbench.reporting.report import report
    from ltcbench.reporting.wanted import Composer
    from ltcbench.running.versions import versions

    folder = options.source or places.runs()
    composer = Composer()
    comparisons, turned = [], []
    for name, every in published.runs_by_table(folder, tables.names()).items():
        table = selection.with_rows(tables.table(name), options.row)
        turned += effects.compare(table, list(table.cells()), [*every, *effects.apart(folder, table)], "off", composer)
        comparisons.append(compare(table, list(table.cells()), every, selection.protocols("both"), composer))
    composer.save()
    made = [exhibit(claims.claim(name), selection.protocols("both"), options.source) for name in claims.names()]
    path: Path = options.out or places.runs() / "report" / "index.html"
    write(path, report(comparisons, folder, versions(), made, turned).encode())
    print(path)
    return 0
