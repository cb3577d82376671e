"""What is to be done for a table, and how long it will take."""

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ltcbench import terminal
from ltcbench.progress import duration
from ltcbench.reporting import index
from ltcbench.reporting.index import Run
from ltcbench.running.grid import DONE, Planned
from ltcbench.settings.job import tree

STATES = ("finished", "diverged", "published", "resumable", "missing")


class Speeds:
    """Seconds of an epoch on this machine.

    From runs that were measured here or else elsewhere, of the same settings or else of the same task and model. What
    was measured elsewhere is scaled by how fast this machine is on the settings that were measured on both.

    Args:
        here: runs on this machine.
        elsewhere: runs on any.
    """

    def __init__(self, here: Iterable[Run], elsewhere: Iterable[Run]) -> None:
        self.here, self.elsewhere = _medians(here), _medians(elsewhere)
        both = self.here.keys() & self.elsewhere.keys()
        ratios = [self.here[key] / self.elsewhere[key] for key in both if self.elsewhere[key]]
        self.compared = bool(ratios)
        self.ratio = statistics.median(ratios) if ratios else 1.0

    def seconds(self, plan: Planned) -> float | None:
        """What is left of a job, None where nothing like it was measured."""
        return self.estimate(plan)[0]

    def estimate(self, plan: Planned) -> tuple[float | None, str]:
        """The same, and where it comes from: ``by runs here``, ``by published runs`` or ``unknown``."""
        for key in (index.digest(tree(plan.job)), (plan.job.task, plan.job.model)):
            if key in self.here:
                return self.here[key] * plan.epochs, "by runs here"
            if key in self.elsewhere:
                return self.elsewhere[key] * self.ratio * plan.epochs, "by published runs"
        return None, "unknown"

    def origin(self, plans: Iterable[Planned]) -> str:
        """A sentence on where the times of what is to be done come from; empty where none is known."""
        counts = Counter(self.estimate(plan)[1] for plan in plans if not plan.done)
        if set(counts) <= {"unknown"}:
            return ""
        scaled = f" (times {self.ratio:.2f}, as this machine is to theirs)" if self.compared else ""
        notes = {"by runs here": "", "by published runs": scaled or " (on their machines)", "unknown": ""}
        parts = [f"{counts[name]} {name}{note}" for name, note in notes.items() if counts[name]]
        return f" Times: {', '.join(parts)}."


Key = str | tuple[str, str]


def _medians(runs: Iterable[Run]) -> dict[Key, float]:
    """Seconds of an epoch by settings, and by task and model."""
    found: dict[Key, list[float]] = defaultdict(list)
    for run in runs:
        if run.seconds is not None:
            found[run.settings].append(run.seconds)
            found[run.task, run.model].append(run.seconds)
    return {key: statistics.median(seconds) for key, seconds in found.items()}


def by_worth(plans: Sequence[Planned], speeds: Speeds) -> list[Planned]:
    """What is to be done, what tells most per hour first.

    Cells without any run come first, then the second and third seed, then the rest; among these cheap before dear,
    and those whose cost nobody knows last.
    """
    seen: Counter[str] = Counter(_cell(plan) for plan in plans if plan.done)
    order: list[tuple[int, float, Planned]] = []
    for plan in sorted((plan for plan in plans if not plan.done), key=lambda plan: plan.job.seed):
        number = seen[_cell(plan)]
        seen[_cell(plan)] += 1
        seconds = speeds.seconds(plan)
        order.append((0 if number == 0 else 1 if number < 3 else 2, math.inf if seconds is None else seconds, plan))
    return [plan for _, _, plan in sorted(order, key=lambda entry: entry[:2])]


def _cell(plan: Planned) -> str:
    return f"{index.digest(tree(plan.job))} {plan.job.source}"


def ordered(plans: Sequence[Planned], speeds: Speeds, tables: Mapping[int, str]) -> str:
    """Plans in the order in which they are carried out, a line each, and the hours by table.

    Args:
        plans: what is to be done.
        speeds: how long it takes.
        tables: the table of each job, or the switch that it turns, by the job's ``id``.
    """
    rows = [
        [job.task, job.model, job.protocol, f"{job.seed}", plan.state, _left([plan], speeds, 1)]
        for plan in plans
        for job in [plan.job]
    ]
    table = terminal.table(["task", "model", "protocol", "seed", "state", "time left"], rows, right=(3,))
    return f"{table}\n{len(plans)} runs: {hours(plans, speeds, tables)}.{speeds.origin(plans)}"


def hours(plans: Sequence[Planned], speeds: Speeds, names: Mapping[int, str]) -> str:
    """How long what is to be done takes, by the name that ``names`` has for a job's ``id``."""
    groups: dict[str, list[Planned]] = defaultdict(list)
    for plan in plans:
        if not plan.done:
            groups[names[id(plan.job)]].append(plan)
    return ", ".join(f"{name} {_left(group, speeds, 1)}" for name, group in groups.items())


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
    last += speeds.origin(plans)
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
