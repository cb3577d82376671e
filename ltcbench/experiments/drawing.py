"""Parts of the experiments' pictures: draws as dots, boxes, the paper's numbers beside them."""

from collections.abc import Sequence
from html import escape

from ltcbench.experiments.summaries import reached
from ltcbench.reporting.charts import Axis, number

KINDS = {"node": "clean", "ctrnn": "", "ltc": "point"}  # how the dots of a model look
NAMES = {"node": "NODE", "ctrnn": "CT-RNN", "ltc": "LTC"}


def scale(y: Axis, left: float, right: float, title: str) -> list[str]:
    """Horizontal grid lines with their values, and a title above."""
    parts = [f'<text class="axis" x="{left - 38}" y="{y.end - 12}">{escape(title)}</text>']
    for value in y.ticks():
        parts.append(f'<path class="grid" d="M{left} {y(value)}H{right}"/>')
        parts.append(f'<text class="tick" x="{left - 6}" y="{y(value) + 3.5}" text-anchor="end">{number(value)}</text>')
    return parts


def dots(x: float, width: float, values: Sequence[float], y: Axis, kind: str) -> list[str]:
    """A dot a value around ``x``, spread over ``width`` in an order that looks like none."""
    golden = 0.6180339887498949
    return [
        f'<circle class="{kind}" cx="{x + ((i * golden) % 1 - 0.5) * width:.1f}" cy="{y(value)}" r="1.6"/>'
        for i, value in enumerate(values)
    ]


def spread(x: float, low: float, middle: float, high: float, y: Axis, title: str) -> list[str]:
    """A number of a paper with its deviation."""
    return [
        f'<path class="same" style="stroke:var(--bad);stroke-width:1.6" d="M{x} {y(low)}V{y(high)}"/>',
        f'<circle class="differs" cx="{x}" cy="{y(middle)}" r="3.2"><title>{escape(title)}</title></circle>',
    ]


def cross(x: float, value: float, y: Axis, title: str) -> str:
    """A single number of a paper."""
    at = y(value)
    lines = f"M{x - 4:g} {at - 4:g}L{x + 4:g} {at + 4:g}M{x - 4:g} {at + 4:g}L{x + 4:g} {at - 4:g}"
    return f'<path style="stroke:var(--bad);stroke-width:1.8" d="{lines}"><title>{escape(title)}</title></path>'


def box(x: float, width: float, quantiles: Sequence[float], y: Axis, kind: str) -> list[str]:
    """A box from the quartiles, its median, whiskers to 5 and 95 %; what was not reached is drawn at the end.

    Args:
        x: its middle.
        width: of the box.
        quantiles: 5, 25, 50, 75 and 95 %.
        y: the axis.
        kind: of a model, see ``KINDS``.
    """
    low, first, middle, third, high = (y(y.high if reached(q) is None else q) for q in quantiles)
    colour = {"point": "var(--accent)", "": "var(--muted)", "clean": "var(--ink)"}[kind]
    fill = {"point": "var(--band)", "": "var(--panel)", "clean": "none"}[kind]
    left, right = round(x - width / 2, 1), round(x + width / 2, 1)
    return [
        f'<path style="stroke:{colour}" d="M{x:g} {low}V{first}M{x:g} {third}V{high}"/>',
        f'<path style="stroke:{colour};fill:{fill}" d="M{left} {first}H{right}V{third}H{left}Z"/>',
        f'<path style="stroke:{colour};stroke-width:2" d="M{left} {middle}H{right}"/>',
    ]


def legend(x: float, y: float, papers: str) -> list[str]:
    """Which dot is which model, and what stands for the paper."""
    parts = []
    for model, kind in KINDS.items():
        parts.append(f'<circle class="{kind}" cx="{x}" cy="{y - 4}" r="3"/>')
        parts.append(f'<text class="name" x="{x + 8}" y="{y}">{NAMES[model]}</text>')
        x += 22 + 7.5 * len(NAMES[model])
    parts.append(f'<circle class="differs" cx="{x}" cy="{y - 4}" r="3"/>')
    parts.append(f'<text class="name" x="{x + 8}" y="{y}">{escape(papers)}</text>')
    return parts
