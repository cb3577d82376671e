"""The report's pictures: learning curves, models beside the paper, error against time, ours against the papers'.

A point is a circle under the paper's protocol and a diamond under the clean one, hollow where the runs are marked.
"""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

from ltcbench.paper.tables import MINUTES, Column
from ltcbench.reporting import words
from ltcbench.reporting.charts import Axis, Point, apart, axis, band, figure, frame, legend, line, marker, number
from ltcbench.reporting.index import Run
from ltcbench.reporting.learning_curves import Curves
from ltcbench.reporting.rows import Row

WIDTH = 340  # of a journal's column, 90 mm at 96 pixels an inch
PANEL = (212, 128)  # pixels of a learning curve
SEEDS = 20  # runs of a cell whose curves are read
STEPS = 100  # points of a curve
LEGEND = {
    ("paper", False): ("", False, "paper's protocol"),
    ("paper", True): ("hollow", False, "marked"),
    ("clean", False): ("", True, "clean protocol"),
    ("clean", True): ("hollow", True, "clean, marked"),
}

Band = list[tuple[float, float, float, float]]  # epoch, mean, least and largest over seeds


def learning_curves(rows: Sequence[Row], curves: Curves) -> list[str]:
    """A small picture a model: its validation metric after each epoch, the others in grey behind it.

    Args:
        rows: a column under one protocol.
        curves: where curves come from.
    """
    bands = {row.cell.model: band for row in rows if (band := _band(row, curves))}
    if not bands:
        return []
    column = rows[0].cell.column
    values = [value for band in bands.values() for _, *some in band for value in some]
    log = column.direction == "min" and min(values) > 0
    x = Axis(0, max(band[-1][0] for band in bands.values()), 38, 206)
    y = axis(values, 108, 20, log)
    means = {model: [(x(epoch), y(mean)) for epoch, mean, _, _ in band] for model, band in bands.items()}
    return [_panel(row, bands[row.cell.model], means, x, y, column) for row in rows if row.cell.model in bands]


def _panel(row: Row, curve: Band, means: dict[str, list[Point]], x: Axis, y: Axis, column: Column) -> str:
    model = row.cell.model
    parts = [f'<text class="name" x="38" y="12">{escape(" · ".join([model, *map(_short, row.marks)]))}</text>']
    for value in y.ticks(3):
        parts.append(f'<path class="grid" d="M38 {y(value)}H206"/>')
        parts.append(f'<text class="tick" x="33" y="{y(value) + 3.5}" text-anchor="end">{number(value)}</text>')
    for epoch, anchor in ((0.0, "start"), (x.high, "end")):
        parts.append(f'<text class="tick" x="{x(epoch)}" y="122" text-anchor="{anchor}">{number(epoch)}</text>')
    parts += [line(points, "other") for other, points in means.items() if other != model]
    low, high = ([(x(point[0]), y(point[i])) for point in curve] for i in (2, 3))
    parts += [band(low, high, "band"), line(means[model], "own cut" if row.marks else "own")]
    end = f"{number(curve[-1][1])} after {curve[-1][0]:g} epochs"
    label = f"{model} on {column.task}: {words.METRICS[column.metric]} {end}{_marks(row)}"
    return figure(*PANEL, label, parts)


def _short(mark: str) -> str:
    """A mark without its numbers: ``cut short``."""
    return mark.partition(",")[0]


def _marks(row: Row) -> str:
    return f" [{'; '.join(row.marks)}]" if row.marks else ""


def _band(row: Row, curves: Curves) -> Band:
    """Mean and range over seeds, at the epochs that all of them have."""
    every = [curve for run in row.runs[:SEEDS] if (curve := curves.of(run))]
    if not every:
        return []
    seeds = [dict(zip(curve.epochs, curve.values, strict=True)) for curve in every]
    common = sorted(set.intersection(*map(set, seeds)))
    places = sorted({round(i * (len(common) - 1) / (STEPS - 1)) for i in range(STEPS)}) if common else []
    scale = row.cell.column.scale
    found = []
    for epoch in (common[place] for place in places):
        there = [seed[epoch] * scale for seed in seeds]
        found.append((float(epoch), statistics.fmean(there), min(there), max(there)))
    return found


def models(rows: Sequence[Row]) -> str:
    """The models that were run, with the paper's mean and deviation, ours, and every seed; "" without runs.

    Args:
        rows: a column under one or both protocols.
    """
    there = [row for row in rows if row.ours]
    if not there:
        return ""
    column = rows[0].cell.column
    names = list(dict.fromkeys(row.cell.model for row in there))
    rows = [row for row in rows if row.cell.model in names]
    left = 18 + 7 * max(map(len, names))
    values = [value for row in rows for value in (*_seeds(row), *_ends(row))]
    foot = 42 + 24 * len(names)
    x = axis(values, left, WIDTH - 12, column.direction == "min" and max(values) > 4 * min(values) > 0)
    parts = [f'<text class="axis" x="10" y="14">{escape(words.measured(column))}</text>']
    for value in x.ticks():
        parts.append(f'<path class="grid" d="M{x(value)} 26V{foot - 10}"/>')
        parts.append(f'<text class="tick" x="{x(value)}" y="{foot + 4}" text-anchor="middle">{number(value)}</text>')
    for i, name in enumerate(names):
        y = 42 + 24 * i
        parts.append(f'<text class="name" x="{left - 10}" y="{y + 4}" text-anchor="end">{escape(name)}</text>')
        same = [row for row in rows if row.cell.model == name]
        parts += _theirs(same[0], x, y)
        for row, at in zip(same, (y - 4, y + 5) if len(same) > 1 else (y,), strict=True):
            parts += _ours(row, x, at)
    kinds = _kinds(there)
    parts += legend(10, foot + 26, [(f"{kind} point".strip(), diamond, text) for kind, diamond, text in kinds])
    if any(row.cell.number for row in rows):
        parts.append(f'<path class="spread" d="M10 {foot + 42}H32"/><path class="theirs" d="M21 {foot + 37}v10"/>')
        parts.append(f'<text class="tick" x="38" y="{foot + 46}">the paper, ± its deviation; small: a seed</text>')
    title = f"{column.task}: the paper and ours, {len(names)} models"
    return figure(WIDTH, foot + 54, title, parts)


def _seeds(row: Row) -> list[float]:
    return [run.value * row.cell.column.scale for run in row.runs if run.value is not None]


def _ends(row: Row) -> list[float]:
    """The ends of the paper's deviation."""
    number = row.cell.number
    return [number.mean - (number.std or 0), number.mean + (number.std or 0)] if number else []


def _theirs(row: Row, x: Axis, y: float) -> list[str]:
    if not row.cell.number:
        return []
    low, high = map(x, _ends(row))
    mean = x(row.cell.number.mean)
    spread = [f'<path class="spread" d="M{low} {y}H{high}"/>'] if high > low else []
    return [*spread, f'<path class="theirs" d="M{mean} {y - 8}V{y + 8}"/>']


def _ours(row: Row, x: Axis, y: float) -> list[str]:
    if not row.ours:
        return []
    dots = [f'<circle class="seed {row.protocol}" cx="{x(value)}" cy="{y}" r="2"/>' for value in _seeds(row)]
    title = f"{row.cell.model}, {row.protocol}: {words.ours(row)}"
    return [*dots, _marker(row, x(row.ours.mean), y, "point", title)]


def _marker(row: Row, x: float, y: float, kind: str, title: str) -> str:
    hollow = " hollow" if row.marks else ""
    return marker(x, y, f"{kind} {row.protocol}{hollow}", title, row.protocol == "clean")


def _kinds(rows: Iterable[Row]) -> list[tuple[str, bool, str]]:
    """The entries of the legend for points that there are; a mark is named."""
    rows = list(rows)
    marks = ", ".join(dict.fromkeys(_short(mark) for row in rows for mark in row.marks))
    there = {(row.protocol, bool(row.marks)) for row in rows}
    return [(kind, diamond, text.replace("marked", marks)) for key, (kind, diamond, text) in LEGEND.items()
            if key in there]  # fmt: skip


def timed(rows: Sequence[Row]) -> tuple[str, set[str]]:
    """The machine (system and device) on which most models of a column were timed, and the others; "" without any."""
    count = Counter(machine for row in rows for machine in {_machine(run) for run in row.runs if run.seconds})
    if not count:
        return "", set()
    most = max(sorted(count), key=lambda machine: count[machine])
    return most, set(count) - {most}


def _machine(run: Run) -> str:
    return f"{run.machine}, {run.device}"


def error_against_time(rows: Sequence[Row]) -> str:
    """The test metric of each model against the time of an epoch on one machine (``timed``); "" without runs."""
    machine, _ = timed(rows)
    points = []
    for row in rows:
        measured = [run.seconds for run in row.runs if run.seconds and _machine(run) == machine]
        if row.ours and measured:
            points.append((row, statistics.median(measured), row.ours.mean))
    if not points:
        return ""
    column = rows[0].cell.column
    x = axis([seconds for _, seconds, _ in points], 50, WIDTH - 44, log=True)
    values = [value for _, _, value in points]
    y = axis(values, 230, 34, log=column.direction == "min" and min(values) > 0)
    parts = frame(x, y, "seconds an epoch", words.METRICS[column.metric])
    names = []
    for row, seconds, value in points:
        title = f"{row.cell.model}, {row.protocol}: {words.ours(row)}, {seconds:.3g} s an epoch"
        parts.append(_marker(row, x(seconds), y(value), "point", title))
        names.append((x(seconds) + 8, y(value) + 4, row.cell.model))
    parts += [f'<text class="name" x="{a}" y="{b}">{escape(name)}</text>' for a, b, name in apart(names)]
    kinds = _kinds(row for row, _, _ in points)
    parts += legend(10, 284, [(f"{kind} point", diamond, text) for kind, diamond, text in kinds])
    return figure(WIDTH, 292, f"{column.task}: test metric against seconds an epoch", parts)


def ours_against_papers(rows: Sequence[Row]) -> dict[str, str]:
    """Ours against the papers' numbers: pictures of ``shares`` and of ``errors``, where there are any."""
    judged = [row for row in rows if row.cell.number and row.ours and row.cell.column.metric != MINUTES]
    shares = [row for row in judged if row.cell.column.metric != "mse"]
    errors = [row for row in judged if row.cell.column.metric == "mse" and row.ours and row.ours.mean > 0]
    pictures = {}
    if shares:
        pictures["shares"] = _agreement(shares, "accuracy, F1, area under ROC", False)
    if errors:
        pictures["errors"] = _agreement(errors, "mean squared error", True)
    return pictures


def _agreement(rows: Sequence[Row], title: str, log: bool) -> str:
    points = []
    for row in rows:
        scale = 0.01 if row.cell.column.unit == "%" else 1.0
        if row.cell.number and row.ours:
            points.append((row, row.cell.number.mean * scale, row.ours.mean * scale))
    values = [value for _, theirs, own in points for value in (theirs, own)]
    x, y = axis(values, 50, WIDTH - 12, log), axis(values, 246, 34, log)
    parts = frame(x, y, "the paper's", f"ours: {title}")
    parts.append(line([(x(x.low), y(y.low)), (x(x.high), y(y.high))], "same"))
    for row, theirs, own in points:
        kind = row.verdict if row.verdict in ("reproduced", "differs") else "open"
        said = f"{row.cell.table.name} {row.cell.column.name} {row.cell.model}, {row.protocol}: {words.verdict(row)}"
        said += f". Paper {words.paper(row.cell)}, ours {words.ours(row)}"
        parts.append(_marker(row, x(theirs), y(own), kind, said))
    parts += legend(10, 300, _kinds(rows), WIDTH)
    return figure(WIDTH, 336, f"ours against the papers': {len(points)} cells", parts)
