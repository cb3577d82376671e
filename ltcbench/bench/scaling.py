"""How the cost of a training step grows with time steps and with the batch."""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch

from ltcbench.bench import actions, listing
from ltcbench.bench.cases import Case, Shape
from ltcbench.bench.exponent import exponent
from ltcbench.bench.measurements import Row
from ltcbench.reporting import plots

BASE = Shape(16, 32, 17, 32)
SIZES = {"time": (8, 16, 32, 64, 128, 256, 512), "batch": (1, 4, 16, 64, 128, 256, 512)}
FIELD = {"time": "steps", "batch": "batch"}


def cases(model: Case) -> list[Case]:
    """Around ``BASE``, one size after the other, each with the engine made for speed; they are to take turns."""
    engine = actions.engines(actions.built(replace(model, shape=BASE), torch.device("cpu")).cell)[0]
    shapes = {replace(BASE, **{FIELD[name]: size}): None for name, sizes in SIZES.items() for size in sizes}
    return [replace(model, shape=shape, engines=(engine,), rivals=()) for shape in shapes]


def along(rows: Sequence[Row], name: str) -> list[Row]:
    """The rows in which only this size differs from ``BASE``, in its order."""
    other = "batch" if name == "time" else "time"
    fixed = getattr(BASE, FIELD[other])
    return sorted((row for row in rows if getattr(row, other) == fixed), key=lambda row: getattr(row, name))


def slope(rows: Sequence[Row], name: str) -> float:
    """Of the logarithm of the time over that of the size, in the last step: 1 where the cost grows linearly."""
    before, last = rows[-2:]
    return math.log(last.median / before.median) / math.log(getattr(last, name) / getattr(before, name))


def text(rows: Sequence[Row]) -> str:
    """The table, how steep each curve ends, and the exponent over all sizes with its 95 % interval."""
    lines = []
    for who, some in series(rows).items():
        for name in SIZES:
            found = along(some, name)
            (before, last) = (getattr(row, name) for row in found[-2:])
            every = exponent([getattr(row, name) for row in found], [row.median for row in found])
            end = f"from {name} {before} to {last} the cost grows as {name}^{slope(found, name):.2f}"
            lines.append(f"{who}: {end}; over all sizes as {name}^{every}.")
    return "\n".join([listing.text(rows), "", *lines])


def series(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each model and engine."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(f"{row.model} {row.who}", []).append(row)
    return found


def picture(rows: Sequence[Row]) -> bytes:
    """Milliseconds over time steps and over the batch."""
    every = series(rows)
    parts = []
    for i, name in enumerate(SIZES):
        curves = {
            who: [(getattr(row, name), row.median * 1e3) for row in along(some, name)] for who, some in every.items()
        }
        title = {"time": "time steps", "batch": "sequences in the batch"}[name]
        parts += plots.lines(curves, title, "ms a training step", list(every), i * plots.WIDTH)
    return plots.standalone(2 * plots.WIDTH, plots.HEIGHT, "cost of a training step over its sizes", parts)
