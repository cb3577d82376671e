"""The picture of trajectories: one draw as in the paper's figure 2, box plots as in its figure 3."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from ltcbench.experiments import layouts
from ltcbench.experiments.drawing import KINDS, NAMES, box, cross, legend, scale
from ltcbench.experiments.experiment import Result, Row
from ltcbench.experiments.networks import MODELS, Array, circle
from ltcbench.experiments.panels import PANELS, Network, all_networks, network
from ltcbench.experiments.summaries import BEYOND
from ltcbench.reporting.charts import axis, line
from ltcbench.reporting.plots import standalone

SIDE, GAP = 150, 26  # of a small picture of one draw, in pixels
LEFT, HEIGHT = 60 + 2 * SIDE + 2 * GAP, 260  # of the box plots
PLOTS = (  # title, panels that vary one thing, which one
    ("units", ("3B", "2C", "2E"), "width"),
    ("spread of the weights", ("3C", "2B"), "spread"),
    ("layers", ("2D", "2A"), "layers"),
    ("activation", ("activations",), "activation"),
)


def picture(result: Result, rows: Sequence[Row], curves: Mapping[str, Array]) -> bytes:
    """All chosen panels.

    Args:
        result: the settings.
        rows: all draws.
        curves: one draw, in the plane of its components, by model: (points, 2).
    """
    parts = _one_draw(curves, all_networks(result.settings)[0])
    y, right = 60, 0.0
    for title, panels, what in PLOTS:
        there = [panel for panel in panels if panel in result.settings.panels]
        if there:
            found, end = _boxes(result, rows, there, what, title, y)
            parts += found
            y, right = y + HEIGHT, max(right, end)
    parts += legend(LEFT + 40, 20, "x: the paper, one draw")
    label = f"lengths of {len(rows)} trajectories under {layouts.under(result)}"
    return standalone(round(max(right, LEFT + 420)) + 20, max(y, 60 + 2 * (SIDE + GAP + 20)), label, parts)


def _one_draw(curves: Mapping[str, Array], its: Network) -> list[str]:
    """The input and the three trajectories, each in a frame of its own size."""
    parts = [
        f'<text class="axis" x="20" y="20">one draw: {its.activation}, units {its.width}, layers {its.layers}</text>'
    ]
    every = {"input": circle(np.linspace(0, 2 * np.pi, 200)), **{NAMES[m]: curve for m, curve in curves.items()}}
    for i, (name, curve) in enumerate(every.items()):
        x, y = 20 + i % 2 * (SIDE + GAP), 60 + i // 2 * (SIDE + GAP + 20)
        reach = float(np.abs(curve - curve.mean(axis=0)).max()) or 1.0
        placed = (curve - curve.mean(axis=0)) / reach * (SIDE / 2) * [1, -1] + [x + SIDE / 2, y + SIDE / 2]
        points = [(round(float(a), 1), round(float(b), 1)) for a, b in placed]
        parts.append(f'<rect x="{x}" y="{y}" width="{SIDE}" height="{SIDE}" fill="none" stroke="var(--rule)"/>')
        parts.append(f'<text class="name" x="{x}" y="{y - 6}">{name}, ± {reach:.3g}</text>')
        parts.append(line(points, "own" if name == "LTC" else "same"))
    return parts


def _boxes(
    result: Result, rows: Sequence[Row], panels: Sequence[str], what: str, title: str, top: float
) -> tuple[list[str], float]:
    """Lengths over one thing that panels vary, and where they end on the right."""
    entries = [(panel, entry) for panel in panels for entry in PANELS[panel]]
    quantiles = {
        (its, model): _quantiles(rows, its, model)
        for its in (network(result.settings, entry) for _, entry in entries)
        for model in MODELS
    }
    reached = [q for some in quantiles.values() for q in some if 0 < q < BEYOND / 1e6]
    papers = [float(value) for _, entry in entries for value in entry.get("paper", ())]
    y = axis([*reached, *papers], top + HEIGHT - 70, top, log=True)
    left = LEFT + 40.0
    boxes, x, before = [], left + 24, ""
    for panel, entry in entries:
        its = network(result.settings, entry)
        x += 20 if panel != before and before else 0
        before = panel
        for i, model in enumerate(MODELS):
            boxes += box(x + 15 * i, 11, quantiles[its, model], y, KINDS[model])
            if "paper" in entry:
                boxes.append(cross(x + 15 * i, entry["paper"][i], y, f"{NAMES[model]}: {entry['paper'][i]:,g}"))
        boxes.append(_label(x + 15, top + HEIGHT - 54, f"{entry[what]}"))
        boxes.append(_label(x + 15, top + HEIGHT - 40, "" if panel == "activations" else f"{panel}"))
        x += 64
    return [*scale(y, left, x, f"length over {title}"), *boxes], x


def _label(x: float, y: float, text: str) -> str:
    return f'<text class="tick" x="{x:g}" y="{y:g}" text-anchor="middle">{escape(text)}</text>'


def _quantiles(rows: Sequence[Any], its: Network, model: str) -> list[float]:
    """5, 25, 50, 75 and 95 % of the lengths; a draw that did not finish counts as longer than all."""
    key = (its.activation, its.width, its.layers, its.spread, model)
    there = [row for row in rows if tuple(row[k] for k in ("activation", "width", "layers", "spread", "model")) == key]
    lengths = [row["length"] if row["status"] == "finished" else BEYOND for row in there]
    return [float(q) for q in np.quantile(lengths, (0.05, 0.25, 0.5, 0.75, 0.95))]
