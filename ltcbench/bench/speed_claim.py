"""The CfC paper's claim of speed: the closed form against solvers of differential equations.

Each model computes a training step and an inference step at the same sizes, with its fastest engine and with the
eager one, over sequence length, units and solver steps. Solvers with a fixed step take ``unfolds`` of them in a time
step; ltc_ode takes as many as its tolerance needs, by torchdiffeq. An epoch is one over 1000 sequences. The first time
this takes a quarter of an hour, most of it for compiling solvers, which torch keeps on disk.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ltcbench import terminal
from ltcbench.bench import listing
from ltcbench.bench.cases import Case, Shape
from ltcbench.bench.measurements import Row
from ltcbench.reporting import plots

CLOSED = "cfc"
FIXED = ("ltc", "ctrnn", "node", "ode_rnn")
ADAPTIVE, TOLERANCE = ("ltc_ode",), {"tolerance": 1e-3}  # with its default 1e-6 it takes about three times as long
BASE, UNFOLDS = Shape(16, 32, 17, 32), 6
SECONDS = 5.0  # for all samples of one action: some solvers take seconds each
EPOCH = 1000  # sequences
SWEEPS = {"sequence length": (16, 32, 64, 128), "units": (16, 32, 64, 128), "solver steps": (1, 3, 6, 12)}


@dataclass(frozen=True)
class Point:
    """A place on one of the three axes."""

    shape: Shape
    unfolds: int


def point(sweep: str, value: int) -> Point:
    """The place where one quantity has this value and the others are those of the base."""
    if sweep == "sequence length":
        return Point(replace(BASE, steps=value), UNFOLDS)
    return Point(replace(BASE, units=value), UNFOLDS) if sweep == "units" else Point(BASE, value)


def groups() -> list[list[Case]]:
    """Everything that is timed: at each place all models, which take turns."""
    places = dict.fromkeys(point(sweep, value) for sweep, values in SWEEPS.items() for value in values)
    models = (CLOSED, *FIXED, *ADAPTIVE)
    return [[_case(model, place, what) for model in models] for what in ("step", "inference") for place in places]


def _case(model: str, place: Point, what: str) -> Case:
    options = {"unfolds": place.unfolds} if model in FIXED else TOLERANCE if model in ADAPTIVE else {}
    return Case(model, place.shape, what, options, rivals=())


def _seconds(rows: Sequence[Row], model: str, place: Point, what: str, eager: bool) -> float:
    case = _case(model, place, what)
    found = [
        row.median
        for row in rows
        if (row.what, row.model, row.time, row.units, row.settings)
        == (what, model, case.shape.steps, case.shape.units, case.settings)
        and (not eager or row.who == "eager")
    ]
    return min(found)


def text(rows: Sequence[Row]) -> str:
    """For each quantity: the time of the closed form, and how much longer the solvers take."""
    solvers = (*FIXED, *ADAPTIVE)
    titles = {"step": f"Seconds an epoch of {EPOCH} sequences", "inference": "Inference step"}
    parts = []
    for what, title in titles.items():
        for sweep, values in SWEEPS.items():
            lines = []
            for value in values:
                place = point(sweep, value)
                fast, eager = (
                    {model: _seconds(rows, model, place, what, slow) for model in (CLOSED, *solvers)}
                    for slow in (False, True)
                )
                scale = EPOCH / BASE.batch if what == "step" else 1
                own = listing.amount(fast[CLOSED] * scale, "s")
                ratios = [f"{fast[m] / fast[CLOSED]:.1f} ({eager[m] / eager[CLOSED]:.1f})" for m in solvers]
                lines.append([str(value), own, *ratios])
            head = [sweep, CLOSED, *(f"{model} :{CLOSED}" for model in solvers)]
            parts.append(f"{title}, over {sweep}\n{terminal.table(head, lines, range(len(head)))}")
    parts.append(
        "A solver's time over the closed form's, each with its fastest engine; in brackets, both with the eager one."
    )
    return "\n\n".join(parts)


def picture(rows: Sequence[Row]) -> bytes:
    """Training step and inference step of each model over each quantity, with its fastest engine."""
    parts = []
    for i, (sweep, values) in enumerate(SWEEPS.items()):
        curves = {
            model: [(value, 1e3 * _seconds(rows, model, point(sweep, value), "step", False)) for value in values]
            for model in (CLOSED, *FIXED, *ADAPTIVE)
        }
        parts += plots.lines(curves, sweep, "ms a training step", [CLOSED], i * plots.WIDTH)
    return plots.standalone(3 * plots.WIDTH, plots.HEIGHT, "closed form against solvers", parts)
