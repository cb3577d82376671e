"""A comparison laid out as text: a section a column of the table, a line a model. The formats take it from there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ltcbench.paper.tables import Column
from ltcbench.reporting import words
from ltcbench.reporting.comparison import Comparison, means, theirs
from ltcbench.reporting.rows import Row

EXPLANATION = (
    "Ours: mean ± sample deviation (seeds). The verdict compares it with the paper's: reproduced if the 95 % interval "
    "of the difference lies within the margin, differs if Welch's test, corrected for all cells (Holm), says so, else "
    "inconclusive, as always where the paper gives no deviation or a mark in brackets keeps ours from being whole and "
    "official. The interval of Kendall's tau is a bootstrap over our seeds; a paper's ranking is taken as printed."
)
BRACKETS = "Names in brackets need no network."

PROTOCOLS = {"paper": "the paper's protocol", "clean": "a clean protocol"}


@dataclass(frozen=True)
class Text:
    """What stands in one place; ``best`` of its kind in the section, or not."""

    text: str
    best: bool = False


@dataclass(frozen=True)
class Section:
    """One column of the table.

    Attributes:
        title: task, metric, unit and setting.
        notes: numbers of the footnotes on all of it.
        head: titles of the places in a line.
        lines: the models, then what needs no network.
        below: what is to be said in the end, e.g. the agreement of the rankings.
    """

    title: str
    notes: tuple[int, ...]
    head: tuple[str, ...]
    lines: tuple[tuple[Text, ...], ...]
    below: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """A whole table.

    Attributes:
        title: what it is.
        sections: its columns.
        notes: the footnotes, from number 1.
        summary: how many cells came out how.
        explanation: how to read it.
    """

    title: str
    sections: tuple[Section, ...]
    notes: tuple[str, ...]
    summary: tuple[str, ...]
    explanation: str


def laid_out(comparison: Comparison) -> Layout:
    """The comparison as text."""
    table, notes = comparison.table, _Notes()
    columns = [column for column in table.columns.values() if any(row.cell.column == column for row in comparison.rows)]
    sections = tuple(_section(comparison, column, notes) for column in columns)
    title = f"{table.name}: {table.title}. {table.source}."
    return Layout(title, sections, tuple(notes.texts), summary(comparison), f"{EXPLANATION} {BRACKETS}")


class _Notes:
    """Numbers for footnotes, the same number for the same text."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def numbers(self, texts: Sequence[str]) -> tuple[int, ...]:
        """The footnotes' numbers."""
        self.texts += [text for text in dict.fromkeys(texts) if text not in self.texts]
        return tuple(sorted({self.texts.index(text) + 1 for text in texts}))


def _section(comparison: Comparison, column: Column, notes: _Notes) -> Section:
    by_protocol = {protocol: comparison.column(column, protocol) for protocol in comparison.protocols}
    protocols = [protocol for protocol, rows in by_protocol.items() if rows]
    both = len(protocols) == 2
    if both:
        head = ["model", "paper", "ours", "verdict", "clean", "verdict", "notes"]
    else:
        head = ["model", "paper", "ours", "difference [95 %]", "verdict", "notes"]

    mark = notes.numbers([note.text for note in column.notes if not note.models])
    papers_best = best(column, theirs(column))
    bests = {protocol: best(column, means(by_protocol[protocol])) for protocol in protocols}
    lines = []
    for rows in zip(*(by_protocol[protocol] for protocol in protocols), strict=True):
        cell = rows[0].cell
        line = [Text(cell.model), Text(words.paper(cell), cell.model in papers_best)]
        for row in rows:
            line.append(Text(words.ours(row), cell.model in bests[row.protocol]))
            line.append(Text(words.verdict(row) if both else words.difference(row)))
        line += [] if both else [Text(words.verdict(rows[0]))]
        lines.append((*line, Text(" ".join(map(str, notes.numbers(_remarks(rows)))))))
    lines += _trivial_lines(comparison, column, protocols, len(head))
    title = f"{column.task} ({column.setting}): {words.measured(column)}"
    return Section(title, mark, tuple(head), tuple(lines), tuple(below(comparison, column)))


def _remarks(rows: Sequence[Row]) -> list[str]:
    """What the footnotes say of a line: the paper's cell, then our runs."""
    own = [note.text for note in (*rows[0].cell.column.notes, *rows[0].cell.table.notes)
           if note.models and note.concerns(rows[0].cell.model)]  # fmt: skip
    return [*own, *dict.fromkeys(remark for row in rows for remark in row.remarks)]


def best(column: Column, means: Mapping[str, float]) -> set[str]:
    """The models with the best mean, if there is more than one model."""
    if len(means) < 2:
        return set()
    extreme = max(means.values()) if column.direction == "max" else min(means.values())
    return {model for model, mean in means.items() if mean == extreme}


def _trivial_lines(
    comparison: Comparison, column: Column, protocols: Sequence[str], width: int
) -> list[tuple[Text, ...]]:
    """A line for each baseline that needs no network."""
    found = {p: {run.model: run.value for run in comparison.baselines.get((column.name, p), ())} for p in protocols}
    lines = []
    for name in dict.fromkeys(name for numbers in found.values() for name in numbers):
        line = [Text(f"({name})"), Text("")]
        for protocol in protocols:
            number = found[protocol].get(name)
            line += [Text("" if number is None else words.value(number * column.scale, column)), Text("")]
        lines.append((*line, *[Text("")] * (width - len(line))))
    return lines


def below(comparison: Comparison, column: Column) -> list[str]:
    """What there is to say of the rankings of the models in a column, and of the LTC against the LSTM."""
    said = []
    for protocol in comparison.protocols:
        duel = comparison.duel(column, protocol, "ltc", "lstm")
        tau = comparison.agreement(column, protocol)
        where = f"under {PROTOCOLS[protocol]}"
        if duel is not None:
            marks = comparison.marks(column, protocol, "ltc", "lstm")
            said.append(f"LTC less LSTM, ours {where}{marks}: {words.duel(duel, column)}.")
        if tau is not None:
            marks = comparison.marks(column, protocol)
            said.append(f"Ranking of the models against the paper's, {where}{marks}: {words.tau(tau)}.")
    closed = comparison.closed(column) if len(comparison.protocols) == 2 else None
    if closed is not None:
        said.append(f"Our ranking under both protocols: {words.tau(closed)}.")
    return said


def summary(comparison: Comparison) -> tuple[str, ...]:
    """How many cells came out how, a line for each protocol."""
    lines = []
    for protocol in comparison.protocols:
        verdicts = [words.verdict(row) for row in comparison.rows if row.protocol == protocol]
        counts = [f"{verdicts.count(verdict)} {verdict}" for verdict in ORDER if verdict in verdicts]
        if counts:
            lines.append(f"{len(verdicts)} cells under {PROTOCOLS[protocol]}: {', '.join(counts)}.")
    return tuple(lines)


ORDER = (
    "reproduced",
    "differs, better",
    "differs, worse",
    "inconclusive",
    "ours only",
    "not judged",
    "not run",
)
