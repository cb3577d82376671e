"""The report's pictures: learning curves, error against time, ours against the papers'."""

import math
import statistics
from collections.abc import Sequence
from html import escape
from pathlib import Path

from ltcbench.paper.tables import MINUTES, Column
from ltcbench.reporting import words
from ltcbench.reporting.charts import Axis, Point, apart, axis, band, figure, frame, line, number
from ltcbench.reporting.index import Run
from ltcbench.reporting.rows import Row

SEEDS = 20  # runs of a cell whose curves are read
STEPS = 100  # points of a curve

Curve = list[tuple[float, float, float, float]]  # epoch, mean, least and largest over seeds


def learning_curves(rows: Sequence[Row], folder: Path) -> str:
    """A small picture a model: its validation metric after each epoch, the others in grey behind it; "" without runs.

    Args:
        rows: a column under one protocol.
        folder: of run folders.
    """
    curves = {row.cell.model: curve for row in rows if (curve := _curve(row, folder))}
    if not curves:
        return ""
    column = rows[0].cell.column
    values = [value for curve in curves.values() for _, *some in curve for value in some]
    log = column.direction == "min" and min(values) > 0
    last = max(curve[-1][0] for curve in curves.values())
    x = Axis(0, last, 38, 206)
    y = axis(values, 108, 20, log)
    means = {model: [(x(epoch), y(mean)) for epoch, mean, _, _ in curve] for model, curve in curves.items()}
    return "".join(_panel(model, curve, means, x, y, column) for model, curve in curves.items())


def _panel(model: str, curve: Curve, means: dict[str, list[Point]], x: Axis, y: Axis, column: Column) -> str:
    parts = [f'<text class="name" x="38" y="12">{escape(model)}</text>']
    for value in y.ticks(3):
        parts.append(f'<path class="grid" d="M38 {y(value)}H206"/>')
        parts.append(f'<text class="tick" x="33" y="{y(value) + 3.5}" text-anchor="end">{number(value)}</text>')
    for epoch, anchor in ((0.0, "start"), (x.high, "end")):
        parts.append(f'<text class="tick" x="{x(epoch)}" y="122" text-anchor="{anchor}">{number(epoch)}</text>')
    parts += [line(points, "other") for other, points in means.items() if other != model]
    low, high = ([(x(point[0]), y(point[i])) for point in curve] for i in (2, 3))
    parts += [band(low, high, "band"), line(means[model], "own")]
    label = (
        f"{model} on {column.task}: {words.METRICS[column.metric]} {number(curve[-1][1])} after {curve[-1][0]:g} epochs"
    )
    return figure(212, 128, label, parts)


def _curve(row: Row, folder: Path) -> Curve:
    """Mean and range over seeds of the validation metric, of the training metric where there is no validation."""
    read = [_metrics(run, folder) for run in row.runs[:SEEDS]]
    every = [curve for curve in read if curve]
    length = min(map(len, every), default=0)
    places = sorted({round(i * (length - 1) / (STEPS - 1)) for i in range(STEPS)}) if length > 1 else []
    scale = row.cell.column.scale
    found = []
    for place in places:
        there = [curve[place][1] * scale for curve in every]
        if all(map(math.isfinite, there)):
            found.append((every[0][place][0], statistics.fmean(there), min(there), max(there)))
    return found


def _metrics(run: Run, folder: Path) -> list[Point]:
    try:
        file = folder / run.task / run.model / run.fingerprint / "metrics.csv"
        head, *lines = file.read_text(encoding="utf-8").splitlines()
        names = head.split(",")
        which = names.index(f"valid_{run.metric}" if f"valid_{run.metric}" in names else f"train_{run.metric}")
        rows = [text.split(",") for text in lines]
        return [(float(row[0]), float(row[which])) for row in rows]
    except (OSError, ValueError, IndexError):
        return []


def error_against_time(rows: Sequence[Row]) -> str:
    """The test metric of each model against the time of an epoch; hollow under the clean protocol; "" without runs."""
    points = []
    for row in rows:
        measured = [run.seconds for run in row.runs if run.seconds]
        if row.ours and measured:
            points.append((row, statistics.median(measured), row.ours.mean))
    if not points:
        return ""
    column = rows[0].cell.column
    x = axis([seconds for _, seconds, _ in points], 56, 520, log=True)
    values = [value for _, _, value in points]
    y = axis(values, 270, 34, log=column.direction == "min" and min(values) > 0)
    parts = frame(x, y, "seconds an epoch", words.METRICS[column.metric])
    names = []
    for row, seconds, value in points:
        title = f"{row.cell.model}, {row.protocol}: {words.ours(row)}, {seconds:.3g} s an epoch"
        parts.append(
            f'<circle class="point {row.protocol}" cx="{x(seconds)}" cy="{y(value)}" r="4.5">'
            f"<title>{escape(title)}</title></circle>"
        )
        names.append((x(seconds) + 8, y(value) + 4, row.cell.model))
    parts += [f'<text class="name" x="{a}" y="{b}">{escape(name)}</text>' for a, b, name in apart(names)]
    return figure(600, 304, f"{column.task}: test metric against seconds an epoch", parts)


def ours_against_papers(rows: Sequence[Row]) -> str:
    """Ours against the papers' numbers, shares on one picture and errors on another; "" without any."""
    judged = [row for row in rows if row.cell.number and row.ours and row.cell.column.metric != MINUTES]
    shares = [row for row in judged if row.cell.column.metric != "mse"]
    errors = [row for row in judged if row.cell.column.metric == "mse" and row.ours and row.ours.mean > 0]
    return "".join(
        _agreement(some, title, log)
        for some, title, log in ((shares, "accuracy, F1, area under ROC", False), (errors, "mean squared error", True))
        if some
    )


def _agreement(rows: Sequence[Row], title: str, log: bool) -> str:
    points = []
    for row in rows:
        scale = 0.01 if row.cell.column.unit == "%" else 1.0
        if row.cell.number and row.ours:
            points.append((row, row.cell.number.mean * scale, row.ours.mean * scale))
    values = [value for _, theirs, own in points for value in (theirs, own)]
    x, y = axis(values, 56, 330, log), axis(values, 300, 34, log)
    parts = frame(x, y, "the paper's", f"ours: {title}")
    parts.append(line([(x(x.low), y(y.low)), (x(x.high), y(y.high))], "same"))
    for row, theirs, own in points:
        kind = row.verdict if row.verdict in ("reproduced", "differs") else "open"
        title = f"{row.cell.table.name} {row.cell.column.name} {row.cell.model}, {row.protocol}: {words.verdict(row)}"
        parts.append(
            f'<circle class="{kind} {row.protocol}" cx="{x(theirs)}" cy="{y(own)}" r="4.5">'
            f"<title>{escape(title)}. Paper {words.paper(row.cell)}, ours {words.ours(row)}</title></circle>"
        )
    return figure(348, 334, f"ours against the papers': {len(points)} cells", parts)
