"""``ltcbench runs [key=value ...]``: any set of runs as a table, over seeds; what to type after a sweep."""

from ltcbench import places
from ltcbench.errors import unknown
from ltcbench.terminal import Parser

FORMATS = ("term", "md", "csv")


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = Parser("ltcbench runs", description=__doc__)
    parser.add_argument(
        "conditions",
        metavar="key=value",
        nargs="*",
        help="settings of the runs, several values with commas: task=gesture model=cfc,lstm trainer.learning_rate=0.01",
    )
    parser.add_argument("--by", default="", metavar="key,key", help="what to group by (default: all that differs)")
    parser.add_argument("--format", default="term", metavar="|".join(FORMATS))
    options = parser.parse_intermixed_args(arguments)
    if options.format not in FORMATS:
        raise unknown("format", options.format, FORMATS)

    from ltcbench.reporting import sweep_formats, sweeps

    found = sweeps.sections(sweeps.chosen(places.runs(), options.conditions), list(filter(None, options.by.split(","))))
    formatted = {"term": sweep_formats.term, "md": sweep_formats.md, "csv": sweep_formats.to_csv}
    print(formatted[options.format](found), end="")
    return 0
