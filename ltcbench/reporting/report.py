"""The report: every table with pictures, what lies behind each cell, and how to make it anew, as one page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape

from ltcbench.paper.tables import MINUTES, Column, Table
from ltcbench.reporting import html, ranking, waterfall, words
from ltcbench.reporting.comparison import Comparison
from ltcbench.reporting.effects import Turns
from ltcbench.reporting.layout import PROTOCOLS, Layout
from ltcbench.reporting.learning_curves import Curves
from ltcbench.reporting.markup import details, figure, fold, heads, page, table, tag
from ltcbench.reporting.overview import duels, glance
from ltcbench.reporting.pictures import error_against_time, learning_curves, models, timed
from ltcbench.reporting.published import command
from ltcbench.reporting.rows import Row
from ltcbench.settings import groups

LISTED = 50  # runs of a cell that are listed
LEAD = (
    "Every table of <i>Liquid Time-constant Networks</i> and of <i>Closed-form Continuous-time Neural Networks</i>, "
    "ours beside it: under the protocol of the authors’ code, quirks included, and under a clean one."
)
CURVES = (
    "After each epoch, under {}: {} on the validation part (on the training part where there is none), mean and range "
    "over seeds; the other models in grey. Dashed: cut short, or not on the official data."
)
MODELS = "The papers’ numbers and ours, each seed a small point."
TIMES = "Test metric against the time of an epoch of training, on one kind of machine only: {}."

_STYLE = re.compile("<style>.*?</style>", flags=re.DOTALL)  # a picture's own, which would be that of the whole page


@dataclass(frozen=True)
class Exhibit:
    """A table that no training makes.

    Attributes:
        name: of the table.
        title: what it is about.
        source: where it stands.
        command: what makes ours.
        parts: under each protocol, by its name: the table and a picture, an SVG text or "".
    """

    name: str
    title: str
    source: str
    command: str
    parts: Mapping[str, tuple[Layout, str]]


def report(
    comparisons: Sequence[Comparison],
    curves: Curves,
    made: dict[str, str | None],
    exhibits: Sequence[Exhibit] = (),
    turned: Sequence[Turns] = (),
) -> str:
    """The page.

    Args:
        comparisons: the tables, each under both protocols.
        curves: where learning curves come from.
        made: versions of the program.
        exhibits: tables that no training makes.
        turned: cells with switches turned off.
    """
    tables = [*(comparison.table.name for comparison in comparisons), *(exhibit.name for exhibit in exhibits)]
    names = {"glance": "at a glance", "duel": "LTC or LSTM", "ranks": "ranks", **{name: name for name in tables}}
    names |= {"switches": "one switch at a time"} if turned else {}
    links = [tag("li", tag("a", name, href=f"#{place}")) for place, name in names.items()]
    sections = [*(_table(comparison, curves) for comparison in comparisons), waterfall.section(turned)]
    sections.append(tag("div", *map(_exhibit, exhibits), class_="columns"))
    return page(
        "ltcbench: what reproduces of the LTC and CfC papers",
        _header(comparisons, made)
        + tag("nav", tag("ul", *links), aria_label="tables")
        + tag("main", glance(comparisons), duels(comparisons), ranking.section(comparisons), _controls(), *sections),
    )


def _header(comparisons: Sequence[Comparison], made: dict[str, str | None]) -> str:
    runs = {run for comparison in comparisons for row in comparison.rows for run in row.runs}
    version = f"ltcbench {made['ltcbench']}" + (f", commit {made['git']}" if made["git"] else "")
    text = f"{len(runs):,} runs · {datetime.now(timezone.utc):%Y-%m-%d} · {version}"
    return tag(
        "header", tag("h1", "What reproduces"), tag("p", LEAD, class_="lead"), tag("p", escape(text), class_="meta")
    )


def _controls() -> str:
    verdicts = ["reproduced", "differs", "inconclusive", "ours only", "not judged", "not run"]
    options = [tag("option", verdict, value=verdict.replace(" ", "-")) for verdict in verdicts]
    protocols = [
        tag("label", tag("input", type="radio", name="protocol", value=name, checked=name == "both"), name)
        for name in ("both", "paper", "clean")
    ]
    search = tag("input", type="search", id="search", placeholder="model, task or table", autocomplete="off")
    return tag(
        "form",
        tag("label", "Filter ", search),
        tag("label", "Verdict ", tag("select", tag("option", "all", value=""), *options, id="verdict")),
        tag("fieldset", tag("legend", "Protocol"), *protocols),
        tag("label", tag("input", type="checkbox", id="run"), "only what was run"),
        tag("output", id="shown", aria_live="polite"),
        class_="controls",
        aria_label="filter the tables",
    )


def _table(comparison: Comparison, curves: Curves) -> str:
    """The section of a table; of one that was not run at all only a line is seen."""
    its = comparison.table
    again = tag("code", f"ltcbench reproduce {its.name} --protocol both --jobs 2")
    meta = tag("p", escape(its.source), ". ", again, class_="meta")
    title, run = f"{its.name}: {its.title}", any(row.runs for row in comparison.rows)
    ordered = sorted(html.columns(comparison), key=lambda column: not _was_run(comparison, column))
    narrow = [column.name for column in ordered if _is_narrow(comparison, column)]
    halves = narrow if len(narrow) > 1 else []
    columns = [_column(comparison, column, curves, run, column.name in halves) for column in ordered]
    if not run:
        why = f"not run; columns: {len(columns)}"
        return tag("section", fold("h2", title, why, meta, *columns), id=its.name)
    return tag(
        "section",
        tag("div", tag("h2", escape(title)), meta, class_="head"),
        tag("div", *columns, class_="columns"),
        id=its.name,
    )


def _was_run(comparison: Comparison, column: Column) -> bool:
    return any(row.runs for row in comparison.rows if row.cell.column == column)


def _is_narrow(comparison: Comparison, column: Column) -> bool:
    """Whether there is something of ours under one protocol alone, so that two such tables fit beside each other."""
    alone = len(html.protocols_run(comparison, column)) == 1
    return alone and _was_run(comparison, column) and column.metric != MINUTES


def _exhibit(exhibit: Exhibit) -> str:
    """The section of an experiment, a line until it is opened."""
    parts = [
        tag("h3", escape(PROTOCOLS[protocol].capitalize()))
        + figure(_STYLE.sub("", picture), "", protocol)
        + html.sections_of(layout, f"{exhibit.name}, {protocol}: ")
        for protocol, (layout, picture) in exhibit.parts.items()
    ]
    made = [protocol for protocol, (_, picture) in exhibit.parts.items() if picture]
    said = f"made under the protocol {' and '.join(made)}" if made else "not run"
    source = tag("p", escape(exhibit.source), ". ", tag("code", escape(exhibit.command)), class_="meta")
    inside = fold("h2", f"{exhibit.name}: {exhibit.title}", said, source, *parts)
    return tag("section", inside, class_="half", id=exhibit.name)


def _column(comparison: Comparison, column: Column, curves: Curves, folds: bool, beside: bool) -> str:
    """A column of a table; with ``folds`` one that was not run is a line, with ``beside`` it takes half of the page."""
    its = comparison.table
    rows = [row for protocol in comparison.protocols for row in comparison.column(column, protocol)]
    run = {row.cell.model for row in rows if row.runs}
    missing = len({row.cell.model for row in rows} - run)
    of = True if run and missing else None
    parts = [html.column_table(comparison, column, linked=True, of=of)]
    if of:
        parts.append(
            fold(
                "h4",
                f"{missing} models",
                "of the paper that were not run",
                html.column_table(comparison, column, of=False),
            )
        )
    said = html.notes(comparison, column)
    drawers = [details("Rankings and notes", said) if said else "", _runs(column, rows)]
    if column.metric != MINUTES:
        drawers = [_pictures(rows), _curves(comparison, column, curves), *drawers, _how(its, column)]
    parts.append(tag("div", *drawers, class_="drawers"))
    searched = f"{its.name} {column.name} {column.task}"
    if folds and not run:
        inside = fold("h3", column.name, column.not_run or "not run", *parts)
    elif column.metric == MINUTES:
        inside = fold("h3", column.name, "measured, not judged", *parts)
    else:
        inside = tag("h3", escape(column.name)) + "".join(parts)
    return tag("section", inside, class_="column half" if beside else "column", data_name=searched)


def _pictures(rows: Sequence[Row]) -> str:
    """What a column came to, beside what it cost."""
    machine, others = timed(rows)
    said = TIMES.format(machine) + (f" Left out: {'; '.join(sorted(others))}." if others else "")
    drawn = figure(models(rows), MODELS), figure(error_against_time(rows), said)
    return details("Pictures", tag("div", *drawn, class_="beside"), kind="pictures") if any(drawn) else ""


def _curves(comparison: Comparison, column: Column, curves: Curves) -> str:
    """The learning curves of a column under each protocol; of runs whose curves are not at hand none."""
    drawn = []
    for protocol in comparison.protocols:
        panels = learning_curves(comparison.column(column, protocol), curves)
        caption = CURVES.format(PROTOCOLS[protocol], words.METRICS[column.metric])
        drawn.append(figure("".join(panels), caption, f"panels {protocol}"))
    return details("Learning curves", *drawn, kind="pictures") if any(drawn) else ""


def _how(its: Table, column: Column) -> str:
    """Protocol, quirks and commands of a column."""
    if column.not_run:
        return tag("p", escape(f"Not run: {column.not_run}."))
    paper, clean = (groups.quirks(column.task, protocol) for protocol in PROTOCOLS)
    said = {True: "on", False: "off"}
    lines = [
        tag("tr", tag("th", tag("code", name), scope="row"),
            *(tag("td", said[on[name]], data_label=label) for label, on in (("paper", paper), ("clean", clean))),
            tag("td", escape(note)))
        for name, note in groups.quirk_notes(column.task).items()
    ]  # fmt: skip
    commands = (
        f"ltcbench reproduce {its.name} --only column={column.name} --protocol both\n"
        f"ltcbench table {its.name} --only column={column.name} --protocol both\n"
        f"ltcbench show task={column.task} model=<model>"
    )
    caption = f"Quirks of the authors' code, {its.name} {column.name}"
    text = groups.comment("task", column.task) + (f" With {' '.join(column.overrides)}." if column.overrides else "")
    return details(
        "Protocol and commands",
        tag("p", escape(text)),
        table(
            caption,
            heads("quirk", "paper", "clean", "what it does"),
            lines,
        ),
        tag("pre", escape(commands), tabindex=0),
        kind="quirks",
    )


def _runs(column: Column, rows: Sequence[Row]) -> str:
    """Every run behind the column, a group a cell."""
    lines = [line for row in rows for line in _runs_of(column, row)]
    if not lines:
        return ""
    head = heads("model", "protocol", "seed", "status", "test", "epoch", "s an epoch", "data", "commit", "run folder")
    return details("The runs", table(f"Runs behind {rows[0].cell.table.name} {column.name}", head, lines), kind="runs")


def _runs_of(column: Column, row: Row) -> list[str]:
    lines = []
    for i, run in enumerate(row.runs[:LISTED]):
        raw = run.seconds if column.metric == MINUTES else run.value
        value = "" if raw is None else words.value(raw * column.scale, column)
        seconds = "" if run.seconds is None else f"{run.seconds:.3g}"
        places = (row.cell.model, row.protocol, run.seed, run.status, value, f"{run.best_epoch or ''} of {run.epochs}",
                  seconds, run.source, run.git)  # fmt: skip
        path = tag("code", escape(f"{run.task}/{run.model}/{run.fingerprint}"), title=command(row, run))
        cells = [tag("td", escape(str(place))) for place in places]
        target = None if i else html.runs_anchor(row)
        lines.append(tag("tr", *cells, tag("td", path), class_=row.protocol, id=target))
    if len(row.runs) > LISTED:
        more = f"and {len(row.runs) - LISTED:,} more"
        lines.append(tag("tr", tag("td", escape(row.cell.model)), tag("td", more, colspan=9), class_=row.protocol))
    return lines
