"""Critical-difference diagrams (Demsar 2006): mean ranks on a line, a bar over the models that are not told apart."""

from collections.abc import Sequence
from html import escape

from ltcbench.reporting.charts import Axis, figure, number
from ltcbench.reporting.nemenyi import Ranks
from ltcbench.reporting.plots import name_at, standalone

WIDTH, LINE, TOP = 380, 16, 62  # of a diagram, pixels; between two names; of the line of ranks

Panel = tuple[str, Ranks]  # whose numbers


def svg(panels: Sequence[Panel], width: int = WIDTH) -> str:
    """The diagrams side by side, each so many pixels wide, for a page; "" without any."""
    return figure(*_drawn(panels, width)) if panels else ""


def file(panels: Sequence[Panel]) -> bytes:
    """The same as a file of its own."""
    return standalone(*_drawn(panels))


def _drawn(panels: Sequence[Panel], width: int = WIDTH) -> tuple[int, int, str, list[str]]:
    """Width, height, label and parts of the picture."""
    heights = [TOP + 8 * len(found.groups()) + LINE * ((len(found.mean) + 1) // 2) + 24 for _, found in panels]
    parts = [part for i, (title, found) in enumerate(panels) for part in _panel(title, found, i * width, width)]
    label = "; ".join(f"{title}: {', '.join(f'{m} {r:.2f}' for m, r in found.mean.items())}" for title, found in panels)
    return width * len(panels), max(heights), f"Mean ranks. {label}", parts


def _panel(title: str, found: Ranks, left: int, width: int) -> list[str]:
    k = len(found.mean)
    x = Axis(1, k, left + 92, left + width - 92)
    parts = [name_at(left + 8, 14, f"{title}: {found.tasks} tasks")]
    parts.append(f'<path class="same" d="M{x.start} {TOP}H{x.end}"/>')
    for rank in range(1, k + 1):
        parts.append(f'<path class="same" d="M{x(rank)} {TOP}v-5"/>')
        parts.append(f'<text class="tick" x="{x(rank)}" y="{TOP - 9}" text-anchor="middle">{number(rank)}</text>')
    reach = min(found.distance / (k - 1), 1) * (x.end - x.start)
    parts.append(f'<path class="own" d="M{x.start} 34h{reach:.1f}"/>')
    parts.append(f'<text class="tick" x="{x.start}" y="29">critical difference {found.distance:.2f}</text>')
    groups = found.groups()
    for i, group in enumerate(groups):
        y = TOP + 8 + 8 * i
        parts.append(
            f'<path class="own" d="M{x(found.mean[group[0]]) - 4:.1f} {y}H{x(found.mean[group[-1]]) + 4:.1f}"/>'
        )
    below = TOP + 8 * len(groups) + 18
    for i, (model, mean) in enumerate(found.mean.items()):
        first = i < (k + 1) // 2  # names of the better half stand on the left, of the others on the right
        level = below + LINE * (i if first else k - 1 - i)
        side, anchor = (x.start - 8, "end") if first else (x.end + 8, "start")
        parts.append(f'<path class="other" d="M{x(mean)} {TOP}V{level}H{side + (4 if first else -4):.1f}"/>')
        parts.append(
            f'<text class="name" x="{side}" y="{level + 4}" text-anchor="{anchor}">{escape(model)} {mean:.2f}</text>'
        )
    return parts
