"""Theorems 1 and 2 of the LTC paper, time constants and states are bounded: solver by solver, on our own cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ltcbench.experiments import layouts
from ltcbench.experiments.experiment import Draw, Result, Row
from ltcbench.experiments.stability import equation_one
from ltcbench.experiments.stability.escape import SOLVERS, escape, interval, limits, rounding, tau_rounding
from ltcbench.experiments.stability.weights import Array, LTCWeights, drawn
from ltcbench.experiments.summaries import shown
from ltcbench.paper import claims
from ltcbench.reporting import plots
from ltcbench.reporting.charts import Axis, axis, frame, line
from ltcbench.reporting.layout import Layout, Section
from ltcbench.values import Range

NUMERICS = 1
KEY = {"part": str, "seed": int}
COLUMNS = {
    "solver": str,  # of a cell; the activation of equation 1, with abs in front where its decay takes abs f
    "bounded": int,  # whether states are put back
    "inputs": str,  # normal or extreme
    "at": float,  # z, or the number of inputs
    "excess": float,  # largest distance from the interval of theorem 2
    "left": int,  # whether it is more than rounding
    "tau_outside": float,  # whether theorem 1 was broken; of equation 1 the share of points
    "tau_not_positive": float,  # share of points
}
PARTS = ("steps", "wide", "equation")
WIDE_UNITS, WIDE_STEP = 32, 0.1
SHOWN_TO = 20  # z of the picture
DIVERGED = 1e3  # an excess beyond it
ACTIVATIONS = (*((phi, False) for phi in equation_one.ACTIVATIONS), ("tanh", True), ("hard_tanh", True))
ROUNDING = 1e-9  # of equation 1, whose states are double precision numbers of a size of 1 or 10
VARIANTS = tuple(
    (solver, bounded) for solver in SOLVERS for bounded in (False, True) if solver != "fused" or not bounded
)
WIDE = tuple(variant for variant in VARIANTS if variant[0] != "heun")  # the authors have no Heun
EXPLANATION = (
    "Left: networks whose state is ever further outside the interval of theorem 2 than rounding of 32 bit numbers can "
    "carry a weighted mean (see rounding in experiments/stability/escape.py); diverged: further than 1000, or not a "
    "number; bounded: the cell's switch, which puts the state back after each explicit step."
)


@dataclass(frozen=True)
class Quirks:
    """Of the cells."""

    unbounded: bool


@dataclass(frozen=True)
class Settings:
    """See ``conf/experiment/bounds.yaml``."""

    seed: int
    draws: int
    steps: int
    features: int
    units: int
    z: Sequence[float]
    amplitude: float
    wide: Sequence[int]
    end: float
    quirks: Quirks


RANGES = {
    "seed": Range(0, 2**32),
    "draws": Range(1, 100_000),
    "steps": Range(1, 10_000),
    "features": Range(1, 10_000),
    "units": Range(1, 10_000),
    "z": Range(0, 1e6, without="least"),
    "amplitude": Range(0, 1e6),
    "wide": Range(1, 10_000),
    "end": Range(0, 1_000, without="least"),
}
CHOICES: Mapping[str, Sequence[str]] = {}


def draws(settings: Settings) -> list[Draw]:
    """Every part with the weights of every seed."""
    rows = {
        "steps": len(VARIANTS) * 2 * len(settings.z),
        "wide": len(WIDE) * len(settings.wide),
        "equation": len(ACTIVATIONS),
    }
    seeds = range(settings.seed, settings.seed + settings.draws)
    return [Draw((part, seed), rows[part]) for part in PARTS for seed in seeds]


def compute(settings: Settings, part: str, seed: int) -> list[Row]:
    """One network, or in part ``wide`` one of each number of inputs.

    Drawn in this order: the weights, see ``stability.weights.drawn``; the first state, uniform inside the interval of
    theorem 2; the signs of the extreme inputs (T, F), then the normal ones (T, F). In part ``wide`` the numbers of
    inputs follow one another, without extreme inputs.
    """
    rng = np.random.default_rng(seed)
    if part == "steps":
        return _steps(rng, settings)
    if part == "wide":
        return [row for features in settings.wide for row in _wide(rng, settings, features)]
    weights = equation_one.drawn(rng)
    return [_equation(weights, phi, magnitude, settings.end) for phi, magnitude in ACTIVATIONS]


def _first(rng: np.random.Generator, weights: LTCWeights) -> Array:
    return np.asarray(rng.uniform(*interval(weights, np.zeros_like(weights.cm))))


def _steps(rng: np.random.Generator, settings: Settings) -> list[Row]:
    weights = drawn(rng, settings.features, settings.units)
    first, shape = _first(rng, weights), (settings.steps, settings.features)
    extreme = settings.amplitude * np.where(rng.random(shape) < 0.5, 1.0, -1.0)
    normal = rng.standard_normal(shape)
    every = [(name, signal, z) for name, signal in (("extreme", extreme), ("normal", normal)) for z in settings.z]
    names, signals, places = zip(*every, strict=True)
    h = np.array(places) / weights.rate
    return [
        row
        for solver, bounded in VARIANTS
        for row in _followed(weights, solver, bounded, np.stack(signals, axis=1), first, h, names, places)
    ]


def _wide(rng: np.random.Generator, settings: Settings, features: int) -> list[Row]:
    weights = drawn(rng, features, WIDE_UNITS)
    first, signal = _first(rng, weights), rng.standard_normal((settings.steps, features))
    rows: list[Row] = []
    for solver, bounded in WIDE:
        h = np.array([1.0 if solver == "fused" else WIDE_STEP])
        rows += _followed(weights, solver, bounded, signal[:, None], first, h, ["normal"], [features])
    return rows


def _followed(
    weights: LTCWeights,
    solver: str,
    bounded: bool,
    signals: Array,
    first: Array,
    h: Array,
    names: Sequence[str],
    at: Sequence[float],
) -> list[Row]:
    """A line a sequence: signals (T, B, F), lengths of steps (B,), names of the inputs and places."""
    states = np.tile(first, (len(h), 1))
    found = escape(weights, solver, signals, states, h, bounded)
    tolerance, of_tau = rounding(weights, states, len(signals)), tau_rounding(weights)
    return [
        {
            "solver": solver,
            "bounded": int(bounded),
            "inputs": name,
            "at": float(place),
            "excess": float(excess),
            "left": int(excess > tolerance),
            "tau_outside": float(tau > of_tau),
            "tau_not_positive": 0.0,
        }
        for name, place, excess, tau in zip(names, at, found.excess, found.tau_excess, strict=True)
    ]


def _equation(weights: equation_one.Weights, phi: str, magnitude: bool, end: float) -> Row:
    found = equation_one.bounds(weights, phi, magnitude, end)
    return {
        "solver": f"abs {phi}" if magnitude else phi,
        "bounded": 0,
        "inputs": "circle",
        "at": None,
        "excess": found.excess,
        "left": int(found.excess > ROUNDING),
        "tau_outside": found.tau_outside,
        "tau_not_positive": found.tau_not_positive,
    }


def values(settings: Settings, rows: Sequence[Row]) -> Mapping[str, Any]:
    """By part a line for each solver or activation, switch, input and place; and where the bounds end."""
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in ("part", "solver", "bounded", "inputs", "at"))
        groups.setdefault(key, []).append(row)
    lines = [_line(key, there) for key, there in groups.items()]
    found: dict[str, Any] = {part: [line for line in lines if line["part"] == part] for part in PARTS}
    return found | {"limits": {_named(*variant): _limit(found["steps"], *variant) for variant in VARIANTS}}


def _line(key: tuple[Any, ...], rows: Sequence[Any]) -> dict[str, Any]:
    part, solver, bounded, inputs, at = key
    excess = np.array([row["excess"] for row in rows])
    finite = excess[np.isfinite(excess)]
    return {
        "part": part,
        "solver": solver,
        "bounded": bool(bounded),
        "inputs": inputs,
        "at": at,
        "n": len(rows),
        "left": float(np.mean([row["left"] for row in rows])),
        "diverged": float(np.mean(excess > DIVERGED)),
        "not_finite": len(excess) - len(finite),
        "excess": float(finite.max()) if len(finite) else None,
        "tau_outside": float(np.mean([row["tau_outside"] for row in rows])),
        "tau_not_positive": float(np.mean([row["tau_not_positive"] for row in rows])),
    }


def _named(solver: str, bounded: bool) -> str:
    return f"{solver}, bounded" if bounded else solver


def _limit(lines: Sequence[Mapping[str, Any]], solver: str, bounded: bool) -> dict[str, Any]:
    """The smallest z at which a network left, None if none did; and the largest before it."""
    mine = [line for line in lines if line["solver"] == solver and line["bounded"] == bounded]
    broken = [line["at"] for line in mine if line["left"] > 0]
    first = min(broken, default=None)
    holds = [line["at"] for line in mine if first is None or line["at"] < first]
    return {"holds_to": max(holds, default=None), "breaks_at": first}


def verdict(limit: Mapping[str, Any]) -> str:
    """What became of theorem 2 with a solver."""
    if limit["breaks_at"] is None:
        return f"holds, to z = {limit['holds_to']:g}"
    return "fails" if limit["holds_to"] is None else f"holds below z = {limit['breaks_at']:g}"


def layout(result: Result) -> Layout:
    """What became of the theorems."""
    claim, found = claims.claim("ltc-bounds"), result.values
    title = f"{claim.name}: {claim.title}, {layouts.under(result)}. {claim.source}."
    if not found:
        return Layout(title, (), claim.notes, ("not run",), EXPLANATION)
    return Layout(
        title, (_over_z(result), _over_inputs(found), _activations(found)), claim.notes, _said(result), EXPLANATION
    )


def _over_z(result: Result) -> Section:
    places: Sequence[float] = result.settings.z
    rows = []
    for inputs in ("extreme", "normal"):
        for solver, bounded in VARIANTS:
            mine = {line["at"]: line for line in result.values["steps"] if _is(line, solver, bounded, inputs)}
            shares = [_share(mine[float(place)]) for place in places]
            said = verdict(_limit(list(mine.values()), solver, bounded))
            one = " / ".join("none" if limit == np.inf else f"{limit:.4g}" for limit in limits(solver))
            rows.append([_named(solver, bounded), inputs, *shares, "" if bounded else one, said])
    head = ("solver", "inputs", *(f"z {place:g}" for place in places), "one unit: inside / stable to z", "verdict")
    title = (
        f"theorem 2: networks that leave it / diverge, {result.settings.features} inputs, {result.settings.units} units"
    )
    return Section(title, (), head, layouts.lines(rows), ())


def _over_inputs(found: Mapping[str, Any]) -> Section:
    features = list(dict.fromkeys(line["at"] for line in found["wide"]))
    rows = []
    for solver, bounded in WIDE:
        mine = {line["at"]: line for line in found["wide"] if _is(line, solver, bounded, "normal")}
        rows.append([_named(solver, bounded), *(_share(mine[number]) for number in features)])
    head = ("solver", *(f"{number:g} inputs" for number in features))
    title = f"theorem 2 at a step of {WIDE_STEP:g} (fused: 1), {WIDE_UNITS} units: networks that leave it / diverge"
    return Section(title, (), head, layouts.lines(rows), ())


def _activations(found: Mapping[str, Any]) -> Section:
    rows = [
        [
            line["solver"],
            _percent(line["left"]),
            "blows up" if line["not_finite"] else shown(line["excess"]),
            _percent(line["tau_outside"]),
            _percent(line["tau_not_positive"]),
            "holds" if not line["left"] and not line["tau_outside"] else "fails",
        ]
        for line in found["equation"]
    ]
    head = (
        "f",
        "networks that leave theorem 2",
        "largest excess",
        "tau_sys outside theorem 1",
        "not positive",
        "verdict",
    )
    return Section(
        "equation 1 with other activations: networks, and points of time and units", (), head, layouts.lines(rows), ()
    )


def _said(result: Result) -> tuple[str, ...]:
    found, chosen = result.values, not result.settings.quirks.unbounded
    broken = sum(line["tau_outside"] > 0 for part in ("steps", "wide") for line in found[part])
    mine = [_named(solver, chosen and solver != "fused") for solver in SOLVERS]
    first = f"broken in {broken} lines" if broken else "holds in every run, diverged ones included"
    return (
        f"Theorem 1, cells: {first}.",
        "Theorem 2, cells: " + "; ".join(f"{name}: {verdict(found['limits'][name])}" for name in mine) + ".",
    )


def _is(line: Mapping[str, Any], solver: str, bounded: bool, inputs: str) -> bool:
    return (line["solver"], line["bounded"], line["inputs"]) == (solver, bounded, inputs)


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _share(line: Mapping[str, Any]) -> str:
    return f"{100 * line['left']:.3g} / {100 * line['diverged']:.3g} %" if line["left"] else "0"


def picture(result: Result, rows: Sequence[Row]) -> bytes:
    """Share of networks that leave the interval of theorem 2 over the length of a step, extreme inputs."""
    places = [z for z in result.settings.z if z <= SHOWN_TO] or list(result.settings.z)
    x, y = axis(places, 62, plots.WIDTH + 40, log=True), Axis(0, 100, plots.HEIGHT - 34, 34)
    parts = frame(x, y, "z, length of a step in fastest time constants", "networks outside, %")
    names = {}
    for solver, bounded in VARIANTS:
        mine = [
            line for line in result.values["steps"] if _is(line, solver, bounded, "extreme") and line["at"] in places
        ]
        points = [(x(its["at"]), y(100 * its["left"])) for its in mine]
        parts.append(line(points, "own" if solver == "fused" else "other"))
        names[_named(solver, bounded)] = _crossing(points, y(50))
    parts += _names(names, x, y)
    return plots.standalone(
        plots.WIDTH + 190, plots.HEIGHT, "networks outside theorem 2 over the length of a step", parts
    )


def _crossing(points: Sequence[tuple[float, float]], height: float) -> float | None:
    """Where a line first rises through a height (y grows downwards), None where it does not."""
    for (a, below), (b, above) in pairwise(points):
        if above < height <= below:
            return a + (b - a) * (below - height) / (below - above)
    return None


def _names(where: Mapping[str, float | None], x: Axis, y: Axis) -> list[str]:
    """Names of lines: right of where each rises through a half; those that do not, in the end."""
    never = [name for name, at in where.items() if at is None]
    rising = [(at, name) for name, at in where.items() if at is not None]
    placed = [(at + 10, y(58 - 12 * i), name) for i, (at, name) in enumerate(rising)]
    placed += [(x.end + 6, y(0) - 13 * i, name) for i, name in enumerate(never)]
    return [f'<text class="name" x="{a:.1f}" y="{b}">{name}</text>' for a, b, name in placed]


TABLES = {"ltc-bounds": layout}
