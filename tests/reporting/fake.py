"""Run folders and runs that nobody trained."""

import dataclasses
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ltcbench.reporting.index import Run, digest
from ltcbench.running.folder import RunFolder
from ltcbench.settings.composition import composed
from ltcbench.settings.job import Job, tree


@cache
def job(*overrides: str) -> Job:
    """The job of these overrides."""
    return composed(overrides)


def folder(runs: Path, overrides: Sequence[str], seed: int, value: float, **result: Any) -> Path:
    """A folder of a finished run with this test metric."""
    own = dataclasses.replace(job(*overrides), seed=seed)
    asked = tree(own)
    path = runs / own.task / own.model / f"{digest(asked)[:8]}{own.trainer.epochs:x}{seed:04x}"
    found = RunFolder(path)
    found.write_config(own)
    rows = [{"epoch": e, "train_loss": 1 / e, "valid_mse": value + 1 / e, "seconds": 0.5} for e in range(1, 6)]
    found.write_metrics(rows)
    spec = {"status": "finished", "metric": "mse", "test_metric": value, "best_epoch": 3, "seconds_per_epoch": 0.5}
    made = {"versions": {"machine": "Linux x86_64", "python": "3.11", "torch": "2", "ltcbench": "0.1", "git": "abc"}}
    asked = {"source": own.source, "device": "cpu", "parameters": 100}
    asked |= {"task": own.task, "model": own.model, "seed": seed}
    (path / "result.json").write_text(json.dumps({**spec, **made, **asked, **result}))
    return path


def run(overrides: Sequence[str], seed: int, value: float | None, **changed: Any) -> Run:
    """A finished run with this test metric."""
    own = job(*overrides)
    made = Run(
        task=own.task, model=own.model, protocol=own.protocol, recipe=own.recipe, seed=seed, epochs=own.trainer.epochs,
        status="finished", source=own.source, metric="mse", value=value, best_epoch=3, seconds=6.0, parameters=100,
        ended="2026-01-01T00:00:00Z", device="cpu", machine="Linux x86_64", python="3.11", torch="2", ltcbench="0.1",
        git="abc", fingerprint=f"{seed:012x}", settings=digest(tree(own)),
    )  # fmt: skip
    return dataclasses.replace(made, **changed)
