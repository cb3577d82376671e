"""What ``result.json`` in a run folder says."""

import math
import statistics
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch

from ltcbench.models import Network
from ltcbench.running.folder import SCHEMA
from ltcbench.settings.job import Job
from ltcbench.tasks import SequenceData
from ltcbench.training.batches import Part
from ltcbench.training.checkpoint import Weights, copied
from ltcbench.training.classes import confusion, told
from ltcbench.training.loop import Outcome
from ltcbench.training.scoring import predictions, scores

Result = dict[str, Any]


def head(job: Job, identity: str, device: torch.device) -> Result:
    """What was asked for."""
    return {
        "schema": SCHEMA,
        "fingerprint": identity,
        "model": job.model,
        "hidden_size": job.hidden_size,
        "task": job.task,
        "protocol": job.protocol,
        "quirks": dict(job.quirks),
        "recipe": job.recipe,
        "seed": job.seed,
        "device": str(device),
        "source": job.source,
    }


def numbers(network: Network, data: SequenceData, outcome: Outcome) -> Result:
    """What came out: metrics at the best epoch and at the last, on the test part for the first time now."""
    progress = outcome.progress
    last = None if outcome.status == "diverged" else progress.epoch
    test: dict[int | None, Mapping[str, float]] = {}
    classes: Result | None = None
    if outcome.status != "interrupted":
        part = Part.of(data.spec, data.test, next(network.parameters()).device)
        weights: dict[int | None, Weights] = {progress.best_epoch: progress.best_weights, last: copied(network)}
        for epoch in {progress.best_epoch, last} - {0, None}:
            network.load_state_dict(weights[epoch])
            y = predictions(network, data.spec, part)
            test[epoch] = scores(data.spec, y, part)
            if data.classes and epoch == progress.best_epoch:
                each = part.repeated(len(y) // len(part))
                chosen = ... if each.counted is None else each.counted
                matrix = confusion(y[chosen].flatten(0, -2), each.y[chosen].flatten(), data.classes)
                classes = told(matrix, data.spec.labels)

    def at(epoch: int | None) -> Result | None:
        if not epoch:
            return None
        row = progress.history[epoch - 1]
        numbers = {
            part: {key.removeprefix(f"{part}_"): value for key, value in row.items() if key.startswith(f"{part}_")}
            for part in ("train", "valid")
        }
        finite: Result = _finite({"epoch": epoch, **numbers, "test": dict(test.get(epoch, {}))})
        return finite

    best = at(progress.best_epoch)
    return {
        "status": outcome.status,
        "note": progress.diverged,
        "metric": data.metric,
        "direction": data.direction,
        "test_metric": None if best is None else best["test"].get(data.metric),
        "best_epoch": progress.best_epoch,
        "epochs": progress.epoch,
        "best": best,
        "last": at(last),
        "classes": classes,
        "parameters": network.size(),
        "spec": asdict(data.spec),
        "feature_mask": network.feature_mask,
        "engine": network.ran,
        "seconds_per_epoch": statistics.median(row["seconds"] for row in progress.history)
        if progress.history
        else None,
    }


def summary(result: Result, name: str | None = None) -> str:
    """One line that says how a run ended, with a name that says more than task, model and seed where there is one."""
    name = name or f"{result['task']}/{result['model']} seed {result['seed']}"
    line = f"{name}: {result['status']}"
    if result.get("test_metric") is not None:
        line += f", test {result['metric']} {result['test_metric']:.4f} at epoch {result['best_epoch']}"
    if result.get("seconds_per_epoch"):
        line += f", {result['seconds_per_epoch']:.2f} s an epoch"
    if result["source"] not in ("official", "generated"):
        line += f" [{result['source']} data]"
    return f"{line}. {result['note']}".strip() if result.get("note") else f"{line}."


def _finite(value: Any) -> Any:
    """``value`` with None in place of every number that JSON cannot hold."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
