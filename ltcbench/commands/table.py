"""``ltcbench table TABLE [key=value ...]``: a table of a paper, ours beside it, with verdicts."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ltcbench import places
from ltcbench.errors import UserError, unknown
from ltcbench.paper import claims, selection, tables
from ltcbench.terminal import Parser

if TYPE_CHECKING:
    from ltcbench.paper.tables import Cell, Table
    from ltcbench.reporting.comparison import Comparison
    from ltcbench.reporting.layout import Layout
    from ltcbench.reporting.published import Line
    from ltcbench.reporting.wanted import Composer

FORMATS = ("term", "md", "tex", "csv", "html")
LAYOUTS = ("list", "matrix")
ALL = "all"


def main(arguments: list[str]) -> int:
    """Print the table, or publish the runs behind it."""
    parser = Parser("ltcbench table", description=__doc__)
    parser.add_argument("table", metavar="TABLE", help="ltcbench list tables; all with --summary, --ranks or --duel")
    parser.add_argument(
        "overrides", metavar="key=value", nargs="*", help="settings of the runs besides the table's own"
    )
    parser.add_argument("--format", default="term", metavar="|".join(FORMATS))
    parser.add_argument(
        "--layout",
        default="list",
        metavar="|".join(LAYOUTS),
        help="default: list; matrix: models x columns, for a paper",
    )
    parser.add_argument("--protocol", metavar="|".join(selection.PROTOCOLS), help="default: paper")
    parser.add_argument(
        "--switches", nargs="?", const="off", metavar="off|on", help="what each quirk does that is turned off, or on"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="key=value", help="model, task, column or metric"
    )
    parser.add_argument(
        "--row", action="append", default=[], metavar="MODEL", help="a further row, e.g. your own model"
    )
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help="of run folders or published files")
    parser.add_argument("--publish", action="store_true", help="put the runs behind it into its file in runs/published")
    parser.add_argument("--summary", action="store_true", help="a line a table: what became of its cells")
    parser.add_argument("--ranks", action="store_true", help="all: mean ranks over tasks; --format svg is the picture")
    parser.add_argument("--duel", metavar="MODEL,RIVAL", help="two models against each other, column by column")
    options = parser.parse_intermixed_args(arguments)
    if options.switches is not None:
        from ltcbench.reporting import switches

        switches.asked(options.switches, options.protocol)
    options.protocol = options.protocol or "paper"
    formats_here = (*FORMATS, "svg") if options.ranks else FORMATS
    if options.format not in formats_here:
        raise unknown("format", options.format, formats_here)
    if options.layout not in LAYOUTS:
        raise unknown("layout", options.layout, LAYOUTS)
    if options.summary or options.ranks or options.duel or options.table == ALL:
        return _overall(options)
    if options.table in claims.names():
        return _claim(options)
    if options.table not in tables.names():
        raise unknown("table", options.table, [*tables.names(), *claims.names()])
    table = selection.with_rows(tables.table(options.table), options.row)
    cells = list(table.cells())
    only = selection.chosen(cells, options.only)
    selection.check_overrides(options.overrides)
    if options.publish and (options.only or options.row):
        raise UserError("--publish writes a whole table and no further rows: leave out --only and --row.")

    if options.switches is not None:
        if options.layout != "list":
            raise UserError("--switches prints a list: leave out --layout.")
        return _switches(options, table, only)

    from ltcbench.reporting import published
    from ltcbench.reporting.comparison import compare
    from ltcbench.reporting.wanted import Composer

    protocols = selection.protocols("both" if options.publish else options.protocol)
    composer = Composer()
    every = published.runs_in(options.source or places.runs(), table.name, options.overrides)
    chosen = only if options.overrides else cells  # else the verdicts are those of the whole table
    comparison = compare(table, chosen, every, protocols, composer, options.overrides)
    if options.publish:
        path = published.file(published.folder(), table.name, options.overrides)
        lines = published.lines(comparison, options.overrides)
        return _publish(path, lines, options.source or places.runs(), composer)
    composer.save()
    comparison = comparison.only(only)
    print(_formatted(comparison, options.format, options.layout), end="")
    if options.source is None and (number := _published_besides(comparison, options.overrides)):
        print(
            f"{number} published runs stand in cells that have none here: --from {published.folder()}", file=sys.stderr
        )
    return 0


def _formatted(comparison: "Comparison", form: str, layout: str) -> str:
    from ltcbench.reporting import formats, html, matrix

    if layout == "matrix":
        if form == "tex":
            return matrix.tex(comparison)
        return _written(matrix.laid_out(comparison), form)
    formatted = {"csv": lambda c: formats.to_csv([c]), "html": html.standalone, "md": formats.md, "tex": formats.tex}
    return formatted.get(form, formats.term)(comparison)


def _written(layout: "Layout", form: str) -> str:
    from ltcbench.reporting import formats, html, latex

    formatted = {"csv": formats.csv_of, "html": html.page_of, "md": formats.md_of, "tex": latex.of}
    return formatted.get(form, formats.term_of)(layout)


def _overall(options: argparse.Namespace) -> int:
    """Print what is said of whole tables, or of all.

    Raises:
        UserError: it is not told what, or flags that choose runs are given.
    """
    asked = [options.summary, options.ranks, bool(options.duel)]
    if sum(asked) != 1 or (options.ranks and options.table != ALL):
        raise UserError(
            f"{ALL} tables at once have no common form: add one of --summary, --ranks, --duel MODEL,RIVAL; "
            "--summary and --duel also serve for one table."
        )
    chosen = [options.only, options.row, options.publish, options.overrides, options.switches, options.layout != "list"]
    if any(chosen):
        raise UserError("--summary, --ranks and --duel are of whole tables: give only --protocol, --from and --format.")
    if options.table not in (ALL, *tables.names()):
        raise unknown("table", options.table, [ALL, *tables.names()])

    from ltcbench.reporting import census, diagram, duels, ranking
    from ltcbench.reporting.every import every_table

    pair = selection.pair(options.duel) if options.duel else None

    protocols = selection.protocols("both" if options.ranks else options.protocol)
    names = tables.names() if options.table == ALL else [options.table]
    comparisons = every_table(options.source or places.runs(), names, protocols)
    standings = ranking.standings(comparisons) if options.ranks else []
    if options.format == "svg":
        drawn = [(one.title, one.found) for one in standings if one.found]
        if not drawn:
            raise UserError(f"there is nothing to draw: {standings[0].sentence()}")
        print(diagram.file(drawn).decode())
        return 0
    if pair:
        layout = duels.duels(comparisons, *pair)
    else:
        layout = ranking.laid_out(standings) if options.ranks else census.census(comparisons)
    print(_written(layout, options.format), end="")
    return 0


def _claim(options: argparse.Namespace) -> int:
    """Print a table that an experiment makes."""
    claim = claims.claim(options.table)
    if options.only or options.row:
        raise UserError(f"--only and --row choose runs, and {options.table} is made by an experiment: leave them out.")
    if options.switches is not None:
        raise UserError(f"no training stands behind {options.table}, so it has no switches: leave out --switches.")
    if options.publish:
        raise UserError(f"an experiment publishes itself: ltcbench experiment {claim.experiment} --publish.")

    if options.layout != "list":
        raise UserError(f"{options.table} is made by an experiment and has no models to lay out: leave out --layout.")

    from ltcbench.experiments import exhibits as made

    found = [
        made.filled(claim, protocol, options.overrides, options.source)
        for protocol in selection.protocols(options.protocol)
    ]
    print("\n".join(_written(table.layout, options.format) for table in found), end="")
    for table in found:
        if table.folder is None:
            again = f"ltcbench experiment {claim.experiment} protocol={table.result.protocol}"
            print(f"ours is not there yet: {again} makes it.", file=sys.stderr)
    return 0


def _switches(options: argparse.Namespace, table: "Table", cells: "Sequence[Cell]") -> int:
    """Print what each switch does, or publish the runs behind it."""
    from ltcbench.reporting import effect_formats, effects, published
    from ltcbench.reporting.wanted import Composer

    way, overrides, composer = options.switches, options.overrides, Composer()
    folder = options.source or places.runs()
    runs = [*published.runs_in(folder, table.name, overrides), *effects.apart(folder, table, way, overrides)]
    found = effects.compare(table, cells, runs, way, composer, overrides)
    if options.publish:
        by_file = effects.lines(found, overrides)
        for extra, lines in by_file.items():
            _publish(published.file(published.folder(), table.name, extra), lines, folder, composer)
        if not by_file:
            raise UserError(
                f"there is no run with a switch turned {way} to publish: "
                f"ltcbench reproduce {table.name} --switches {way} makes them."
            )
        return 0
    composer.save()
    print(effect_formats.printed(table, found, way, len(cells), options.format), end="")
    return 0


def _published_besides(comparison: "Comparison", overrides: Sequence[str]) -> int:
    """How many published runs there are for the cells of a table that have no run here."""
    from ltcbench.reporting import published
    from ltcbench.reporting.comparison import compare
    from ltcbench.reporting.wanted import Composer

    empty = [row.cell for row in comparison.rows if not row.runs]
    path = published.file(published.folder(), comparison.table.name, overrides)
    if not empty or not path.is_file():
        return 0
    there = compare(comparison.table, empty, published.read(path), comparison.protocols, Composer(), overrides)
    return sum(len(row.runs) for row in there.rows)


def _publish(path: Path, lines: "Sequence[Line]", source: Path, composer: "Composer") -> int:
    """Put lines into a published file, the curves of their runs in ``source`` beside it, and say what became of it.

    Raises:
        UserError: there is nothing to publish.
    """
    from ltcbench.reporting import learning_curves, merging

    result = merging.merged(path, lines, composer)
    composer.save()
    if not result.lines and not result.earlier:
        table, extra = merging.named(path)
        asked = " ".join([table.name, *extra])
        raise UserError(f"there is no run of {asked} to publish: ltcbench reproduce {table.name} makes them.")
    result.write()
    learning_curves.publish(path, result.runs, [learning_curves.Curves(source)])
    print(result.path)
    print("\n".join([result.summary(), *result.disputed]), file=sys.stderr)
    return 0
