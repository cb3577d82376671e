"""Two models against each other wherever both were run: ``ltcbench table all --duel ltc,lstm``."""

from collections.abc import Iterator, Sequence

from ltcbench.paper.tables import MINUTES, Column
from ltcbench.reporting import words
from ltcbench.reporting.comparison import Comparison, theirs
from ltcbench.reporting.layout import PROTOCOLS, Layout, Section, Text
from ltcbench.reporting.statistics import Difference

EXPLANATION = (
    "The first model less the second, ours with Welch's 95 % interval and, in brackets, the seeds of either; better "
    "and worse are said of the first, where the interval leaves zero out. Each interval stands for itself: none is "
    "corrected for the number of lines."
)


def duels(comparisons: Sequence[Comparison], model: str, rival: str) -> Layout:
    """A line a column of the tables in which both models have a number, the paper's or ours."""
    protocols = comparisons[0].protocols
    head = ("table", "column", "the paper", *(f"ours, {PROTOCOLS[protocol]}" for protocol in protocols))
    lines = tuple(
        (Text(comparison.table.name), Text(f"{column.name}, {words.short(column)}"), Text(printed), *map(Text, ours))
        for comparison in comparisons
        for column, printed, ours in _columns(comparison, model, rival)
    )
    section = Section(f"{model} less {rival}", (), head, lines, ())
    return Layout(f"{model} against {rival}", (section,), (), (), EXPLANATION)


def _columns(comparison: Comparison, model: str, rival: str) -> Iterator[tuple[Column, str, list[str]]]:
    """The columns with what the paper prints and what is ours under each protocol."""
    for column in comparison.table.columns.values():
        if column.metric == MINUTES:
            continue
        numbers = theirs(column)
        both = model in numbers and rival in numbers
        printed = words.signed(Difference(numbers[model] - numbers[rival]), column) if both else ""
        ours = [_ours(comparison, column, protocol, model, rival) for protocol in comparison.protocols]
        if printed or any(ours):
            yield column, printed, [text or "not run" for text in ours]


def _ours(comparison: Comparison, column: Column, protocol: str, model: str, rival: str) -> str:
    found = comparison.duel(column, protocol, model, rival)
    if found is None:
        return ""
    runs = {row.cell.model: len(row.values) for row in comparison.column(column, protocol)}
    seeds = " and ".join(dict.fromkeys(str(runs[name]) for name in (model, rival)))
    return f"{words.duel(found, column)} ({seeds}){comparison.marks(column, protocol, model, rival)}"
