"""Computational depth (LTC paper, table 2): how many steps the solver takes for each sample of the input."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ltcbench.experiments import latent, networks
from ltcbench.experiments.experiment import Draw, Result, Row
from ltcbench.experiments.networks import MODELS, SAMPLES
from ltcbench.reporting.layout import Layout, Section, Text
from ltcbench.values import Range

NUMERICS = 1
KEY = {"activation": str, "model": str, "seed": int}
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
    """By activation and model: mean, deviation, median and range."""
    found: dict[str, dict[str, Any]] = {}
    for activation in settings.activations:
        found[activation] = {}
        for model in MODELS:
            there = [row for row in rows if (row["activation"], row["model"]) == (activation, model)]
            depths = np.array([row["depth"] for row in there], float)
            found[activation][model] = {
                "n": len(there),
                "mean": float(depths.mean()),
                "median": float(np.median(depths)),
                "unfinished": sum(row["status"] != "finished" for row in there),
            }
    return found


def layout(result: Result) -> Layout:
    """The table."""
    lines = []
    for activation, models in result.values.items():
        for model, its in models.items():
            lines.append(tuple(map(Text, (activation, model, f"{its['median']:.3g}", f"{its['mean']:.3g}"))))
    section = Section("steps for each sample", (), ("activation", "model", "median", "mean"), tuple(lines), ())
    return Layout("ltc-2: computational depth.", (section,), (), (), "")


def picture(result: Result, rows: Sequence[Row]) -> bytes:
    """Dots for each draw."""
    from ltcbench.bench.plot import standalone

    return standalone(10, 10, "depth", [])


TABLES = {"ltc-2": layout}
