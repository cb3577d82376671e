"""Pictures as SVG files that can be opened by themselves, and lines on logarithmic axes."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from ltcbench.reporting.charts import Point, apart, axis, figure, frame, line

WIDTH, HEIGHT = 420, 304


def standalone(width: int, height: int, label: str, parts: Sequence[str]) -> bytes:
    """A picture as a file of its own, with the style of the report."""
    style = (Path(__file__).parent / "charts.css").read_text(encoding="utf-8")
    inside = [f"<style><![CDATA[{style}]]></style>", f'<rect class="ground" width="{width}" height="{height}"/>']
    svg = figure(width, height, label, [*inside, *parts])
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).encode()


def lines(
    series: Mapping[str, Sequence[Point]], x_title: str, y_title: str, own: Sequence[str], left: int
) -> list[str]:
    """Lines on logarithmic axes, each with its name at its end.

    Args:
        series: points (above zero) by name.
        x_title: of the horizontal axis.
        y_title: of the other.
        own: names of the lines that stand out.
        left: where the picture begins, in pixels.
    """
    points = [point for some in series.values() for point in some]
    x = axis([a for a, _ in points], left + 62, left + WIDTH - 90, log=True)
    y = axis([b for _, b in points], HEIGHT - 34, 34, log=True)
    parts, names = frame(x, y, x_title, y_title), []
    for name, some in series.items():
        placed = [(x(a), y(b)) for a, b in some]
        parts.append(line(placed, "own" if name in own else "other"))
        names.append((placed[-1][0] + 6, placed[-1][1] + 4, name))
    return [*parts, *(name_at(*place) for place in apart(names))]


def name_at(x: float, y: float, name: str) -> str:
    """A name in a picture."""
    return f'<text class="name" x="{x}" y="{y}">{escape(name)}</text>'
