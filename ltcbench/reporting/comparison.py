"""A table of a paper, ours beside it: which runs stand behind a cell, their numbers, the verdict."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ltcbench.errors import UserError
from ltcbench.paper.tables import MINUTES, Cell, Column, Table
from ltcbench.reporting.index import Run
from ltcbench.reporting.rows import NOT_JUDGED, NOT_RUN, OURS_ONLY, Row, chosen, filled, margin, trivial
from ltcbench.reporting.statistics import Agreement, Difference, Summary, agreement, contrast, difference, holm, verdict
from ltcbench.reporting.wanted import Composer


@dataclass(frozen=True)
class Comparison:
    """A table under one or two protocols.

    Attributes:
        table: the table.
        protocols: under which it was compared.
        rows: its cells, column by column, each under every protocol.
        baselines: by column name and protocol, what needs no network.
    """

    table: Table
    protocols: tuple[str, ...]
    rows: tuple[Row, ...]
    baselines: Mapping[tuple[str, str], tuple[Run, ...]] = field(default_factory=dict)

    def column(self, column: Column, protocol: str) -> list[Row]:
        """The rows of a column under a protocol."""
        return [row for row in self.rows if row.cell.column == column and row.protocol == protocol]

    def agreement(self, column: Column, protocol: str) -> Agreement | None:
        """Kendall's tau between the paper's ranking of the models in a column and ours; None for less than three."""
        printed = {model: (mean,) for model, mean in theirs(column).items()}
        return _tau(values(self.column(column, protocol)), printed)

    def closed(self, column: Column) -> Agreement | None:
        """Kendall's tau between our rankings under the paper's protocol and under the clean one."""
        return _tau(values(self.column(column, "paper")), values(self.column(column, "clean")))

    def duel(self, column: Column, protocol: str, model: str, rival: str) -> Difference | None:
        """How far ``model`` is from ``rival``, both ours; None without both."""
        ours = {row.cell.model: row.ours for row in self.column(column, protocol) if row.ours}
        if model not in ours or rival not in ours:
            return None
        return contrast(ours[rival], ours[model])

    def marks(self, column: Column, protocol: str, *models: str) -> str:
        """What keeps our numbers from being as good as the paper's, in brackets; of all models if none are named."""
        rows = [row for row in self.column(column, protocol) if not models or row.cell.model in models]
        marks = dict.fromkeys(mark for row in rows for mark in row.marks)
        return f" [{'; '.join(marks)}]" if marks else ""

    def only(self, cells: Sequence[Cell]) -> "Comparison":
        """The comparison with these cells alone; verdicts stay those of the whole table."""
        return replace(self, rows=tuple(row for row in self.rows if row.cell in cells))


def theirs(column: Column) -> dict[str, float]:
    """The paper's means by model."""
    return {model: number.mean for model, number in column.numbers.items()}


def means(rows: Iterable[Row]) -> dict[str, float]:
    """Our means by model."""
    return {row.cell.model: row.ours.mean for row in rows if row.ours}


def values(rows: Iterable[Row]) -> dict[str, tuple[float, ...]]:
    """The values of our seeds by model."""
    return {row.cell.model: row.values for row in rows if row.ours}


def _tau(a: Mapping[str, Sequence[float]], b: Mapping[str, Sequence[float]]) -> Agreement | None:
    models = [model for model in a if model in b]
    return agreement([a[model] for model in models], [b[model] for model in models]) if len(models) > 2 else None


def compare(
    table: Table,
    cells: Sequence[Cell],
    every: Iterable[Run],
    protocols: Sequence[str],
    composer: Composer,
    extra: Sequence[str] = (),
) -> Comparison:
    """The table with our runs.

    Args:
        table: the table.
        cells: those of its cells that are wanted.
        every: runs and baselines, of whatever kind.
        protocols: ``paper``, ``clean`` or both.
        composer: knows what the runs of a cell look like.
        extra: overrides that the runs of every cell have besides the cell's own; a cell that has no such setting, e.g.
            another task's quirk, is left empty with a remark.

    Raises:
        UserError: an override of ``extra`` is wrong for all of them.
    """
    runs: dict[tuple[str, str], list[Run]] = defaultdict(list)
    baselines: dict[str, list[Run]] = defaultdict(list)
    for run in every:
        if run.status == "baseline":
            baselines[run.settings].append(run)
        else:
            runs[run.task, run.model].append(run)

    rows: list[Row] = []
    trivials: dict[tuple[str, str], tuple[Run, ...]] = {}
    mistakes: list[UserError] = []
    composed = 0
    for protocol in protocols:
        for cell in cells:
            if protocol not in cell.column.protocols:
                continue
            there = [] if cell.why_not_run else runs[cell.column.task, cell.model]
            if not there:  # nothing to compose for, which keeps an empty table quick
                rows.append(Row(cell, protocol, remarks=tuple(filter(None, [cell.why_not_run]))))
                continue
            composed += 1
            try:
                wanted = composer.wanted([*cell.overrides(protocol), *extra])
            except UserError as mistake:
                mistakes.append(mistake)
                rows.append(Row(cell, protocol, remarks=(f"left out: {str(mistake).partition(':')[0]}",)))
                continue
            whole = composer.wanted(cell.overrides(protocol)).epochs if extra else wanted.epochs
            ours = chosen(there, wanted)
            rows.append(filled(cell, protocol, ours, whole, extra))
            if ours and (found := trivial(cell.column, baselines[wanted.data], ours)):
                trivials[cell.column.name, protocol] = found
    if mistakes and len(mistakes) == composed:
        raise mistakes[0]
    return Comparison(table, tuple(protocols), tuple(_judged(rows)), trivials)


def _judged(rows: Sequence[Row]) -> list[Row]:
    """The rows with differences and verdicts; p values are corrected for all cells that bear one, by protocol."""
    rows = [replace(row, found=_found(row)) for row in rows]
    corrected: dict[int, float] = {}
    for protocol in {row.protocol for row in rows}:
        family = {i: row.found.p for i, row in enumerate(rows) if row.protocol == protocol and not row.marks
                  and row.found and row.found.p is not None and not row.found.assumed}  # fmt: skip
        corrected |= dict(zip(family, holm(list(family.values())), strict=True))
    return [replace(row, verdict=_verdict(row, corrected.get(i))) for i, row in enumerate(rows)]


def _found(row: Row) -> Difference | None:
    number = row.cell.number
    if row.ours is None or number is None or number.n is None:
        return None
    return difference(Summary(number.mean, number.sample_std, number.n), row.ours)


def _verdict(row: Row, corrected: float | None) -> str:
    if not row.runs:
        return NOT_RUN
    if row.cell.column.metric == MINUTES:
        return NOT_JUDGED
    if row.cell.number is None:
        return OURS_ONLY
    if row.marks or row.found is None:
        return "inconclusive"
    return verdict(row.found, corrected, margin(row.cell))
