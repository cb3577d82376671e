"""What is to be done for a table, and how long it will take."""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ltcbench import terminal
from ltcbench.reporting import index
from ltcbench.reporting.index import Run
from ltcbench.running.grid import DONE, Planned
from ltcbench.settings.job import tree

STATES = ("finished", "diverged", "published", "resumable", "missing")


class Speeds:
    """Seconds of an epoch, from runs that were measured: of the same settings, or else of the same task and model."""

    def __init__(self, measured: Iterable[Run]) -> None:
        self.same: dict[str, list[float]] = defaultdict(list)
        self.like: dict[tuple[str, str], list[float]] = defaultdict(list)
        for run in measured:
            if run.seconds is not None:
                self.same[run.settings].append(run.seconds)
                self.like[run.task, run.model].append(run.seconds)

    def seconds(self, plan: Planned) -> float | None:
        """What is left of a job, None where nothing like it was measured."""
        settings = index.digest(tree(plan.job))
        seen = self.same.get(settings) or self.like.get((plan.job.task, plan.job.model))
        return statistics.median(seen) * plan.epochs if seen else None


def with_published(plans: Sequence[Planned], runs: Iterable[Run]) -> list[Planned]:
    """The plans, those that somebody has carried out and published marked as such.

    Args:
        plans: what is to be done, as far as the run folders know.
        runs: the published runs.
    """
    there = {(run.settings, run.seed, run.epochs, run.source) for run in runs if run.status in DONE}

    def known(plan: Planned) -> bool:
        job = plan.job
        return (index.digest(tree(job)), job.seed, job.trainer.epochs, job.source) in there

    return [replace(plan, state="published", epochs=0) if not plan.done and known(plan) else plan for plan in plans]


def text(plans: Sequence[Planned], speeds: Speeds, workers: int) -> str:
    """The plan: a line a cell, then the sum."""
    groups: dict[tuple[str, ...], list[Planned]] = defaultdict(list)
    for plan in plans:
        job = plan.job
        groups[job.task, job.model, job.protocol, f"{job.trainer.epochs}"].append(plan)
    rows = []
    for names, group in groups.items():
        counts = [str(n) if (n := _count(group, state)) else "" for state in STATES]
        rows.append([*names, *counts, _left(group, speeds, 1)])
    head = ["task", "model", "protocol", "epochs", *STATES, "time left"]
    states = [f"{n} {state}" for state in STATES if (n := _count(plans, state))]
    last = f"{len(plans)} runs: {', '.join(states)}."
    if left := _left(plans, speeds, workers):
        last += f" Time left with {workers} side by side: {left}."
    return f"{terminal.table(head, rows, right=range(3, len(head)))}\n{last}"


def _count(plans: Sequence[Planned], state: str) -> int:
    return sum(plan.state == state for plan in plans)


def _left(plans: Sequence[Planned], speeds: Speeds, workers: int) -> str:
    """How long the jobs of ``plans`` that are not done take, as far as that is known."""
    todo = [plan for plan in plans if not plan.done]
    known = [seconds for plan in todo if (seconds := speeds.seconds(plan)) is not None]
    unknown = len(todo) - len(known)
    if not todo:
        return ""
    if not known:
        return "unknown"
    return duration(sum(known) / workers) + (f" and {unknown} unknown" if unknown else "")


def duration(seconds: float) -> str:
    """``seconds`` in words, e.g. ``2 h 05 min``."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
