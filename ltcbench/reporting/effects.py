"""What one switch does: runs with a single quirk turned, beside those of their cell.

Each quirk's effect is the difference of means with Welch's 95 % interval; p values are corrected for the quirks of the
cell (Holm). Of those that stay below 5 % the largest effect ``decides`` the cell's number, the others ``matter``.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ltcbench.paper.tables import MINUTES, Cell, Table
from ltcbench.reporting import index, published, switches
from ltcbench.reporting.index import Run
from ltcbench.reporting.published import Line
from ltcbench.reporting.rows import NOT_RUN, Row, chosen, filled
from ltcbench.reporting.statistics import LEVEL, Difference, contrast, holm
from ltcbench.reporting.wanted import Composer, Wanted
from ltcbench.settings import groups
from ltcbench.settings.job import Job, tree

DECIDES, MATTERS, NOT_APART, INCONCLUSIVE = "decides", "matters", "not told apart", "inconclusive"
SURE = (DECIDES, MATTERS)


@dataclass(frozen=True)
class Effect:
    """A quirk turned in a cell.

    Attributes:
        quirk: its name.
        row: the cell with the runs in which it is turned.
        found: how far these are from the cell's own, None without both.
        corrected: the p value after Holm's correction over the quirks of the cell, None where there is no test.
        verdict: ``decides``, ``matters``, ``not told apart``, ``inconclusive`` (no two runs on each side, or runs of
            other data or length) or ``not run``.
    """

    quirk: str
    row: Row
    found: Difference | None = None
    corrected: float | None = None
    verdict: str = NOT_RUN


@dataclass(frozen=True)
class Turns:
    """A cell and what each of its quirks does.

    Attributes:
        way: ``off``: under the paper's protocol, each turned off; ``on``: under the clean one, each turned on.
        own: the cell as it is.
        other: the cell under the other protocol, all quirks turned.
        effects: of each quirk alone.
    """

    way: str
    own: Row
    other: Row
    effects: tuple[Effect, ...]

    @property
    def whole(self) -> Difference | None:
        """How far the other protocol is from the cell's own; None without both, or with runs of other data."""
        return _found(self.own, self.other)

    @property
    def decisive(self) -> Effect | None:
        """The quirk that decides the cell's number, None where none does."""
        return next((effect for effect in self.effects if effect.verdict == DECIDES), None)


def compare(
    table: Table,
    cells: Sequence[Cell],
    every: Iterable[Run],
    way: str,
    composer: Composer,
    overrides: Sequence[str] = (),
) -> list[Turns]:
    """The cells of a table that have runs with a quirk turned.

    Args:
        table: the table.
        cells: those of its cells that are wanted.
        every: runs, of whatever kind.
        way: ``off`` or ``on``.
        composer: knows what the runs of a cell look like.
        overrides: settings that all runs have besides the cell's own.

    Raises:
        UserError: an override is wrong.
    """
    by_model: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in every:
        by_model[run.task, run.model].append(run)
    protocol = switches.protocol(way)
    other = next(name for name in switches.PROTOCOLS.values() if name != protocol)
    found = []
    for cell in cells:
        runs = by_model[cell.column.task, cell.model]
        if cell.why_not_run or protocol not in cell.column.protocols or cell.column.metric == MINUTES or not runs:
            continue
        own = composer.wanted([*cell.overrides(protocol), *overrides])
        if all(run.settings == own.settings for run in runs if run.protocol == protocol):
            continue  # which keeps a table without switches turned quick
        whole = composer.wanted(cell.overrides(protocol)).epochs

        def row(wanted: Wanted, extra: Sequence[str], cell: Cell = cell, whole: int = whole) -> Row:
            return filled(cell, protocol, chosen(by_model[cell.column.task, cell.model], wanted), whole, extra)

        turned = {
            quirk: row(_wanted(job), [*overrides, switches.override(quirk, way)])
            for quirk, job in switches.turned(cell, way, overrides)[1].items()
        }
        if any(row.runs for row in turned.values()):
            beside = Row(cell, other)
            if other in cell.column.protocols:
                beside = replace(row(composer.wanted([*cell.overrides(other), *overrides]), overrides), protocol=other)
            its = row(own, overrides)
            found.append(Turns(way, its, beside, effects(its, turned)))
    return found


def effects(own: Row, turned: dict[str, Row]) -> tuple[Effect, ...]:
    """What each quirk does to a cell.

    Args:
        own: the cell as it is.
        turned: by quirk, the cell with the runs in which it is turned.
    """
    found = {quirk: _found(own, row) for quirk, row in turned.items()}
    tested = {quirk: its for quirk, its in found.items() if its is not None and its.p is not None}
    corrected = dict(zip(tested, holm([its.p for its in tested.values() if its.p is not None]), strict=True))
    sizes = {quirk: abs(its.value) for quirk, its in tested.items() if corrected[quirk] < LEVEL}

    def verdict(quirk: str) -> str:
        if not turned[quirk].runs:
            return NOT_RUN
        if quirk not in tested:
            return INCONCLUSIVE
        if quirk not in sizes:
            return NOT_APART
        return DECIDES if sizes[quirk] == max(sizes.values()) else MATTERS

    return tuple(Effect(name, row, found[name], corrected.get(name), verdict(name)) for name, row in turned.items())


def _found(own: Row, turned: Row) -> Difference | None:
    """The difference; without a test where the runs had other data or another length."""
    if own.ours is None or turned.ours is None:
        return None
    found = contrast(own.ours, turned.ours)
    alike = (own.source, own.runs[0].epochs) == (turned.source, turned.runs[0].epochs)
    return found if alike else Difference(found.value)


def _wanted(job: Job) -> Wanted:
    asked = tree(job)
    return Wanted(index.digest(asked), index.data_digest(asked), job.trainer.epochs)


def lines(found: Iterable[Turns], overrides: Sequence[str] = ()) -> dict[tuple[str, ...], list[Line]]:
    """The lines of published files, by the settings besides the table's own: of cells as they are, then turned."""
    files: dict[tuple[str, ...], dict[Run, Line]] = defaultdict(dict)
    for turns in found:
        rows = [((), turns.own), *(((switches.override(e.quirk, turns.way),), e.row) for e in turns.effects)]
        for extra, row in rows:
            settings = (*overrides, *extra)
            for run in row.runs:
                line = Line(row.cell.table.name, row.cell.column.name, published.command(row, run, settings), run)
                files[settings].setdefault(run, line)
    return {settings: list(its.values()) for settings, its in files.items() if its}


def apart(folder: Path, table: Table, way: str = "off", overrides: Sequence[str] = ()) -> list[Run]:
    """The published runs of a table with a quirk turned, which have files of their own; none among run folders.

    Raises:
        UserError: a published file is damaged.
    """
    tasks = dict.fromkeys(column.task for column in table.columns.values())
    quirks = dict.fromkeys(quirk for task in tasks for quirk in groups.quirks(task, "paper"))
    settings = ([*overrides, switches.override(quirk, way)] for quirk in quirks)
    files = [published.file(folder, table.name, extra) for extra in settings]
    return [run for path in files if os.path.lexists(path) for run in published.read(path)]
