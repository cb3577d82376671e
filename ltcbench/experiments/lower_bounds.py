"""The lower bounds of the LTC paper's theorems 4 and 5 beside the lengths that they are said to bound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ltcbench.errors import UserError
from ltcbench.experiments import geometry, latent, layouts, networks, theorems
from ltcbench.experiments.drawing import NAMES
from ltcbench.experiments.experiment import Draw, Result, Row
from ltcbench.experiments.networks import MODELS, SAMPLES, Quirks
from ltcbench.experiments.summaries import shown
from ltcbench.reporting.layout import Layout, Section
from ltcbench.reporting.plots import lines, standalone
from ltcbench.values import Range

NUMERICS = 1
AS_SET, MENDED, TOLERANCE = "as set", "variance / k, true hard tanh", "tolerance"
KEY = {"part": str, "spread": float, "relative": float, "samples": int, "model": str, "seed": int}
COLUMNS = {
    "length": float,
    "depth": float,
    "accepted": int,
    "paper": float,
    "script": float,
    "status": str,
}
HEAD = ("model", "length", "depth", "paper's bound", "broken", "script's bound", "broken", "unfinished", "verdict")
STEPS = ("variance", "samples", "tolerance", "length", "accepted steps", "bound", "broken", "unfinished")
EXPLANATION = (
    "Medians. Bounds with constant 1: an O() hides one, so strictly nothing is refuted. Broken: draws, of those that "
    "finished, in which the bound is above the length; unfinished: draws that ran into the cap on steps or whose "
    "values were no numbers any more. Depth as the released script counts it; by tolerance, accepted steps over the "
    "samples, and the input exact."
)
WHY = "for the steps, and so the bound, are the solver's, and the length is the equation's"


@dataclass(frozen=True)
class Settings:
    """See ``conf/experiment/lower-bounds.yaml``."""

    seed: int
    draws: int
    activation: str
    width: int
    layers: int
    spread: float
    reversal: float | None
    tolerances: Sequence[float]
    spreads: Sequence[float]
    samples: Sequence[int]
    cap: int
    quirks: Quirks


RANGES = {
    "seed": Range(0, 2**32),
    "draws": Range(1, 10_000),
    "width": Range(2, 2_000),
    "layers": Range(1, 20),
    "spread": Range(0, 1e3, without="least"),
    "reversal": Range(0, 1e6, without="least"),
    "tolerances": Range(1e-13, 1),
    "spreads": Range(0, 1e3, without="least"),
    "samples": Range(1, 10**6),
    "cap": Range(10, 10**7),
    "quirks.tau_sd": Range(0, 1e3, without="least"),
}
CHOICES = {"activation": tuple(networks.ACTIVATIONS)}


def draws(settings: Settings) -> list[Draw]:
    """Every model of each system, then a neural ODE under each tolerance, on the weights of every seed."""
    if len(settings.spreads) != len(settings.samples):
        raise UserError(
            f"spreads={layouts.written(settings.spreads)} and samples={layouts.written(settings.samples)} are not "
            "equally many: each spread has its number of samples."
        )
    seeds = range(settings.seed, settings.seed + settings.draws)
    found = [
        Draw((part, settings.spread, 1e-2, SAMPLES, model, seed))
        for part in systems(settings)
        for model in MODELS
        for seed in seeds
    ]
    for spread, samples in zip(settings.spreads, settings.samples, strict=True):
        found += [Draw((TOLERANCE, spread, r, samples, "node", seed)) for r in settings.tolerances for seed in seeds]
    return found


def systems(settings: Settings) -> dict[str, Quirks]:
    """The networks as the quirks are set, and, where that is not the same, with the paper's variance and activation."""
    its = mended(settings.quirks)
    return {AS_SET: settings.quirks} | ({MENDED: its} if its != settings.quirks else {})


def mended(quirks: Quirks) -> Quirks:
    """With the theorems' own weights and activation."""
    return replace(quirks, variance_as_sd=False, linear_hard_tanh=False)


def smooth(quirks: Quirks) -> Quirks:
    """The same with an exact input, for the corners of a sampled one cost steps under a small tolerance."""
    return replace(mended(quirks), sampled_input=False)


def compute(
    settings: Settings, part: str, spread: float, relative: float, samples: int, model: str, seed: int
) -> list[Row]:
    """One trajectory and its bounds."""
    quirks = smooth(settings.quirks) if part == TOLERANCE else systems(settings)[part]
    weights = networks.drawn(seed, settings.width, settings.layers, spread, quirks, settings.reversal)
    solution = latent.trajectory(
        model, weights, settings.activation, quirks, relative, relative / 100, most=settings.cap
    )
    counted = part == TOLERANCE
    depth = latent.depth(solution, not counted, samples)
    row: dict[str, Any] = {"depth": depth, "accepted": solution.accepted, "status": solution.status}
    if solution.accepted:
        curve, _ = geometry.components(latent.last_layer(solution.x, weights))
        its = theorems.measured(curve, depth, input_length(quirks))
        sizes = settings.width, settings.layers, spread
        row |= {"length": geometry.chords(curve), "paper": theorems.paper(model, *sizes, its)}
        row |= {"script": theorems.script(model, *sizes, its)}
    return [dict.fromkeys(COLUMNS) | row]


def input_length(quirks: Quirks) -> float:
    """Length of the input: of its samples joined by straight lines, or of the circle."""
    return geometry.chords(networks.circle(np.linspace(0, 2 * np.pi, SAMPLES))) if quirks.sampled_input else 2 * np.pi


def values(settings: Settings, rows: Sequence[Row]) -> Mapping[str, Any]:
    """Of each system by model, and of each spread by tolerance: medians, and how often the bounds are broken."""
    found: dict[str, Any] = {"base": theorems.base(settings.width, settings.spread)}
    for part in systems(settings):
        found[part] = {m: _summary([r for r in rows if (r["part"], r["model"]) == (part, m)]) for m in MODELS}
    found[TOLERANCE] = [
        {"spread": spread, "samples": samples, "relative": relative}
        | _summary([r for r in rows if (r["part"], r["spread"], r["relative"]) == (TOLERANCE, spread, relative)])
        for spread, samples in zip(settings.spreads, settings.samples, strict=True)
        for relative in settings.tolerances
    ]
    return found


def _summary(rows: Sequence[Any]) -> dict[str, Any]:
    whole = [row for row in rows if row["status"] == "finished"]
    found: dict[str, Any] = {"n": len(rows), "unfinished": len(rows) - len(whole)}
    for name in ("length", "depth", "accepted", "paper", "script"):
        there = [row[name] for row in whole if row[name] is not None]
        found[name] = float(np.median(there)) if there else None
    for name in ("paper", "script"):
        defined = [row for row in whole if row[name] is not None]
        found[f"{name}_broken"] = sum(row[name] > row["length"] for row in defined) if defined else None
    return found


def layout(result: Result) -> Layout:
    """Bounds beside lengths, then the bound under each tolerance."""
    parts = systems(result.settings)
    sections = [
        Section(f"{part}: length and lower bounds", (), HEAD, layouts.lines(_bounds(result.values[part])), ())
        for part in parts
    ]
    sections.append(
        Section("neural ODE, by the solver's tolerance", (), STEPS, layouts.lines(_tolerances(result.values)), ())
    )
    title = f"lower-bounds: theorems 4 and 5, {layouts.under(result)}. LTC paper (arXiv 2006.04439), section 5."
    base = f"The base B is {result.values['base']:.4f}."
    return Layout(title, tuple(sections), (), (base, _depends(result.values)), EXPLANATION)


def _bounds(found: Mapping[str, Any]) -> list[list[str]]:
    lines = []
    for model, its in found.items():
        finished = its["n"] - its["unfinished"]
        line = [NAMES[model], _or(its["length"], ""), _or(its["depth"], "")]
        for name in ("paper", "script"):
            broken = its[f"{name}_broken"]
            line += [_or(its[name], "undefined"), "" if broken is None else f"{broken} of {finished}"]
        lines.append([*line, f"{its['unfinished']} of {its['n']}", verdict(its)])
    return lines


def verdict(its: Mapping[str, Any]) -> str:
    """Whether the paper's bound holds in every draw that finished."""
    broken, finished = its["paper_broken"], its["n"] - its["unfinished"]
    if broken is None:
        return "undefined"
    return "holds" if not broken else "broken" if broken == finished else f"broken in {broken}"


def _or(value: float | None, without: str) -> str:
    return without if value is None else shown(value)


def _tolerances(values: Mapping[str, Any]) -> list[list[str]]:
    return [
        [
            f"{its['spread']:g}",
            f"{its['samples']}",
            f"{its['relative']:g}",
            "" if its["length"] is None else f"{its['length']:.2f}",
            _or(its["accepted"], ""),
            _or(its["paper"], "undefined"),
            f"{its['paper_broken'] or 0} of {its['n'] - its['unfinished']}",
            f"{its['unfinished']} of {its['n']}",
        ]
        for its in values[TOLERANCE]
    ]


def _depends(values: Mapping[str, Any]) -> str:
    """From which tolerance on the bound lies above the length."""
    said = []
    for spread in dict.fromkeys(its["spread"] for its in values[TOLERANCE]):
        above = [
            its["relative"]
            for its in values[TOLERANCE]
            if its["spread"] == spread and its["paper"] is not None and its["paper"] > its["length"]
        ]
        said.append(f"with variance {spread:g} {f'from {max(above):g} on' if above else 'never'}")
    return f"The neural ODE's bound lies above its length {', '.join(said)}: {WHY}."


def picture(result: Result, rows: Sequence[Row]) -> bytes:
    """Length and bound over the tolerance, a panel a variance."""
    parts: list[str] = []
    spreads = list(dict.fromkeys(its["spread"] for its in result.values[TOLERANCE]))
    for i, spread in enumerate(spreads):
        there = [its for its in result.values[TOLERANCE] if its["spread"] == spread and its["paper"] is not None]
        series = {name: [(1 / its["relative"], its[key]) for its in there] for name, key in _LINES.items()}
        if there:
            title = f"variance {spread:g} / k"
            parts += lines(series, "1 / relative tolerance", title, ["length"], i * PANEL)
    label = f"neural ODE: length and lower bound over the tolerance, {layouts.under(result)}"
    return standalone(PANEL * len(spreads), 304, label, parts)


PANEL = 430  # width of a panel, in pixels
_LINES = {"length": "length", "bound": "paper"}

TABLES: Mapping[str, Any] = {}
