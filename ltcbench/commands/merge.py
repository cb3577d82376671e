"""``ltcbench merge PATH...``: take other people's runs into the published results.

A PATH is a published file, or a folder of published files or of run folders. Every line is checked before anything is
written; a run that is there already stays as it is.
"""

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from ltcbench.errors import UserError
from ltcbench.terminal import Parser

if TYPE_CHECKING:
    from ltcbench.reporting.published import Line
    from ltcbench.reporting.wanted import Composer


def main(arguments: list[str]) -> int:
    """Merge, and say what became of every file."""
    parser = Parser("ltcbench merge", description=__doc__)
    parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="a published file, or a folder")
    paths: list[Path] = parser.parse_args(arguments).paths

    from ltcbench.reporting import merging, published
    from ltcbench.reporting.learning_curves import Curves, publish
    from ltcbench.reporting.wanted import Composer

    composer = Composer()
    sources = [Curves(path if path.is_dir() else path.parent) for path in paths]
    found: dict[str, list[Line]] = defaultdict(list)
    for path in paths:
        for name, lines in _lines(path, composer).items():
            found[name] += lines
    every = [merging.merged(published.folder() / name, lines, composer) for name, lines in found.items()]
    composer.save()
    for result in every:
        result.write()
        publish(result.path, result.runs, sources)
        print(f"{result.path}: {result.summary()}")
        for sentence in result.disputed:
            print(f"  {sentence}")
    return 0


def _lines(path: Path, composer: "Composer") -> "dict[str, list[Line]]":
    """The lines at a path, by the name of the published file to which they belong.

    Raises:
        UserError: there is nothing to merge, or a line that cannot be.
    """
    from ltcbench.paper import tables
    from ltcbench.reporting import index, merging

    if not path.is_dir():
        return {path.name: merging.checked(path)}
    files = sorted(path.glob("*.csv"))
    if files:
        return {file.name: merging.checked(file) for file in files}
    runs = index.load(path)
    by_table = {f"{name}.csv": merging.standing(tables.table(name), [], runs, composer) for name in tables.names()}
    found = {name: lines for name, lines in by_table.items() if lines}
    if not found:
        raise UserError(
            f"{path} holds no run that stands in a table: expected published files (*.csv) or run folders "
            "(<task>/<model>/<fingerprint>/)."
        )
    return found
