"""From the paper's number to the clean one, a switch at a time, as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ltcbench.reporting import words
from ltcbench.reporting.charts import Axis, axis, figure, marker, number
from ltcbench.reporting.effects import SURE, Turns
from ltcbench.reporting.markup import figure as captioned
from ltcbench.reporting.markup import fold, tag
from ltcbench.reporting.rows import Row
from ltcbench.reporting.statistics import Summary, interval

WIDTH, TOP, STEP = 640, 34, 22  # of the picture, in pixels
LETTER = 6.8  # pixels, of a name
CAPTION = (
    "From top to bottom: the paper’s number, ours under the paper’s protocol, what each quirk alone moves when it is "
    "turned off, and ours under the clean protocol. Dots are means; lines are 95 % intervals, of the mean and, for a "
    "quirk, of its effect. Filled: told apart from ours after Holm’s correction. Single effects need not add up."
)


def section(found: Sequence[Turns]) -> str:
    """The pictures as a section of the report, ``found`` with switches turned off; "" where none was."""
    if not found:
        return ""
    said = f"from the paper's number to ours under the clean protocol: {len(found)} cells"
    return tag("section", fold("h2", "One switch at a time", said, figures(found)), id="switches")


def figures(found: Sequence[Turns]) -> str:
    """A picture a cell, and how to read them; "" without any."""
    return captioned("".join(map(picture, found)), CAPTION, "waterfall")


@dataclass(frozen=True)
class Bar:
    """A line of the picture.

    Attributes:
        name: what it is.
        value: its mean.
        ends: of its 95 % interval, None where it is not known.
        told: what is said of it.
        start: of a quirk, where it begins: at the number that it moves.
        sure: whether it is told apart from that.
    """

    name: str
    value: float
    ends: tuple[float, float] | None
    told: str
    start: float | None = None
    sure: bool = True


def picture(turns: Turns, width: int = WIDTH) -> str:
    """The waterfall of a cell, SVG, so many pixels wide; "" without a number of ours."""
    cell, own = turns.own.cell, turns.own.ours
    if own is None:
        return ""
    bars = [*_papers(turns), _ours(turns.own), *_quirks(turns, own.mean)]
    bars += [_ours(turns.other)] if turns.other.ours else []
    left = 16 + LETTER * max(len(bar.name) for bar in bars)
    x = axis([value for bar in bars for value in (bar.value, *(bar.ends or ()))], left, width - 16)
    bottom = TOP + STEP * len(bars)
    title = f"{cell.table.name} {cell.column.name}, {cell.model}: {words.METRICS[cell.column.metric]}"
    parts = [f'<text class="axis" x="4" y="14">{escape(title)}</text>']
    for value in x.ticks(max(2, round((width - left) / 80))):
        parts.append(f'<path class="grid" d="M{x(value)} {TOP - 8}V{bottom}"/>')
        parts.append(f'<text class="tick" x="{x(value)}" y="{bottom + 14}" text-anchor="middle">{number(value)}</text>')
    parts.append(f'<path d="M{x(own.mean)} {TOP - 8}V{bottom}" class="same cut"/>')
    for place, bar in enumerate(bars):
        parts += _drawn(bar, x, TOP + STEP * place + STEP // 2)
    return figure(width, bottom + 22, f"{title}, from the paper's number to the clean one", parts)


def _papers(turns: Turns) -> list[Bar]:
    cell = turns.own.cell
    if cell.number is None:
        return []
    its = Summary(cell.number.mean, cell.number.sample_std, cell.number.n or 1)
    return [Bar("the paper", its.mean, interval(its), words.paper(cell))]


def _ours(row: Row) -> Bar:
    assert row.ours is not None
    return Bar(f"ours, {row.protocol}", row.ours.mean, interval(row.ours), words.ours(row))


def _quirks(turns: Turns, start: float) -> list[Bar]:
    bars = []
    for effect in turns.effects:
        if (found := effect.found) is None:
            continue
        ends = None if found.low is None or found.high is None else (start + found.low, start + found.high)
        told = f"{words.signed(found, turns.own.cell.column)}, {effect.verdict}"
        bars.append(Bar(f"{effect.quirk} off", start + found.value, ends, told, start, effect.verdict in SURE))
    return bars


def _drawn(bar: Bar, x: Axis, y: int) -> list[str]:
    parts = [f'<text class="name" x="{x.start - 12:g}" y="{y + 4}" text-anchor="end">{escape(bar.name)}</text>']
    if bar.start is not None:
        left, right = sorted((x(bar.start), x(bar.value)))
        parts.append(f'<rect x="{left}" y="{y - 5}" width="{right - left:.1f}" height="10" class="margin"/>')
    if bar.ends is not None:
        parts.append(f'<path d="M{x(bar.ends[0])} {y}H{x(bar.ends[1])}" class="span"/>')
    parts.append(marker(x(bar.value), y, "" if bar.sure else "hollow", f"{bar.name}: {bar.told}"))
    return parts
