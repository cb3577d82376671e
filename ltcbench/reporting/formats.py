"""A table as text for a terminal, Markdown, LaTeX or CSV."""

import csv
import io
import re
import textwrap

from ltcbench import terminal
from ltcbench.reporting import latex, words
from ltcbench.reporting.comparison import Comparison
from ltcbench.reporting.layout import Layout, Text, laid_out
from ltcbench.reporting.rows import Row

COLUMNS = [
    "table", "task", "setting", "model", "metric", "unit", "paper_mean", "paper_std", "paper_n", "paper_source",
    "ours_mean", "ours_std", "ours_n", "ours_failed", "protocol", "data_source", "difference", "ci_low", "ci_high",
    "p_value", "verdict", "note",
]  # fmt: skip


def term(comparison: Comparison) -> str:
    """For reading at a terminal; the best numbers carry a star."""
    return term_of(laid_out(comparison))


def term_of(layout: Layout) -> str:
    """The same of any table."""
    parts = [layout.title]
    for section in layout.sections:
        lines = [[_starred(text) for text in line] for line in section.lines]
        title = section.title + "".join(f" [{number}]" for number in section.notes)
        parts.append("\n".join([title, terminal.table(section.head, lines), *section.below]))
    notes = [
        textwrap.fill(note, 110, initial_indent=f"[{i}] ", subsequent_indent="    ")
        for i, note in enumerate(layout.notes, 1)
    ]
    starred = any(text.best for section in layout.sections for line in section.lines for text in line)
    explanation = f"* best. {layout.explanation}" if starred else layout.explanation
    parts.append("\n".join([*notes, textwrap.fill(explanation, 110)]))
    return "\n\n".join([*parts, "\n".join(layout.summary)]) + "\n"


def _starred(text: Text) -> str:
    return f"{text.text} *" if text.best else text.text


def md(comparison: Comparison) -> str:
    """Markdown; the best numbers are bold."""
    return md_of(laid_out(comparison))


def md_of(layout: Layout) -> str:
    """The same of any table."""
    parts = [f"**{_escaped_md(layout.title)}**"]
    for section in layout.sections:
        rows = [section.head, ["---"] * len(section.head)]
        rows += [[_bold(text) for text in line] for line in section.lines]
        title = _escaped_md(section.title) + "".join(f" [{number}]" for number in section.notes)
        grid = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        parts += [title, grid, *map(_escaped_md, section.below)]
    notes = "\n".join(f"{i}. {_escaped_md(note)}" for i, note in enumerate(layout.notes, 1))
    return "\n\n".join([*parts, *filter(None, [notes]), layout.explanation, "\n".join(layout.summary)]) + "\n"


def _escaped_md(text: str) -> str:
    return re.sub(r"([|*_<\\])", r"\\\1", text)


def _bold(text: Text) -> str:
    return f"**{_escaped_md(text.text)}**" if text.best and text.text else _escaped_md(text.text)


def tex(comparison: Comparison) -> str:
    """LaTeX with booktabs; the best numbers are bold."""
    return latex.of(laid_out(comparison))


def csv_of(layout: Layout) -> str:
    """A line a line of each section, its title in front, under a head for each section."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for section in layout.sections:
        writer.writerow(["section", *section.head])
        writer.writerows([section.title, *(text.text for text in line)] for line in section.lines)
    return text.getvalue()


def to_csv(comparisons: list[Comparison]) -> str:
    """A line a cell and protocol, run or not; numbers in full."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(values(row) for comparison in comparisons for row in comparison.rows)
    return text.getvalue()


def values(row: Row) -> list[object]:
    """What stands under ``COLUMNS`` of a row; None where there is nothing."""
    cell, number, ours, found = row.cell, row.cell.number, row.ours, row.found
    note = [words.verdict(row)] if row.direction else []
    return [
        cell.table.name, cell.column.task, cell.column.setting, cell.model, cell.column.metric, cell.column.unit,
        number and number.mean, number and number.std, number and number.n, number and number.source,
        ours and ours.mean, ours and ours.std, ours.n if ours else 0, row.failed, row.protocol, row.source,
        found and found.value, found and found.low, found and found.high, found and found.p, row.verdict,
        "; ".join([*note, *row.marks, *row.remarks, *cell.notes]),
    ]  # fmt: skip
