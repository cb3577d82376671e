"""Measurements as text for a terminal."""

from collections.abc import Sequence
from itertools import groupby

from ltcbench import terminal
from ltcbench.bench.measurements import Row

TITLES = {
    "step": "Training step: forward and backward",
    "update": "Update: forward, backward and Adam",
    "inference": "Inference: a time step of one sequence, called step by step",
    "epoch": "Epoch: training and evaluation",
    "memory": "Peak memory of a training step, above weights and batch",
}
RATIO = {"memory": "of eager's"}
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


def text(rows: Sequence[Row]) -> str:
    """A table for each kind of measurement."""
    parts = []
    for what, title in TITLES.items():
        some = [row for row in rows if row.what == what]
        if some:
            parts.append(f"{title}\n{_table(some)}")
    return "\n\n".join(parts)


def _table(rows: Sequence[Row]) -> str:
    columns = {
        "case": [case(row) for row in rows],
        "who": [row.who for row in rows],
        "median": [amount(row.median, row.unit) for row in rows],
        "quartiles": [_quartiles(row) for row in rows],
        "n": [str(row.n) if row.n > 1 else "" for row in rows],
        RATIO.get(rows[0].what, "of ours"): ["" if row.ratio is None else f"{row.ratio:.2f}" for row in rows],
        "wanted": [_wanted(row) for row in rows],
        "limit": [_limit(row) for row in rows],
        "GEMM": [_share(row.gemm) for row in rows],
        "sigmoid": [_share(row.sigmoid) for row in rows],
        "error": ["" if row.error is None else f"{row.error:.4g}" for row in rows],
    }  # fmt: skip
    shown = {head: cells for head, cells in columns.items() if any(cells)}
    lines = [list(line) for line in zip(*shown.values(), strict=True)]
    for _, group in groupby(lines, key=lambda line: line[0]):
        for line in list(group)[1:]:
            line[0] = ""
    return terminal.table(list(shown), lines, range(2, len(shown)))


def case(row: Row) -> str:
    """The case of a row in short: ``cfc 16x32x17x32 backbone_units=64``, ``ltc cheetah``."""
    shape = row.task or "x".join(str(size) for size in (row.batch, row.time, row.features, row.units))
    return f"{row.model} {shape} {row.settings}".rstrip()


def amount(value: float, unit: str) -> str:
    """A time or a number of bytes, short."""
    if unit == "byte":
        return f"{value / 2**20:.1f} MB"
    scale, name = next((pair for pair in _UNITS if value >= pair[0]), _UNITS[-1])
    return f"{value / scale:#.3g}".rstrip(".") + f" {name}"


def _quartiles(row: Row) -> str:
    return f"{amount(row.low, row.unit)} - {amount(row.high, row.unit)}" if row.n > 1 else ""


def _wanted(row: Row) -> str:
    if row.goal is None:
        return ""
    return f"{'<=' if row.what == 'memory' else '>='} {row.goal:g} {'' if row.met else 'missed'}".rstrip()


def _limit(row: Row) -> str:
    """The machine's best, and how many times as long this takes."""
    return "" if row.limit is None else f"{amount(row.limit, row.unit)} x {row.median / row.limit:.1f}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"
