"""What each switch does as a table, in every format that tables have."""

import csv
import io
from collections.abc import Sequence
from html import escape

from ltcbench.paper.tables import Table
from ltcbench.reporting import formats, html, latex, switches, waterfall, words
from ltcbench.reporting.effects import SURE, Turns
from ltcbench.reporting.layout import PROTOCOLS, Layout, Section, Text
from ltcbench.reporting.markup import page, tag
from ltcbench.reporting.rows import NOT_RUN, Row
from ltcbench.reporting.statistics import Difference

COLUMNS = [
    "table", "task", "setting", "model", "metric", "unit", "protocol", "quirk", "turned",
    "own_mean", "own_std", "own_n", "turned_mean", "turned_std", "turned_n", "turned_failed", "data_source",
    "difference", "ci_low", "ci_high", "p_value", "p_holm", "verdict", "note",
]  # fmt: skip
EXPLANATION = (
    "Means ± sample deviation (seeds). The difference is that with the switch turned less the cell as it is, with "
    "Welch's 95 % interval; p is corrected for the quirks of the cell (Holm). Below 0.05 a quirk matters, and the one "
    "with the largest effect decides the number. Single effects need not add up to that of the whole protocol."
)
HEAD = ("model", "switch", "as it is", "turned", "difference [95 %]", "p (Holm)", "verdict")
OTHERS = {"off": "clean protocol", "on": "paper's protocol"}


def printed(table: Table, found: Sequence[Turns], way: str, cells: int, form: str) -> str:
    """The table of switches.

    Args:
        table: whose.
        found: its cells that have runs with a switch turned.
        way: ``off`` or ``on``.
        cells: how many were asked for.
        form: ``term``, ``md``, ``tex``, ``csv`` or ``html``.
    """
    if form == "csv":
        return _csv(found)
    layout = _laid_out(table, found, way, cells)
    if form == "html":
        pictures = waterfall.figures(found) if way == "off" else ""
        return page(layout.title, tag("main", tag("h1", escape(layout.title)), html.sections_of(layout), pictures))
    return {"md": formats.md_of, "tex": latex.of}.get(form, formats.term_of)(layout)


def _laid_out(table: Table, found: Sequence[Turns], way: str, cells: int) -> Layout:
    where = PROTOCOLS[switches.protocol(way)]
    sections = []
    for name, column in table.columns.items():
        its = [turns for turns in found if turns.own.cell.column.name == name]
        if its:
            lines = [line for turns in its for line in _lines(turns)]
            title = f"{column.task} ({column.setting}): {words.measured(column)}"
            sections.append(Section(title, (), HEAD, tuple(lines), tuple(map(_said, its))))
    title = f"{table.name}, one switch turned {way} at a time, under {where}. {table.source}."
    summary = f"{len(found)} of {cells} cells have runs with a switch turned {way}"
    again = f": ltcbench reproduce {table.name} --switches {way} makes them."
    return Layout(title, tuple(sections), (), (summary + ("." if found else again),), EXPLANATION)


def _lines(turns: Turns) -> list[tuple[Text, ...]]:
    own, column = turns.own, turns.own.cell.column
    lines = []
    for effect in turns.effects:
        if effect.verdict == NOT_RUN:
            continue
        p = "" if effect.corrected is None else f"{effect.corrected:.2g}"
        told = p, _verdict(effect.verdict, effect.found, own)
        lines.append((effect.quirk, words.ours(effect.row), words.signed(effect.found, column), *told))
    if turns.other.runs:
        lines.append((OTHERS[turns.way], words.ours(turns.other), words.signed(turns.whole, column), "", ""))
    return [(Text(own.cell.model), Text(name), Text(words.ours(own)), *map(Text, rest)) for name, *rest in lines]


def _verdict(text: str, found: Difference | None, own: Row) -> str:
    """A verdict on a quirk, with the direction in which turning it moves the number."""
    if found is None or text not in SURE:
        return text
    return f"{text}, {'better' if (found.value > 0) == (own.cell.column.direction == 'max') else 'worse'}"


def _said(turns: Turns) -> str:
    """Which quirk decides a cell's number, and which ones were not turned, in a sentence each."""
    missing = [effect.quirk for effect in turns.effects if effect.verdict == NOT_RUN]
    return " ".join([_decided(turns), *([f"Not run: {', '.join(missing)}."] if missing else [])])


def _decided(turns: Turns) -> str:
    marks = "".join(f" [{mark}]" for mark in turns.own.marks)
    tested = sum(effect.corrected is not None for effect in turns.effects)
    head = f"{turns.own.cell.model}{marks}, {tested} of {len(turns.effects)} quirks tested"
    if (effect := turns.decisive) is None:
        return f"{head}: none alone is told apart."
    moved = words.signed(effect.found, turns.own.cell.column)
    return f"{head}: {effect.quirk} decides the number, which moves by {moved} when it is turned {turns.way}."


def _csv(found: Sequence[Turns]) -> str:
    """A line a cell and quirk, run or not; numbers in full."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for turns in found:
        cell, own = turns.own.cell, turns.own.ours
        for effect in turns.effects:
            row, ours, moved = effect.row, effect.row.ours, effect.found
            note = "; ".join(dict.fromkeys([*turns.own.marks, *row.marks, *row.remarks]))
            values = [
                cell.table.name, cell.column.task, cell.column.setting, cell.model, cell.column.metric,
                cell.column.unit, turns.own.protocol, effect.quirk, turns.way,
                own and own.mean, own and own.std, own.n if own else 0,
                ours and ours.mean, ours and ours.std, ours.n if ours else 0, row.failed, row.source,
                moved and moved.value, moved and moved.low, moved and moved.high, moved and moved.p,
                effect.corrected, effect.verdict, note,
            ]  # fmt: skip
            writer.writerow(["" if value is None else value for value in values])
    return text.getvalue()
