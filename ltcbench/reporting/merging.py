"""Published runs of several people and machines put together.

What comes out depends on what is there, not on the order in which it came: the runs that stand in the cells of the
table today are its file, ordered as the table is; all others (superseded, or of settings or numerics that no cell has
any more) are kept apart, in ``earlier/``, and come back when they fit again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from ltcbench.errors import UserError
from ltcbench.files import write
from ltcbench.paper import tables
from ltcbench.paper.tables import Table
from ltcbench.reporting import published
from ltcbench.reporting.comparison import compare
from ltcbench.reporting.index import Run
from ltcbench.reporting.published import Line
from ltcbench.reporting.wanted import Composer

EARLIER = "earlier"
WHOLE = ("finished", "diverged", "baseline")

Identity = tuple[str, ...]


@dataclass(frozen=True)
class Merged:
    """What became of the lines of a table.

    Attributes:
        path: the table's published file.
        lines: that stand in its cells.
        earlier: that do not.
        added, kept, replaced: how many are new, were there before, and stood for runs that had not ended.
        disputed: a sentence for each run that was there with another number, which stayed.
    """

    path: Path
    lines: tuple[Line, ...]
    earlier: tuple[Line, ...]
    added: int
    kept: int
    replaced: int
    disputed: tuple[str, ...]

    @property
    def runs(self) -> list[Run]:
        """The runs of all lines."""
        return [line.run for line in (*self.lines, *self.earlier)]

    def write(self) -> None:
        """Write the file, and that of the lines kept apart if there are any.

        Raises:
            Failure: they cannot be written.
        """
        apart = _apart(self.path)
        if self.earlier or apart.is_file():
            write(apart, published.text(self.earlier).encode())
        if self.lines or self.path.is_file():
            write(self.path, published.text(self.lines).encode())

    def summary(self) -> str:
        """What became of them, in words."""
        counts = {"added": self.added, "kept": self.kept, "replaced": self.replaced}
        told = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
        apart = f"; {len(self.earlier)} that no cell counts now are kept in {EARLIER}/" if self.earlier else ""
        return f"{len(self.lines) + len(self.earlier)} lines: {told}{apart}."


def merged(path: Path, new: Iterable[Line], composer: Composer) -> Merged:
    """The lines of a published file, where there is one, together with new ones.

    Args:
        path: the published file of a table, or of its runs with further settings; its name says which.
        new: lines for it, the more trusted ones first.
        composer: knows what the runs of a cell look like.

    Raises:
        UserError: the file there is damaged, or its name is not that of a table.
    """
    table, extra = named(path)
    before = [line for file in (path, _apart(path)) if file.is_file() for line in published.read_lines(file)]
    found: dict[Identity, Line] = {}
    for line in before:
        found.setdefault(identity(line.run), line)
    added = replaced = 0
    disputed = []
    for line in new:
        there = found.get(key := identity(line.run))
        if there is None:
            added += 1
            found[key] = line
        elif there.run.status not in WHOLE and line.run.status in WHOLE:
            replaced += 1
            found[key] = line
        elif there.run.value != line.run.value and line.run.status in WHOLE:
            disputed.append(_dispute(there.run, line.run))
    runs = sorted((line.run for line in found.values()), key=lambda run: (run.model, run.ended, run.fingerprint))
    counted = standing(table, extra, runs, composer)
    shown = {identity(line.run) for line in counted}
    return Merged(
        path,
        tuple(counted),
        tuple(sorted((line for key, line in found.items() if key not in shown), key=_place)),
        added,
        len(found) - added - replaced,
        replaced,
        tuple(disputed),
    )


def standing(table: Table, extra: Sequence[str], runs: Sequence[Run], composer: Composer) -> list[Line]:
    """The lines of the runs that stand in a table's cells, in its order."""
    comparison = compare(table, list(table.cells()), runs, ("paper", "clean"), composer, extra)
    return published.lines(comparison, extra)


def named(path: Path) -> tuple[Table, list[str]]:
    """The table, and the settings besides its own, that the name of a published file tells.

    Raises:
        UserError: it tells none.
    """
    name, *extra = path.name.removesuffix(".csv").split("+")
    return tables.table(name), [unquote(setting) for setting in extra]


def identity(run: Run) -> Identity:
    """What makes two lines one: the fingerprint of a run; of what needs no network, everything that decides it."""
    return (
        (run.status, run.task, run.model, run.settings, run.source) if run.status == "baseline" else (run.fingerprint,)
    )


def _apart(path: Path) -> Path:
    return path.parent / EARLIER / path.name


def _place(line: Line) -> tuple[str | int, ...]:
    run = line.run
    return (line.column, run.protocol, run.model, run.seed, run.epochs, run.fingerprint, run.settings, run.source)


def _dispute(there: Run, new: Run) -> str:
    difference = "" if there.value is None or new.value is None else f", a difference of {new.value - there.value:.3g}"
    return (
        f"{there.task}/{there.model} seed {there.seed} {there.fingerprint}: {there.value} (made on {there.machine}, "
        f"torch {there.torch}) stays, {new.value} ({new.machine}, torch {new.torch}) does not come in{difference}."
    )


def checked(path: Path) -> list[Line]:
    """The lines of other people's published file, if every one may stand in the table that its name tells.

    Raises:
        UserError: one of them may not.
    """
    table, _ = named(path)
    lines = published.read_lines(path)
    for number, line in enumerate(lines, 2):
        column = table.columns.get(line.column)
        known = line.run.status == "baseline" or line.run.model in table.models
        if line.table != table.name or column is None or column.task != line.run.task or not known:
            raise UserError(
                f"{path}, line {number}: {line.run.model} on {line.run.task} in column {line.column} of {line.table} "
                f"is no cell of {table.name}: expected what ltcbench table {table.name} --publish writes."
            )
    return lines
