"""Length of the trajectory in latent space (LTC paper, section 5): how long, relative to its size, and how winding."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ltcbench.experiments import geometry, latent, networks, trajectory_picture, trajectory_table
from ltcbench.experiments.experiment import Draw, Result, Row
from ltcbench.experiments.networks import MODELS, Array
from ltcbench.experiments.panels import Network, all_networks
from ltcbench.experiments.summaries import median, summary
from ltcbench.paper import claims
from ltcbench.reporting.layout import Layout
from ltcbench.values import Range

NUMERICS = 1
POINTS = 2001  # equidistant, of a lap
STRIDE = 5  # of them, for the turning
KEY = {"activation": str, "width": int, "layers": int, "spread": float, "model": str, "seed": int}
COLUMNS = {
    "length": float,
    "relative_length": float,
    "turning": float,
    "share": float,
    "accepted": int,
    "status": str,
}


@dataclass(frozen=True)
class Quirks(networks.Quirks):
    """Of the network, and of what is measured."""

    solver_points: bool


@dataclass(frozen=True)
class Settings:
    """See ``conf/experiment/trajectory.yaml``."""

    seed: int
    draws: int
    panels: Sequence[str]
    activation: str | None
    width: int | None
    layers: int | None
    spread: float | None
    reversal: float | None
    lap: int
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
    "reversal": Range(0, 1e6, without="least"),
    "lap": Range(1, 100),
    "relative": Range(1e-13, 1),
    "absolute": Range(1e-15, 1),
    "cap": Range(10, 10**7),
    "quirks.tau_sd": Range(0, 1e3, without="least"),
}
CHOICES = {
    "panels": tuple(claims.claim("ltc-trajectory").numbers),
    "activation": tuple(networks.ACTIVATIONS),
}


def draws(settings: Settings) -> list[Draw]:
    """Every model of every network on the weights of every seed."""
    seeds = range(settings.seed, settings.seed + settings.draws)
    return [
        Draw((its.activation, its.width, its.layers, its.spread, model, seed))
        for its in all_networks(settings)
        for model in MODELS
        for seed in seeds
    ]


def compute(
    settings: Settings, activation: str, width: int, layers: int, spread: float, model: str, seed: int
) -> list[Row]:
    """One trajectory."""
    weights = networks.drawn(seed, width, layers, spread, settings.quirks, settings.reversal)
    measured, points, accepted, status = _states(settings, model, activation, weights)
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    if len(measured) > 1:
        curve, share = geometry.components(measured)
        row |= {"length": geometry.chords(curve), "share": share}
    if status == "finished":
        row |= {"relative_length": geometry.relative_length(points), "turning": geometry.turning(points[::STRIDE])}
    return [row | {"accepted": accepted, "status": status}]


def _states(
    settings: Settings, model: str, activation: str, weights: networks.Weights
) -> tuple[Array, Array, int, str]:
    """States of the last layer on the lap: those to be measured, those at equidistant points; steps, how it ended."""
    quirks, before = settings.quirks, (settings.lap - 1) * latent.END
    solution = latent.trajectory(
        model,
        weights,
        activation,
        quirks,
        settings.relative or (1e-2 if quirks.solver_points else 1e-6),
        settings.absolute or (1e-4 if quirks.solver_points else 1e-8),
        at=before + np.linspace(0, latent.END, POINTS),
        most=settings.cap,
        laps=settings.lap,
    )
    own = latent.last_layer(solution.x[solution.t >= before], weights)
    points = latent.last_layer(solution.points, weights)
    return own if quirks.solver_points else points, points, solution.accepted, solution.status


def values(settings: Settings, rows: Sequence[Row]) -> Mapping[str, Any]:
    """By network and model: lengths, what does not depend on the size, and in which share of draws it leads."""
    found: dict[str, Any] = {its.name: {} for its in all_networks(settings)}
    for its, models in _grouped(settings, rows):
        leads = {name: _leads(models, name) for name in ("length", "relative_length", "turning")}
        for i, (model, some) in enumerate(models.items()):
            finished = [row["status"] == "finished" for row in some]
            lengths = [row["length"] or 0.0 for row in some]
            found[its.name][model] = {
                "length": summary(lengths, finished),
                **{name: median([row[name] for row in some]) for name in ("relative_length", "turning", "share")},
                "leads": {name: shares[i] for name, shares in leads.items()},
            }
    return found


def _grouped(settings: Settings, rows: Sequence[Row]) -> Iterator[tuple[Network, dict[str, list[Any]]]]:
    """The lines of each network by model, in order of the seeds."""
    by_key: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows:
        by_key.setdefault(tuple(row[name] for name in KEY if name != "seed"), []).append(row)
    for its in all_networks(settings):
        key = its.activation, its.width, its.layers, its.spread
        named = {model: (*key, model) for model in MODELS}
        yield its, {model: by_key[full] for model, full in named.items()}


def _leads(models: Mapping[str, Sequence[Any]], name: str) -> list[float | None]:
    """The share of draws in which each model has the largest value.

    A length that was not reached is beyond all others. The other values are compared in the draws that all models
    finished; None without any.
    """
    missing = np.inf if name == "length" else np.nan
    there = [[row[name] if row["status"] == "finished" else missing for row in some] for some in models.values()]
    found = np.array(there, float)
    found = found[:, ~np.isnan(found).any(axis=0)]
    return [float(np.mean(first)) if first.size else None for first in found == found.max(axis=0, initial=-np.inf)]


def layout(result: Result) -> Layout:
    """The panels, ours beside the paper's."""
    return trajectory_table.layout(result)


def picture(result: Result, rows: Sequence[Row]) -> bytes:
    """One draw in the plane of its components, and box plots over units, spread and layers."""
    return trajectory_picture.picture(result, rows, one_draw(result.settings))


def one_draw(settings: Settings) -> dict[str, Array]:
    """The curves of the first draw of the first network, by model: (points, 2)."""
    its = all_networks(settings)[0]
    weights = networks.drawn(settings.seed, its.width, its.layers, its.spread, settings.quirks, settings.reversal)
    states = {model: _states(settings, model, its.activation, weights)[1] for model in MODELS}
    return {model: geometry.components(some)[0] for model, some in states.items() if len(some) > 2}


TABLES = {"ltc-trajectory": layout}
