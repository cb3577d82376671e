"""A cell of a table with our runs in it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ltcbench.paper.tables import MINUTES, Cell, Column
from ltcbench.reporting.index import Run
from ltcbench.reporting.statistics import Difference, Summary, summary
from ltcbench.reporting.wanted import Wanted

# The first that there is stands in a cell.
SOURCES = ("official", "generated", "own", "recomputed", "subset", "synthetic")
OFFICIAL = SOURCES[:2]
NOT_RUN, OURS_ONLY, NOT_JUDGED = "not run", "ours only", "not judged"


@dataclass(frozen=True)
class Row:
    """A cell under one protocol.

    Attributes:
        cell: the cell.
        protocol: ``paper`` or ``clean``.
        runs: the runs that count, one a seed.
        ours: their summary in the column's unit, None without a number.
        found: the difference, None without two numbers or where nothing is judged.
        verdict: ``reproduced``, ``differs``, ``inconclusive``, ``not run``, ``ours only`` (the paper has no number) or
            ``not judged`` (times).
        marks: what keeps ours from being as good as the paper's, e.g. ``synthetic data``; such a cell is inconclusive.
        remarks: further things to know about ours.
    """

    cell: Cell
    protocol: str
    runs: tuple[Run, ...] = ()
    ours: Summary | None = None
    found: Difference | None = None
    verdict: str = NOT_RUN
    marks: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def failed(self) -> int:
        """How many of the runs diverged or failed."""
        return sum(run.status != "finished" for run in self.runs)

    @property
    def values(self) -> tuple[float, ...]:
        """What the runs came to, in the column's unit; those without a number left out."""
        return tuple(value for run in self.runs if (value := _value(run, self.cell.column)) is not None)

    @property
    def source(self) -> str:
        """Where the data of the runs came from, empty without runs."""
        return self.runs[0].source if self.runs else ""

    @property
    def direction(self) -> str:
        """Whether ours is ``better`` or ``worse`` than the paper's, empty where the verdict is not ``differs``."""
        if self.verdict != "differs" or self.found is None:
            return ""
        return "better" if (self.found.value > 0) == (self.cell.column.direction == "max") else "worse"


def chosen(runs: Sequence[Run], wanted: Wanted) -> list[Run]:
    """The runs that stand in a cell: the newest of each seed, from the best data, whole ones where there are such."""
    fit = [run for run in runs
           if run.settings == wanted.settings and run.epochs <= wanted.epochs and run.source in SOURCES
           and run.status in ("finished", "diverged", "failed")]  # fmt: skip
    if not fit:
        return []

    def rank(run: Run) -> tuple[int, int]:
        return SOURCES.index(run.source), -run.epochs

    best = min(map(rank, fit))
    newest = {run.seed: run for run in sorted(fit, key=lambda run: run.ended) if rank(run) == best}
    return [newest[seed] for seed in sorted(newest)]


def filled(cell: Cell, protocol: str, runs: Sequence[Run], whole: int, extra: Sequence[str]) -> Row:
    """The row of a cell with the runs that stand in it, not judged yet.

    Args:
        cell: the cell.
        protocol: under which.
        runs: as ``chosen`` gives them.
        whole: epochs of a whole training.
        extra: overrides that the runs have besides the cell's own.
    """
    row = Row(cell, protocol, tuple(runs))
    if not runs:
        return row
    values = row.values
    marks = shortcomings(row.source, runs[0].epochs, whole)
    marks += [f"{count} of {len(runs)} {status}" for status in ("diverged", "failed")
              if (count := sum(run.status == status for run in runs))]  # fmt: skip
    remarks = []
    if cell.column.metric == MINUTES and len({run.machine for run in runs}) > 1:
        remarks.append("on several machines")
    if cell.number and cell.number.n and 0 < len(values) < cell.number.n:
        remarks.append(few_seeds(str(len(values)), cell.number.n))
    if len(values) == 1:
        remarks.append("one run, so no interval")
    if cell.number and cell.number.n and cell.number.std is None and len(values) > 1:
        remarks.append(
            "the paper gives no deviation: the interval assumes that its runs scatter as ours do, so no verdict"
        )
    if extra:
        remarks.append(f"with {' '.join(extra)}")
    return replace(row, ours=summary(values) if values else None, marks=tuple(marks), remarks=tuple(remarks))


def few_seeds(ours: str, papers: int) -> str:
    """The remark that there are fewer seeds than the paper's."""
    return f"{ours} of the paper's {papers} seeds"


def shortcomings(source: str, epochs: int, whole: int) -> list[str]:
    """What keeps a run from being a whole one on the official data."""
    marks = [] if source in OFFICIAL else [f"{source} data"]
    if epochs < whole:
        marks.append(f"cut short, {epochs} of {whole} epochs")
    return marks


def _value(run: Run, column: Column) -> float | None:
    value = run.seconds if column.metric == MINUTES else run.value
    return None if value is None else value * column.scale


def trivial(column: Column, baselines: Sequence[Run], runs: Sequence[Run]) -> tuple[Run, ...]:
    """The baselines on the data that ``runs`` had."""
    return tuple(run for run in baselines if run.source == runs[0].source and run.metric == column.metric)


def margin(cell: Cell) -> float:
    """The difference that counts as none, in the column's unit; 0 where there is none."""
    column, number = cell.column, cell.number
    if column.margin is not None:
        return column.margin
    return abs(number.mean) * column.margin_share if number and column.margin_share else 0.0
