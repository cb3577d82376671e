"""Computational depth (LTC paper, table 2): how many steps the solver takes for each sample of the input."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ltcbench.experiments import latent, layouts, networks
from ltcbench.experiments.drawing import KINDS, NAMES, dots, legend, scale, spread
from ltcbench.experiments.experiment import Draw, Result, Row
from ltcbench.experiments.networks import MODELS, SAMPLES, Array
from ltcbench.experiments.summaries import shown, without_outliers
from ltcbench.paper import claims
from ltcbench.reporting.charts import axis
from ltcbench.reporting.layout import Layout, Section
from ltcbench.reporting.plots import standalone
from ltcbench.values import Range

NUMERICS = 1
KEY = {"activation": str, "model": str, "seed": int}
MARGIN = 0.012  # of a depth; the paper's deviation of the neural ODE with sigmoid is printed as 0.00
HEAD = ("model", "paper", "ours", "5 to 95 %", "mean", "accepted", "unfinished", "verdict")
EXPLANATION = (
    "Ours: mean of the neural ODE, median of the others, whose distributions have heavy tails; accepted: median of the "
    "solver's accepted steps for each sample; unfinished: draws that ran into the cap on steps or whose values were no "
    "numbers any more, counted with what they had. The verdict: reproduced if ours lies within the paper's deviation "
    "(or 0.012)."
)
COLUMNS = {"depth": float, "accepted": int, "failed": int, "least_tau": float, "status": str}


@dataclass(frozen=True)
class Quirks(networks.Quirks):
    """Of the network, and of the count."""

    solver_points: bool
    refined_points: bool
    step_limit: bool
    divide_by_samples: bool


@dataclass(frozen=True)
class Settings:
    """See ``conf/experiment/depth.yaml``."""

    seed: int
    draws: int
    activations: Sequence[str]
    width: int
    layers: int
    spread: float
    relative: float | None
    absolute: float | None
    cap: int
    quirks: Quirks


RANGES = {
    "seed": Range(0, 2**32),
    "draws": Range(1, 10_000),
    "width": Range(2, 2_000),
    "layers": Range(1, 20),
    "spread": Range(0, 1e3, without="least"),
    "relative": Range(1e-13, 1),
    "absolute": Range(1e-15, 1),
    "cap": Range(10, 10**7),
    "quirks.tau_sd": Range(0, 1e3, without="least"),
}
CHOICES = {"activations": tuple(networks.ACTIVATIONS)}


def draws(settings: Settings) -> list[Draw]:
    """Every model with every activation on the weights of every seed."""
    seeds = range(settings.seed, settings.seed + settings.draws)
    return [Draw((a, model, seed)) for a in settings.activations for model in MODELS for seed in seeds]


def compute(settings: Settings, activation: str, model: str, seed: int) -> list[Row]:
    """One trajectory."""
    quirks = settings.quirks
    weights = networks.drawn(seed, settings.width, settings.layers, settings.spread, quirks)
    solution = latent.trajectory(
        model,
        weights,
        activation,
        quirks,
        settings.relative or (1e-2 if quirks.solver_points else 1e-6),
        settings.absolute or (1e-4 if quirks.solver_points else 1e-8),
        longest=None if quirks.step_limit else latent.END,
        most=settings.cap,
    )
    depth = latent.depth(solution, quirks.refined_points, SAMPLES if quirks.divide_by_samples else SAMPLES - 1)
    return [
        {
            "depth": depth,
            "accepted": solution.accepted,
            "failed": solution.failed,
            "least_tau": float(weights.tau.min()),
            "status": solution.status,
        }
    ]


def values(settings: Settings, rows: Sequence[Row]) -> Mapping[str, Any]:
    """By activation and model: what is said of the draws; and how often each model is the deepest."""
    return {activation: _of(activation, rows) for activation in settings.activations}


def _of(activation: str, rows: Sequence[Row]) -> dict[str, Any]:
    there = {model: [r for r in rows if r["activation"] == activation and r["model"] == model] for model in MODELS}
    depths = {model: np.array([row["depth"] for row in some], float) for model, some in there.items()}
    deepest = np.argmax([depths[model] for model in MODELS], axis=0)
    return {
        model: _summary(some, depths[model]) | {"deepest": float(np.mean(deepest == i))}
        for i, (model, some) in enumerate(there.items())
    }


def _summary(rows: Sequence[Any], depths: Array) -> dict[str, Any]:
    within = without_outliers(list(depths))
    low, median, high = np.quantile(depths, (0.05, 0.5, 0.95))
    return {
        "n": len(rows),
        "unfinished": sum(row["status"] != "finished" for row in rows),
        "low": float(low),
        "median": float(median),
        "high": float(high),
        "mean": float(depths.mean()),
        "std": _std(depths),
        "mean_without_outliers": float(np.mean(within)),
        "std_without_outliers": _std(np.array(within)),
        "accepted": float(np.median([row["accepted"] for row in rows])) / SAMPLES,
        "depth_times_least_tau": float(np.median([row["depth"] * row["least_tau"] for row in rows])),
    }


def _std(values: Array) -> float | None:
    if len(values) < 2:
        return None
    return float(values.std(ddof=1)) if np.ptp(values) else 0.0


def ours(model: str, its: Mapping[str, Any]) -> float:
    """The number to compare with the paper's: a neural ODE's mean; the others' median, for their tails are heavy."""
    number: float = its["mean" if model == "node" else "median"]
    return number


def verdict(number: float, paper: Sequence[float]) -> str:
    """Reproduced where ours lies within the paper's deviation, or within ``MARGIN`` where that is smaller."""
    mean, std = paper
    return "reproduced" if abs(number - mean) <= max(std, MARGIN) + 1e-9 else "differs"


def layout(result: Result) -> Layout:
    """Table 2 of the LTC paper, ours beside it."""
    claim = claims.claim("ltc-2")
    verdicts: list[str] = []
    sections = [_section(a, result.values.get(a), claim.numbers.get(a, {}), verdicts) for a in _activations(result)]
    counts = [f"{verdicts.count(word)} {word}" for word in ("reproduced", "differs") if word in verdicts]
    said = [f"{len(verdicts)} cells under {layouts.under(result)}: {', '.join(counts)}."] if verdicts else []
    if result.values:
        said.append(_deepest(result.values))
    title = f"{claim.name}: {claim.title}, {layouts.under(result)}. {claim.source}."
    return Layout(title, tuple(sections), claim.notes, tuple(said), EXPLANATION)


def _activations(result: Result) -> Sequence[str]:
    activations: Sequence[str] = result.settings.activations
    return activations


def _section(activation: str, found: Any, paper: Mapping[str, Any], verdicts: list[str]) -> Section:
    lines = []
    for model in MODELS:
        theirs = f"{paper[model][0]:g} ± {paper[model][1]:g}" if model in paper else ""
        if found is None:
            lines.append([NAMES[model], theirs, *[""] * 5, "not run"])
            continue
        its = found[model]
        said = verdict(ours(model, its), paper[model]) if model in paper else "ours only"
        verdicts += [said] if model in paper else []
        least = "at least " if its["unfinished"] else ""
        spread = "" if its["std"] is None else f" ± {shown(its['std'])}"
        lines.append(
            [
                NAMES[model],
                theirs,
                shown(ours(model, its)),
                f"{shown(its['low'])} to {shown(its['high'])}",
                f"{least}{shown(its['mean'])}{spread}",
                shown(its["accepted"]),
                f"{its['unfinished']} of {its['n']}",
                said,
            ]
        )
    best = None if found is None else max(MODELS, key=lambda model: ours(model, found[model]))
    papers = max(paper, key=lambda model: float(paper[model][0])) if paper else None
    marked = {(MODELS.index(papers), 1)} if papers else set()
    marked |= {(MODELS.index(best), 2)} if best else set()
    return Section(f"{activation}: integration steps for each sample", (), HEAD, layouts.lines(lines, marked), ())


def _deepest(values: Mapping[str, Any]) -> str:
    """Whether the LTC is the deepest, as the paper says."""
    where = [a for a, its in values.items() if max(MODELS, key=lambda model: ours(model, its[model])) == "ltc"]
    word = "supported" if len(where) == len(values) else "not supported"
    found = f"with {len(where)} of {len(values)} activations{f' ({chr(44).join(where)})' if where else ''}"
    return f"The LTC is the deepest {found}: {word} by these settings."


def picture(result: Result, rows: Sequence[Row]) -> bytes:
    """A dot a draw, the paper's mean and deviation beside them."""
    paper = claims.claim("ltc-2").numbers
    depths = [float(str(row["depth"])) for row in rows]
    y = axis([*depths, 0.3, 120], 330, 44, log=True)
    left, group, width = 60, 196, 60 + 196 * len(_activations(result))
    parts = scale(y, left, width, "steps for each sample")
    for i, activation in enumerate(_activations(result)):
        start = left + i * group
        parts.append(f'<text class="name" x="{start + group / 2:g}" y="352" text-anchor="middle">{activation}</text>')
        for j, model in enumerate(MODELS):
            there = [float(str(r["depth"])) for r in rows if (r["activation"], r["model"]) == (activation, model)]
            x = start + 38 + j * 58
            parts += dots(x, 22, there, y, KINDS[model])
            if model in paper.get(activation, {}):
                mean, std = paper[activation][model]
                parts += spread(x + 20, max(mean - std, y.low), mean, mean + std, y, f"paper: {mean:g} ± {std:g}")
    parts += legend(left + 8, 20, "paper, mean ± deviation")
    return standalone(width + 12, 364, f"depth of {len(rows)} trajectories under {layouts.under(result)}", parts)


TABLES = {"ltc-2": layout}
