"""``ltcbench cite [TABLE]``: BibTeX of both papers and of the data, or of the data of one table."""

from ltcbench.errors import unknown
from ltcbench.paper import claims, references, tables
from ltcbench.terminal import Parser


def main(arguments: list[str]) -> int:
    """Print the entries."""
    parser = Parser("ltcbench cite", description=__doc__)
    parser.add_argument("table", metavar="TABLE", nargs="?", help="ltcbench list tables (default: everything)")
    table = parser.parse_args(arguments).table
    if table and table not in (names := [*tables.names(), *claims.names()]):
        raise unknown("table", table, names)
    found = references.behind(table) if table else references.entries()
    print("\n".join(found.values()), end="")
    return 0
