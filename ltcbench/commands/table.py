"""``ltcbench table TABLE [key=value ...]``: a table of a paper, ours beside it, with verdicts."""

from pathlib import Path

from ltcbench import places
from ltcbench.errors import UserError, unknown
from ltcbench.files import write
from ltcbench.paper import selection, tables
from ltcbench.terminal import Parser

FORMATS = ("term", "md", "tex", "csv", "html")


def run(arguments: list[str]) -> int:
    """Print the table, or publish the runs behind it."""
    parser = Parser("ltcbench table", description=__doc__)
    parser.add_argument("table", metavar="TABLE", help="ltcbench list tables")
    parser.add_argument(
        "overrides", metavar="key=value", nargs="*", help="settings of the runs besides the table's own"
    )
    parser.add_argument("--format", default="term", metavar="|".join(FORMATS))
    parser.add_argument("--protocol", default="paper", metavar="|".join(selection.PROTOCOLS), help="default: paper")
    parser.add_argument(
        "--only", action="append", default=[], metavar="key=value", help="model, task, column or metric"
    )
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help="of run folders or published files")
    parser.add_argument("--publish", action="store_true", help="write the runs behind it to a file in runs/published")
    options = parser.parse_intermixed_args(arguments)
    if options.format not in FORMATS:
        raise unknown("format", options.format, FORMATS)
    table = tables.table(options.table)
    cells = list(table.cells())
    only = selection.chosen(cells, options.only)
    selection.check_overrides(options.overrides)
    if options.publish and options.only:
        raise UserError("--publish writes a whole table: leave out --only.")

    from ltcbench.reporting import formats, html, published
    from ltcbench.reporting.comparison import compare
    from ltcbench.reporting.wanted import Composer

    protocols = selection.protocols("both" if options.publish else options.protocol)
    composer = Composer()
    every = published.runs_in(options.source or places.runs(), table.name, options.overrides)
    chosen = only if options.overrides else cells  # else the verdicts are those of the whole table
    comparison = compare(table, chosen, every, protocols, composer, options.overrides)
    composer.save()
    if options.publish:
        path = published.file(published.folder(), table.name, options.overrides)
        write(path, published.text(comparison, options.overrides).encode())
        print(path)
        return 0
    comparison = comparison.only(only)
    formatted = {"csv": lambda c: formats.to_csv([c]), "html": html.standalone, "md": formats.md, "tex": formats.tex}
    print(formatted.get(options.format, formats.term)(comparison), end="")
    return 0
