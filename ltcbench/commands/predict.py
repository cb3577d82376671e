"""``ltcbench predict RUN TABLE``: what the network of a run says of a table like the one it was trained on."""

import csv
import io
import sys
from pathlib import Path

from ltcbench.files import write
from ltcbench.terminal import Parser


def main(arguments: list[str]) -> int:
    """Write a row for each row of the table, or for each sequence where a sequence has one target."""
    parser = Parser("ltcbench predict", description=__doc__)
    parser.add_argument("run", metavar="RUN", help="a run folder, or its fingerprint or the beginning of it")
    parser.add_argument(
        "table", metavar="TABLE", type=Path, help="a table with the columns of training; targets may lack"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="where the predictions go, as CSV; default: printed")
    given = parser.parse_args(arguments)

    from ltcbench.running.trained import load

    rows = list(load(given.run).predict(given.table))
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    if given.out is None:
        sys.stdout.write(text.getvalue())
    else:
        write(given.out, text.getvalue().encode())
        print(given.out)
    return 0
