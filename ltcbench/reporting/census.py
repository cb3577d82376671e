"""How the papers' numbers came out, a line a table: ``ltcbench table all --summary``."""

from collections import Counter
from collections.abc import Sequence

from ltcbench.paper.tables import MINUTES
from ltcbench.reporting.comparison import Comparison
from ltcbench.reporting.layout import PROTOCOLS, Layout, Section, Text
from ltcbench.reporting.rows import NOT_RUN, Row
from ltcbench.reporting.words import verdict

SEEDS = 3  # of a whole cell, at least
VERDICTS = ("reproduced", "differs, better", "differs, worse", "inconclusive")
MARKED = "marked"
HEAD = ("table", "cells", "run", "whole", *VERDICTS, MARKED, NOT_RUN)
EXPLANATION = (
    "Cells: numbers of the paper that can be run, times apart. Run: with runs of ours; whole: of these, with at least "
    f"{SEEDS} seeds and no mark. Marked: cut short, on data that are not the official ones, or with runs that diverged "
    "or failed; such cells have no verdict. Cells are run = the verdicts + marked, and not run."
)


def census(comparisons: Sequence[Comparison]) -> Layout:
    """The tables' cells by what became of them, a section a protocol, a line of sums last."""
    sections = [_section(comparisons, protocol) for protocol in comparisons[0].protocols]
    return Layout("The papers' numbers and what became of them", tuple(sections), (), (), EXPLANATION)


def counts(rows: Sequence[Row]) -> Counter[str]:
    """How many cells there are of each kind in ``HEAD``, of those that have a number of the paper and can be run."""
    found: Counter[str] = Counter()
    for row in rows:
        if row.cell.number is None or row.cell.why_not_run or row.cell.column.metric == MINUTES:
            continue
        found["cells"] += 1
        found[MARKED if row.marks else verdict(row)] += 1
        if row.runs:
            found["run"] += 1
            found["whole"] += not row.marks and len(row.values) >= SEEDS
    return found


def _section(comparisons: Sequence[Comparison], protocol: str) -> Section:
    by_table = {
        comparison.table.name: counts([row for row in comparison.rows if row.protocol == protocol])
        for comparison in comparisons
    }
    lines = [_line(name, found) for name, found in by_table.items()]
    total = _line("sum", sum(by_table.values(), Counter()))
    return Section(f"Under {PROTOCOLS[protocol]}", (), HEAD, (*lines, total), ())


def _line(name: str, found: Counter[str]) -> tuple[Text, ...]:
    return (Text(name), *(Text(str(found[kind])) for kind in HEAD[1:]))
