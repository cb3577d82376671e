"""Pictures as SVG that takes its colours from the page: curves, points, intervals."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """Values onto a line of the picture.

    Attributes:
        low, high: the values at its ends; above zero where ``log``.
        start, end: where they lie, in pixels.
        log: logarithmic.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Where ``value`` lies; beyond the ends it is put at the end."""
        scale: Callable[[float], float] = math.log if self.log else float
        value = min(max(value, self.low), self.high)
        share = (scale(value) - scale(self.low)) / (scale(self.high) - scale(self.low))
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, number: int = 4) -> list[float]:
        """Round values, about ``number``."""
        if self.log:
            return _log_ticks(self.low, self.high, number)
        step = _round_step((self.high - self.low) / number)
        first = math.ceil(self.low / step - 1e-9)
        return [step * i for i in range(first, math.floor(self.high / step + 1e-9) + 1)]


def axis(values: Sequence[float], start: float, end: float, log: bool = False) -> Axis:
    """An axis with room for ``values``."""
    low, high = min(values), max(values)
    if log:
        room = max((high / low) ** 0.06, 1.05)
        return Axis(low / room, high * room, start, end, True)
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return Axis(low - room, high + room, start, end)


def _round_step(step: float) -> float:
    power: float = 10 ** math.floor(math.log10(step))
    return next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= step * 0.999)


def _log_ticks(low: float, high: float, number: int) -> list[float]:
    """Powers of ten and what is round between them; round steps where the ends are close together."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        found = [digit * 10.0**power for power in powers for digit in digits if low <= digit * 10.0**power <= high]
        if len(found) <= number + 1:
            break
    if len(found) < 3 or high < 4 * low:
        return Axis(low, high, 0, 1).ticks(number)
    return found[:: math.ceil(len(found) / (number + 1))] if len(found) > number + 1 else found


def figure(width: int, height: int, label: str, parts: Sequence[str], kind: str = "") -> str:
    """An SVG picture; ``label`` says what it shows to those who cannot see it."""
    return (
        f'<svg class="chart {kind}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def frame(x: Axis, y: Axis, x_title: str, y_title: str) -> list[str]:
    """Grid lines, their values, and titles."""
    parts = []
    for value in y.ticks():
        parts.append(f'<path class="grid" d="M{x.start} {y(value)}H{x.end}"/>')
        parts.append(
            f'<text class="tick" x="{x.start - 6}" y="{y(value) + 3.5}" text-anchor="end">{number(value)}</text>'
        )
    for value in x.ticks():
        parts.append(f'<path class="grid" d="M{x(value)} {y.start}V{y.end}"/>')
        parts.append(
            f'<text class="tick" x="{x(value)}" y="{y.start + 15}" text-anchor="middle">{number(value)}</text>'
        )
    parts.append(f'<text class="axis" x="{x.end}" y="{y.start + 30}" text-anchor="end">{escape(x_title)}</text>')
    parts.append(f'<text class="axis" x="{x.start - 38}" y="{y.end - 8}">{escape(y_title)}</text>')
    return parts


def number(value: float) -> str:
    """A short form of a number on an axis."""
    return f"{value:.0e}" if value and abs(value) < 0.001 else f"{value:,.4g}"


def marker(x: float, y: float, kind: str, title: str, diamond: bool = False) -> str:
    """A point: a circle or a diamond, whose title is shown under the mouse; ``hollow`` in ``kind`` leaves it empty."""
    inside = f"<title>{escape(title)}</title>" if title else ""
    if diamond:
        return f'<path class="marker {kind}" d="M{x:g} {y - 5.5:g}l5.5 5.5l-5.5 5.5l-5.5 -5.5Z">{inside}</path>'
    return f'<circle class="marker {kind}" cx="{x:g}" cy="{y:g}" r="4.5">{inside}</circle>'


def legend(x: float, y: float, entries: Sequence[tuple[str, bool, str]], end: float = math.inf) -> list[str]:
    """What the points mean, in a line; what would reach beyond ``end`` begins another one below.

    Args:
        x: where it begins.
        y: of the texts' foot.
        entries: kind and shape of a point as in ``marker``, and what it means.
        end: of the place, in pixels.
    """
    parts, begin = [], x
    for kind, diamond, text in entries:
        if x > begin and x + 14 + 6.2 * len(text) > end:
            x, y = begin, y + 14
        parts.append(marker(x + 5, y - 4, kind, "", diamond))
        parts.append(f'<text class="tick" x="{x + 14:g}" y="{y:g}">{escape(text)}</text>')
        x += 26 + 6.2 * len(text)
    return parts


def line(points: Sequence[Point], kind: str) -> str:
    """A line through points, in pixels."""
    path = "L".join(f"{x:g} {y:g}" for x, y in points)
    return f'<path class="{kind}" d="M{path}"/>'


def band(low: Sequence[Point], high: Sequence[Point], kind: str) -> str:
    """The area between two lines."""
    path = "L".join(f"{x:g} {y:g}" for x, y in [*low, *reversed(high)])
    return f'<path class="{kind}" d="M{path}Z"/>'


def apart(names: Sequence[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    """The names moved down until none covers another; a name that would stand twice in one place stands once."""
    placed: list[tuple[float, float, str]] = []
    for x, y, name in sorted(names, key=lambda item: item[1]):
        while any(abs(y - b) < 12 and x < a + 7 * len(other) and a < x + 7 * len(name) for a, b, other in placed):
            y += 2
        placed.append((x, y, name))
    return placed


def interval(value: float, low: float | None, high: float | None, margin: float, label: str) -> str:
    """A difference and its interval on a strip in which the margin is shaded."""
    width, height = 120, 12
    reach = max(3 * margin, 1e-12)
    x = Axis(-reach, reach, 3, width - 3)
    shaded = round(x(margin) - x(-margin), 1)
    parts = [
        f'<rect class="margin" x="{x(-margin)}" y="1" width="{shaded}" height="{height - 2}"/>',
        f'<path class="zero" d="M{x(0)} 1V{height - 1}"/>',
    ]
    if low is not None and high is not None:
        parts.append(f'<path class="span" d="M{x(low)} 6H{x(high)}"/>')
    if abs(value) <= reach:
        parts.append(f'<circle class="dot" cx="{x(value)}" cy="6" r="3"/>')
    else:  # an arrow where it lies beyond
        end, side = x(value), 6 if value > 0 else -6
        parts.append(f'<path class="dot" d="M{end} 6l{-side} -4v8z"/>')
    return figure(width, height, label, parts, "strip")


def shares(counts: Sequence[tuple[str, int]], label: str) -> str:
    """How many of each kind there are, as parts of a bar."""
    width, whole, start = 320, max(sum(count for _, count in counts), 1), 0.0
    parts = []
    for kind, count in counts:
        part = count / whole * width
        parts.append(f'<rect class="{kind}" x="{start:.1f}" y="0" width="{part:.1f}" height="9"/>' if count else "")
        start += part
    return figure(width, 9, label, parts, "shares")
