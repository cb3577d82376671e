"""Tables of the papers as HTML."""

from collections.abc import Collection, Sequence
from html import escape

from ltcbench.paper.tables import MINUTES, Column
from ltcbench.reporting import charts, words
from ltcbench.reporting.comparison import Comparison, means, theirs
from ltcbench.reporting.layout import PROTOCOLS, Layout, below, best, laid_out
from ltcbench.reporting.markup import heads, page, table, tag
from ltcbench.reporting.rows import Row, few_seeds, margin


def standalone(comparison: Comparison) -> str:
    """A table as a page of its own."""
    layout = laid_out(comparison)
    sections = [
        tag("section", tag("h2", escape(column.name)), column_table(comparison, column), notes(comparison, column))
        for column in columns(comparison)
    ]
    summary = [tag("p", escape(line)) for line in layout.summary]
    return page(layout.title, tag("main", tag("h1", escape(layout.title)), *sections, *summary))


def page_of(layout: Layout) -> str:
    """Any table as a page of its own."""
    return page(layout.title, tag("main", tag("h1", escape(layout.title)), sections_of(layout)))


def sections_of(layout: Layout, before: str = "") -> str:
    """The sections of any table, their titles with ``before``, what is said of them, and the footnotes."""
    parts = []
    for section in layout.sections:
        lines = [
            tag("tr", *(tag("td", tag("b", escape(text.text)) if text.best else escape(text.text)) for text in line))
            for line in section.lines
        ]
        marks = "".join(f" [{number}]" for number in section.notes)
        said = [tag("p", escape(text), class_="said") for text in section.below]
        parts += [table(before + section.title + marks, heads(*section.head), lines), *said]
    notes = [tag("li", escape(note)) for note in layout.notes]
    parts += [tag("ol", *notes, class_="notes")] if notes else []
    return "".join([*parts, *(tag("p", escape(text)) for text in (layout.explanation, *layout.summary) if text)])


def columns(comparison: Comparison) -> list[Column]:
    """The columns in which the comparison has rows."""
    there = {row.cell.column.name for row in comparison.rows}
    return [column for name, column in comparison.table.columns.items() if name in there]


def runs_anchor(row: Row) -> str:
    """The identifier of the list of runs behind a cell."""
    return f"runs-{row.cell.table.name}-{row.cell.column.name}-{row.cell.model}-{row.protocol}"


def protocols_run(comparison: Comparison, column: Column) -> list[str]:
    """The protocols under which there is something of ours in a column; every one where there is nothing at all."""
    there = [
        protocol
        for protocol in comparison.protocols
        if any(row.runs for row in comparison.column(column, protocol))
        or comparison.baselines.get((column.name, protocol))
    ]
    return there or list(comparison.protocols)


def column_table(comparison: Comparison, column: Column, linked: bool = False, of: bool | None = None) -> str:
    """One column of the table: a line a model, a group of places a protocol.

    What holds of all numbers under a protocol is said once, above them. A protocol without a run is said to be without.

    Args:
        comparison: the table.
        column: the column.
        linked: link our numbers to the runs behind them, which have to be on the page.
        of: only the models that were run (True), with what needs no network, or those that were not (False).
    """
    every = {p: rows for p in comparison.protocols if (rows := comparison.column(column, p))}
    by_protocol = {p: rows for p, rows in every.items() if p in protocols_run(comparison, column)}
    shared = {protocol: _shared(rows) for protocol, rows in by_protocol.items()}
    head = [*heads("model"), *heads("paper", kind="number")]
    above = tag("td", colspan=2)
    for protocol in by_protocol:
        said = "; ".join(shared[protocol][0])
        of_all = tag("small", escape(said)) if said else ""
        above += tag("th", PROTOCOLS[protocol], of_all, scope="colgroup", colspan=3, class_=f"group {protocol}")
        head += [*heads("ours", kind=f"number {protocol}"), *heads("difference", kind=f"difference {protocol}"),
                 *heads("verdict", kind=protocol)]  # fmt: skip
    bests = {protocol: best(column, means(rows)) for protocol, rows in by_protocol.items()}
    papers_best = best(column, theirs(column))
    lines = []
    for line in zip(*every.values(), strict=True):
        cell = line[0].cell
        if of is not None and of != any(row.runs for row in line):
            continue
        places = [tag("th", escape(cell.model), scope="row")]
        places.append(_number(words.paper(cell), cell.number and cell.number.mean, cell.model in papers_best))
        for row in line:
            if row.protocol in by_protocol:
                places += _places(row, cell.model in bests[row.protocol], linked, shared[row.protocol][1])
        lines.append(tag("tr", *places, data_verdicts=" ".join(row.verdict.replace(" ", "-") for row in line)))
    lines += [] if of is False else _trivial(comparison, column, list(by_protocol))
    caption = f"{column.name}, {column.setting}: {words.measured(column)}" + (", not run" if of is False else "")
    caption += "".join(f"; {PROTOCOLS[protocol]}: not run" for protocol in every if protocol not in by_protocol)
    return table(
        caption,
        head,
        lines,
        tag("tr", above) if len(every) > 1 or any(said for said, _ in shared.values()) else "",
        "cells",
    )


def _shared(rows: Sequence[Row]) -> tuple[list[str], set[str]]:
    """What is said once above ours, and the marks and remarks that it stands for.

    Marks that every row of ours has, and how many seeds there are: a row's own number stands in brackets behind ours.
    """
    ours = [row for row in rows if row.runs]
    if len(ours) < 2:
        return [], set()
    above = [mark for mark in ours[0].marks if all(mark in row.marks for row in ours)]
    left_out = set(above)
    beside = [(len(row.values), row.cell.number.n) for row in ours if row.values and row.cell.number]
    papers = {n for _, n in beside}
    if len(papers) == 1 and (n := papers.pop()) and (least := min(own for own, _ in beside)) < n:
        most = min(max(own for own, _ in beside), n)
        above.append(few_seeds(f"{least}" if least == most else f"{least} to {most}", n))
        left_out |= {few_seeds(str(own), n) for own in range(n)}
    return above, left_out


def _places(row: Row, is_best: bool, linked: bool, said: Collection[str]) -> list[str]:
    """Ours, the difference and the verdict of a cell; what is said already is left out."""
    link = f"#{runs_anchor(row)}" if linked and row.runs else None
    found, text = row.found, words.difference(row)
    strip = "" if found is None else charts.interval(found.value, found.low, found.high, margin(row.cell), text)
    kind = words.verdict(row).replace(", ", " ") if row.direction else row.verdict.replace(" ", "-")
    left = [remark for remark in row.remarks if remark not in said]
    remarks = tag("small", escape("; ".join(left))) if left else ""
    verdict = tag("span", escape(words.verdict(row)), class_=f"mark {kind}")
    return [
        _number(
            words.mean(row),
            row.ours and row.ours.mean,
            is_best,
            row.protocol,
            link,
            ", ".join(mark for mark in row.marks if mark not in said),
        ),
        tag(
            "td",
            strip,
            tag("span", escape(text)),
            class_=f"difference {row.protocol}",
            data_value=found.value if found else "",
        ),
        tag("td", verdict, remarks, class_=f"verdict {row.protocol}", data_value=words.verdict(row)),
    ]


def _number(
    text: str, value: object, is_best: bool = False, kind: str = "", link: str | None = None, mark: str = ""
) -> str:
    shown = escape(text)
    shown = tag("a", shown, href=link) if link else shown
    shown = tag("b", shown) if is_best else shown
    shown += tag("small", escape(mark)) if mark else ""
    return tag("td", shown, class_=f"number {kind}".strip(), data_value="" if value is None else value)


def _trivial(comparison: Comparison, column: Column, protocols: Sequence[str]) -> list[str]:
    """Lines for what needs no network."""
    if column.metric == MINUTES:
        return []
    found = {p: {run.model: run.value for run in comparison.baselines.get((column.name, p), ())} for p in protocols}
    lines = []
    for name in dict.fromkeys(name for values in found.values() for name in values):
        places = [tag("th", escape(name), scope="row"), tag("td")]
        for protocol in protocols:
            value = found[protocol].get(name)
            scaled = None if value is None else value * column.scale
            places.append(_number("" if scaled is None else words.value(scaled, column), scaled, kind=protocol))
            places += [
                tag("td", class_=f"difference {protocol}"),
                tag("td", tag("small", "no network"), class_=protocol),
            ]
        lines.append(tag("tr", *places, class_="trivial", data_verdicts=""))
    return lines


def notes(comparison: Comparison, column: Column) -> str:
    """The rankings of a column, then its footnotes."""
    there = {row.cell.model for row in comparison.rows if row.cell.column == column}
    items = []
    for note in (*column.notes, *comparison.table.notes):
        models = [model for model in note.models if model in there]
        if models or not note.models:
            names = tag("b", escape(", ".join(models))) + ": " if models else ""
            items.append(tag("li", names, escape(note.text)))
    said = [tag("p", escape(line), class_="said") for line in below(comparison, column)]
    listed = tag("ul", *items, class_="notes") if items else ""
    return tag("div", tag("div", *said), listed, class_="under") if said or listed else ""
