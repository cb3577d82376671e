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
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: report/index.html in the folder of runs")
    options = parser.parse_args(arguments)

    from ltcbench.experiments.tables import exhibit
    from ltcbench.reporting.every import every_table
    from ltcbench.reporting.report import report
    from ltcbench.running.versions import versions

    folder = options.source or places.runs()
    comparisons = every_table(folder, tables.names(), selection.protocols("both"))
    made = [exhibit(claims.claim(name), selection.protocols("both"), options.source) for name in claims.names()]
    path: Path = options.out or places.runs() / "report" / "index.html"
    write(path, report(comparisons, folder, versions(), made).encode())
    print(path)
    return 0
