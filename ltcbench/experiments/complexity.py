"""What solvers and the closed form cost (CfC paper, tables 1 and 2): how many orders of magnitude lie between them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ltcbench.bench.exponent import Exponent
from ltcbench.experiments import layouts
from ltcbench.experiments.cost import local_error, minutes, parameters, times
from ltcbench.experiments.cost.evaluations import FIXED, METHODS, evaluations
from ltcbench.experiments.experiment import Draw, Result, Row
from ltcbench.experiments.stability.weights import drawn
from ltcbench.paper import claims
from ltcbench.reporting import plots
from ltcbench.reporting.charts import apart, axis, frame, line
from ltcbench.reporting.layout import Layout, Section
from ltcbench.values import Range

NUMERICS = 1
KEY = {"part": str, "seed": int}
COLUMNS = {
    "solver": str,
    "order": float,  # fitted exponent of the local error
    "factor": float,  # on all w
    "tolerance": float,
    "evaluations": int,
    "jacobians": int,
    "succeeded": int,
}
SMALL, INPUTS = 8, 4  # units and inputs of the networks whose local errors are fitted
MARGIN = 0.1  # of the order of a local error
SAMPLES = 5  # of each time
GROWTH_MARGIN = 0.15  # of an exponent of time
EXPLANATION = (
    "Order: median [5, 95 %] over networks of the exponent of one step's error, for steps of 2^-6 to 2^-9; reproduced "
    "if the median lies within 0.1 of the expected. Evaluations: medians over networks of calls of the equation in one "
    "sample. Exponents: processor time of a training step, one thread, log-log least squares with a 95 % interval; "
    "reproduced if the paper's lies in it or within 0.15 of ours. An O() is an upper bound, and these sizes are too "
    "small to test how time grows: below the bound says only that nothing contradicts it."
)


@dataclass(frozen=True)
class Settings:
    """See ``conf/experiment/complexity.yaml``."""

    seed: int
    draws: int
    units: int
    features: int
    factors: Sequence[float]
    stiffest: Sequence[float]
    explicit_to: float
    tolerances: Sequence[float]
    lengths: Sequence[int]
    widths: Sequence[int]
    batch: int
    width: int


_SIZE = Range(1, 100_000)
RANGES = {
    "seed": Range(0, 2**32),
    "draws": Range(1, 10_000),
    "units": _SIZE,
    "features": _SIZE,
    "factors": Range(0, 1e6, without="least"),
    "stiffest": Range(0, 1e6, without="least"),
    "explicit_to": Range(0, 1e6),
    "tolerances": Range(1e-12, 0.1),
    "lengths": _SIZE,
    "widths": _SIZE,
    "batch": _SIZE,
    "width": _SIZE,
}
CHOICES: Mapping[str, Sequence[str]] = {}


def draws(settings: Settings) -> list[Draw]:
    """Orders and evaluations of every network, and those of the stiffest."""
    seeds = range(settings.seed, settings.seed + settings.draws)
    found = [Draw(("order", seed), len(local_error.EXPECTED)) for seed in seeds]
    found += [Draw(("evaluations", seed), len(_solved(settings, settings.factors))) for seed in seeds]
    return [*found, Draw(("stiffest", settings.seed), len(_solved(settings, settings.stiffest)))]


def _solved(settings: Settings, factors: Sequence[float]) -> list[tuple[str, float, float]]:
    """Method, tolerance and factor of what is solved."""
    return [
        (method, tolerance, factor)
        for method in METHODS
        for tolerance in settings.tolerances
        for factor in factors
        if method == "LSODA" or factor <= settings.explicit_to
    ]


def compute(settings: Settings, part: str, seed: int) -> list[Row]:
    """Of one network: ``stability.weights.drawn``, then its inputs N(0, 1) and, for orders, its state U(-0.5, 0.5)."""
    rng = np.random.default_rng(seed)
    if part == "order":
        weights, inputs, first = drawn(rng, INPUTS, SMALL), rng.standard_normal(INPUTS), rng.uniform(-0.5, 0.5, SMALL)
        return [_row(solver=s, order=local_error.order(weights, s, inputs, first)) for s in local_error.EXPECTED]
    weights, inputs = drawn(rng, settings.features, settings.units), rng.standard_normal(settings.features)
    rows = []
    for method, tolerance, factor in _solved(settings, settings.stiffest if part == "stiffest" else settings.factors):
        found = evaluations(weights, inputs, factor, method, tolerance)
        rows.append(
            _row(
                solver=method,
                factor=float(factor),
                tolerance=float(tolerance),
                evaluations=found.number,
                jacobians=found.jacobians,
                succeeded=int(found.succeeded),
            )
        )
    return rows


def _row(**known: Any) -> Row:
    return dict.fromkeys(COLUMNS) | known


def measure(settings: Settings) -> Mapping[str, Any]:
    """Times of training steps over length and width."""
    return times.measured(settings.lengths, settings.widths, settings.batch, min(settings.draws, SAMPLES))


def values(settings: Settings, rows: Sequence[Row]) -> Mapping[str, Any]:
    """Orders by solver; evaluations by solver, tolerance and factor; the papers' minutes; numbers of parameters."""
    cells = dict.fromkeys(
        (row["solver"], row["tolerance"], row["factor"]) for row in rows if row["part"] != "order"
    )  # in their order
    return {
        "orders": [_order(name, expected, rows) for name, expected in local_error.EXPECTED.items()],
        "evaluations": [_count(*cell, rows) for cell in cells],
        "minutes": [asdict(minutes.ratio(name)) for name in minutes.TIMED],
        "parameters": [
            {
                "model": model,
                "paper": formula,
                "papers": count(settings.width),
                "ours": parameters.recurrent(model, settings.width),
            }
            for model, (formula, count) in parameters.PAPER.items()
        ],
    }


def _order(name: str, expected: int, rows: Sequence[Row]) -> dict[str, Any]:
    found = np.array([row["order"] for row in rows if row["part"] == "order" and row["solver"] == name], float)
    low, median, high = (float(q) for q in np.quantile(found, (0.05, 0.5, 0.95)))
    return {"solver": name, "expected": expected, "n": len(found), "low": low, "median": median, "high": high}


def _count(solver: Any, tolerance: Any, factor: Any, rows: Sequence[Any]) -> dict[str, Any]:
    there = [row for row in rows if (row["solver"], row["tolerance"], row["factor"]) == (solver, tolerance, factor)]
    numbers = np.array([row["evaluations"] for row in there])
    return {
        "solver": solver,
        "tolerance": tolerance,
        "factor": factor,
        "n": len(there),
        "failed": sum(not row["succeeded"] for row in there),
        "median": float(np.median(numbers)),
        "jacobians": float(np.median([row["jacobians"] for row in there])),
    }


def cost(result: Result) -> Layout:
    """Table 1 of the CfC paper: local errors and evaluations."""
    claim = claims.claim("cfc-1")
    title = f"{claim.name}: {claim.title}, {layouts.under(result)}. {claim.source}."
    papers = Section(
        "the paper's table", (), ("method", "time", "local error"),
        layouts.lines([[name, *row] for name, row in claim.numbers.items()]), (),
    )  # fmt: skip
    if not result.values:
        return Layout(title, (papers,), claim.notes, ("not run",), EXPLANATION)
    return Layout(
        title,
        (papers, _orders(result), _evaluations(result), _minutes(result)),
        claim.notes,
        orders_said(result.values),
        EXPLANATION,
    )


def _orders(result: Result) -> Section:
    rows = [
        [
            its["solver"],
            f"{its['expected']}",
            f"{its['median']:.2f} [{its['low']:.2f}, {its['high']:.2f}]",
            "reproduced" if abs(its["median"] - its["expected"]) <= MARGIN else "differs",
        ]
        for its in result.values["orders"]
    ]
    return Section(
        "order of the local error", (), ("solver", "paper: p + 1", "ours", "verdict"), layouts.lines(rows), ()
    )


def _evaluations(result: Result) -> Section:
    found = result.values["evaluations"]
    factors = sorted({its["factor"] for its in found})
    rows = []
    for solver in METHODS:
        for tolerance in result.settings.tolerances:
            mine = {its["factor"]: its for its in found if (its["solver"], its["tolerance"]) == (solver, tolerance)}
            rows.append([f"{solver}, {tolerance:g}", *(_number(mine.get(factor)) for factor in factors)])
    rows += [[name, *[str(number)] * len(factors)] for name, number in FIXED.items()]
    head = ("solver, tolerance", *(f"w x {factor:g}" for factor in factors))
    title = f"evaluations in one sample, {result.settings.units} units, {result.settings.features} inputs"
    return Section(title, (), head, layouts.lines(rows), ())


def _number(its: Mapping[str, Any] | None) -> str:
    if its is None:
        return ""
    return f"{its['median']:,.0f}" + (f" ({its['failed']} gave up)" if its["failed"] else "")


def _minutes(result: Result) -> Section:
    rows = [
        [
            its["table"],
            "{} {:g}".format(*its["slowest"]),
            "{} {:g}".format(*its["fastest"]),
            f"{its['ratio']:.0f}",
            f"{math.log10(its['ratio']):.1f}",
            f"{its['ltc_over_cfc']:.1f}",
        ]
        for its in result.values["minutes"]
    ]
    head = ("table", "largest of an ODE model", "least of a CfC", "ratio", "orders of magnitude", "LTC over CfC")
    return Section("the paper's own minutes an epoch", (), head, layouts.lines(rows), ())


def orders_said(found: Mapping[str, Any]) -> tuple[str, ...]:
    """What is left of one to five orders of magnitude."""
    papers = [math.log10(its["ratio"]) for its in found["minutes"]]
    explicit = [its for its in found["evaluations"] if its["solver"] != "LSODA"]
    most = max(explicit, key=lambda its: float(its["median"]))
    stiff = [its for its in found["evaluations"] if its["solver"] == "LSODA" and its["factor"] >= most["factor"]]
    said = [
        f"One to five orders of magnitude: {min(papers):.1f} to {max(papers):.1f} in the paper's own minutes.",
        f"In evaluations, {most['solver']} at {most['tolerance']:g} takes {most['median']:,.0f} for the closed "
        f"form's one with w x {most['factor']:g}: {math.log10(most['median']):.1f} orders; five need an equation "
        "stiffer still and an explicit solver.",
    ]
    if stiff:
        largest = max(float(its["median"]) for its in stiff)
        said.append(
            f"An implicit solver takes {largest:,.0f} at most with w as large or larger, fused steps {FIXED['fused']}."
        )
    return tuple(said)


def growth(result: Result) -> Layout:
    """Table 2 of the CfC paper: exponents of time in length and width; numbers of parameters."""
    claim = claims.claim("cfc-2")
    title = f"{claim.name}: {claim.title}, {layouts.under(result)}. {claim.source}."
    sections = [_exponents(claim.numbers, result)]
    if result.values:
        sections.append(_parameters(result))
    return Layout(title, tuple(sections), claim.notes, () if result.measured else ("not run",), EXPLANATION)


def _exponents(paper: Mapping[str, Any], result: Result) -> Section:
    found = times.exponents(result.measured.get("times", ()))
    rows = []
    for model in times.MODELS:
        words, *expected = paper.get(model, ("", None, None))
        ours = [found.get(model, {}).get(name) for name in times.AXES]
        row = [model, words]
        for number, theirs in zip(ours, expected, strict=True):
            row += [
                "" if theirs is None else f"{theirs:g}",
                "" if number is None else str(number),
                _agrees(number, theirs),
            ]
        rows.append(row)
    head = ("model", "paper says", "in n", "ours", "verdict", "in k", "ours", "verdict")
    return Section("exponents of a training step's time", (), head, layouts.lines(rows), ())


def _agrees(ours: Exponent | None, theirs: float | None) -> str:
    """The verdict on an exponent."""
    if ours is None:
        return "not run"
    if theirs is None:
        return "ours only"
    inside = ours.low is not None and ours.high is not None and ours.low <= theirs <= ours.high
    if inside or abs(ours.value - theirs) <= GROWTH_MARGIN:
        return "reproduced"
    return "differs" if ours.value > theirs else "below the bound"


def _parameters(result: Result) -> Section:
    rows = [
        [
            its["model"],
            its["paper"],
            f"{its['papers']:,}",
            f"{its['ours']:,}",
            "the same" if its["papers"] == its["ours"] else "differs",
        ]
        for its in result.values["parameters"]
    ]
    title = f"parameters of the recurrent part, {result.settings.width} units (LTC paper, table S2)"
    return Section(title, (), ("model", "paper", "that is", "ours", ""), layouts.lines(rows), ())


def layout(result: Result) -> Layout:
    """Both tables."""
    first, second = cost(result), growth(result)
    notes = (*first.notes, *second.notes)
    return Layout(
        f"complexity, {layouts.under(result)}.", (*first.sections, *second.sections), notes, first.summary, EXPLANATION
    )


def picture(result: Result, rows: Sequence[Row]) -> bytes:
    """Evaluations in one sample over the factor on w."""
    found = result.values["evaluations"]
    factors = sorted({float(its["factor"]) for its in found})
    x = axis(factors, 62, plots.WIDTH, log=True)
    y = axis([1.0, *(its["median"] for its in found)], plots.HEIGHT - 34, 34, log=True)
    parts, names = frame(x, y, "factor on all w", "evaluations in one sample"), []
    curves = {
        f"{solver}, {tolerance:g}": [
            (its["factor"], its["median"]) for its in found if (its["solver"], its["tolerance"]) == (solver, tolerance)
        ]
        for solver in METHODS
        for tolerance in result.settings.tolerances
    }
    curves |= {name: [(factor, float(number)) for factor in factors] for name, number in FIXED.items()}
    for name, points in curves.items():
        placed = [(x(a), y(b)) for a, b in sorted(points)]
        parts.append(line(placed, "own" if name == "closed form" else "other"))
        names.append((placed[-1][0] + 6, placed[-1][1] + 4, name))
    parts += [f'<text class="name" x="{a}" y="{b}">{name}</text>' for a, b, name in apart(names)]
    return plots.standalone(
        plots.WIDTH + 130, plots.HEIGHT, "evaluations of solvers over the stiffness of the equation", parts
    )


TABLES = {"cfc-1": cost, "cfc-2": growth}
