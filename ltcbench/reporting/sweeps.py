"""Any set of runs: which are asked for, and how they come out over seeds, grouped by what differs among them.

The index makes the first choice, so that of many thousand runs only the configurations of those are read that a table
may show. Folders that cannot be read are passed over, as the index does.
"""

import json
import statistics
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ltcbench.errors import UserError, unknown
from ltcbench.files import from_yaml
from ltcbench.reporting import index
from ltcbench.reporting.index import Run
from ltcbench.reporting.rows import shortcomings
from ltcbench.reporting.statistics import Summary, summary
from ltcbench.reporting.wanted import Composer
from ltcbench.running.folder import STATUSES, RunFolder
from ltcbench.settings.job import WHERE, Job
from ltcbench.settings.numerics import EVERYWHERE

USUAL = {"precision": "float32", "numerics": str(EVERYWHERE)}  # what a configuration leaves out
FRAME = ("model", "protocol", "recipe")  # choices that bring settings of their own with them
# Never what tells groups of runs apart.
NOT_TOLD = ("task", "seed", "code.model.from", "code.task.from", *(f"task.{key}" for key in WHERE))

# Keys that the index knows.
_KNOWN: dict[str, Callable[[Run], str]] = {
    "task": lambda run: run.task,
    "model": lambda run: run.model,
    "protocol": lambda run: run.protocol,
    "recipe": lambda run: run.recipe,
    "seed": lambda run: str(run.seed),
    "trainer.epochs": lambda run: str(run.epochs),
}


@dataclass(frozen=True)
class Trained:
    """A run and what it was asked to be.

    Attributes:
        run: the run.
        settings: each setting as it is written on the command line.
        direction: whether ``max`` or ``min`` is best, empty of a run that failed.
        valid: the metric on the validation part at the epoch that counts, None if there is none.
    """

    run: Run
    settings: Mapping[str, str]
    direction: str
    valid: float | None

    @property
    def counts(self) -> bool:
        """Whether it came to an end with a number."""
        return self.run.status in ("finished", "diverged") and self.run.value is not None


@dataclass(frozen=True)
class Group:
    """Runs that have in common what the table tells.

    Attributes:
        names: the values of the table's columns.
        runs: the runs.
        marks: what keeps them from being whole runs on the official data.
    """

    names: tuple[str, ...]
    runs: tuple[Trained, ...]
    marks: tuple[str, ...]

    @property
    def test(self) -> Summary | None:
        """The metric on the test part."""
        return _summary([one.run.value for one in self.runs if one.counts])

    @property
    def valid(self) -> Summary | None:
        """The metric on the validation part at the epoch that counts."""
        return _summary([one.valid for one in self.runs if one.counts])

    @property
    def best_epoch(self) -> float | None:
        """The epoch that counts, median."""
        return _median([one.run.best_epoch for one in self.runs if one.counts])

    @property
    def seconds(self) -> float | None:
        """Of an epoch, median."""
        return _median([one.run.seconds for one in self.runs])

    @property
    def states(self) -> dict[str, int]:
        """How many runs ended how."""
        counts = Counter(one.run.status for one in self.runs)
        return {status: counts[status] for status in STATUSES}


@dataclass(frozen=True)
class Section:
    """The runs of one task and metric.

    Attributes:
        task, metric, direction: of them all; the last two are empty where every run failed.
        columns: the settings by which they are grouped.
        by_validation: whether the best validation metric stands first; else the best test metric.
        groups: the best first.
    """

    task: str
    metric: str
    direction: str
    columns: tuple[str, ...]
    by_validation: bool
    groups: tuple[Group, ...]


def _summary(values: Sequence[float | None]) -> Summary | None:
    there = [value for value in values if value is not None]
    return summary(there) if there else None


def _median(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return statistics.median(there) if there else None


def chosen(folder: Path, conditions: Sequence[str], among: Collection[str] | None = None) -> list[Trained]:
    """The runs in a folder of run folders that fit every condition.

    Args:
        folder: of run folders.
        conditions: ``key=value`` or ``key=value,value``.
        among: fingerprints; None: of any run.

    Raises:
        UserError: not of that form, a key that no run has, or no run fits.
    """
    wanted = dict(map(_condition, conditions))
    every = [run for run in index.load(folder) if run.status != "baseline"]
    if not every:
        raise UserError(f"there is no run in {folder}: ltcbench train makes one, e.g. model=cfc task=gesture.")
    asked = [run for run in every if among is None or run.fingerprint in among]
    fit = [run for run in asked if all(_is(get(run), wanted[key]) for key, get in _KNOWN.items() if key in wanted)]
    runs = list(_read(folder, fit))
    check(wanted, runs)
    left = [one for one in runs if all(_is(one.settings.get(key, ""), values) for key, values in wanted.items())]
    if not left:
        raise UserError(f"no run in {folder} fits {' '.join(conditions)}: ltcbench runs shows those that there are.")
    return left


def _condition(text: str) -> tuple[str, list[str]]:
    key, equals, values = text.partition("=")
    if not (key and equals and values):
        raise UserError(f"'{text}' is not a condition: expected key=value or key=value,value, e.g. model=cfc,lstm.")
    return key, [values] if values.startswith(("[", "{")) else values.split(",")


def check(keys: Collection[str], runs: Sequence[Trained]) -> None:
    """See that every key is a setting of one of ``runs``, if there are any.

    Raises:
        UserError: one is not.
    """
    there = {key for one in runs for key in one.settings}
    for key in keys:
        if there and key not in there:
            raise unknown("setting of these runs", key, there)


def _is(value: str, wanted: Sequence[str]) -> bool:
    return any(value == one or _number(value) == _number(one) != one for one in wanted)


def _number(text: str) -> float | str:
    """0.01 and 1e-2 are the same."""
    try:
        return float(text)
    except ValueError:
        return text


def _read(folder: Path, runs: Sequence[Run]) -> Iterator[Trained]:
    for run in runs:
        own = RunFolder(folder / run.task / run.model / run.fingerprint)
        with suppress(OSError, ValueError, AttributeError):
            text = (own.path / "config.yaml").read_text(encoding="utf-8")
            # Runs that differ in the seed alone share what was read; reading YAML is slow.
            settings = {**_settings(text.replace(f"\nseed: {run.seed}\n", "\n")), "seed": str(run.seed)}
            result = own.result() or {}
            best = result.get("best") or {}
            valid = (best.get("valid") or {}).get(run.metric)
            direction = result.get("direction")
            yield Trained(
                run,
                settings,
                direction if direction in ("max", "min") else "",
                valid if index.is_number(valid) else None,
            )


@cache
def _settings(text: str) -> dict[str, str]:
    tree = from_yaml(text)
    return {**USUAL, **{_printable(key): _printable(value) for key, value in _flat(tree, "")}}


def _flat(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    """Every setting with its key; the name of an option stands for its group."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield (prefix[:-1] if prefix and key == "name" else f"{prefix}{key}"), written(value)


def written(value: Any) -> str:
    """``value`` as it is written on the command line."""
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(written, value))}]"
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _printable(text: str) -> str:
    """Configurations may be other people's: nothing in them may steer a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)


def sections(runs: Sequence[Trained], by: Sequence[str] = ()) -> list[Section]:
    """The runs, a section a task and metric.

    Args:
        runs: at least one.
        by: settings by which to group them; without, by all that differ.

    Raises:
        UserError: no run has such a setting.
    """
    check(by, runs)
    composer = Composer()
    by_metric: dict[tuple[str, str], list[Trained]] = {}
    for one in runs:
        by_metric.setdefault((one.run.task, one.run.metric or _metric_of(one.run.task, runs)), []).append(one)
    found = [_section(*key, some, tuple(by) or differing(some), composer) for key, some in sorted(by_metric.items())]
    composer.save()
    return found


def _metric_of(task: str, runs: Sequence[Trained]) -> str:
    """The metric of a run that failed before it had one: that of the others, if they have one in common."""
    metrics = {one.run.metric for one in runs if one.run.task == task} - {""}
    return metrics.pop() if len(metrics) == 1 else ""


def differing(runs: Sequence[Trained]) -> tuple[str, ...]:
    """The model, and every setting that differs among runs of the same model, protocol and recipe."""
    frame = ["model"]
    for key in FRAME[1:]:
        frame += [key] if _differs(key, runs, frame) else []
    keys = dict.fromkeys(key for one in runs for key in one.settings)
    return (*frame, *(key for key in keys if key not in (*FRAME, *NOT_TOLD) and _differs(key, runs, FRAME)))


def _differs(key: str, runs: Sequence[Trained], among: Sequence[str]) -> bool:
    seen: dict[tuple[str, ...], str] = {}
    return any(seen.setdefault(_names(one, among), value := one.settings.get(key, "")) != value for one in runs)


def _names(one: Trained, columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(one.settings.get(key, "") for key in columns)


def _section(task: str, metric: str, runs: Sequence[Trained], columns: Sequence[str], composer: Composer) -> Section:
    direction = next((one.direction for one in runs if one.direction), "")
    parts: dict[tuple[str, ...], list[Trained]] = {}
    for one in runs:
        parts.setdefault((*_names(one, columns), one.run.source), []).append(one)
    groups = [Group(key[:-1], tuple(some), tuple(_marks(some, composer))) for key, some in parts.items()]
    by_validation = all(group.valid or not group.test for group in groups)

    def rank(group: Group) -> tuple[bool, float, tuple[str, ...]]:
        found = group.valid if by_validation else group.test
        mean = found.mean if found else 0.0
        return found is None, -mean if direction == "max" else mean, group.names

    return Section(task, metric, direction, tuple(columns), by_validation, tuple(sorted(groups, key=rank)))


def _marks(runs: Sequence[Trained], composer: Composer) -> list[str]:
    cuts = {(one.run.epochs, _whole(one.run.task, one.run.model, one.run.protocol, composer)) for one in runs}
    return list(dict.fromkeys(mark for cut in sorted(cuts) for mark in shortcomings(runs[0].run.source, *cut)))


def marks(job: Job, source: str) -> list[str]:
    """What keeps a training from being a whole one on the official data."""
    composer = Composer()
    found = shortcomings(source, job.trainer.epochs, _whole(job.task, job.model, job.protocol, composer))
    composer.save()
    return found


def _whole(task: str, model: str, protocol: str, composer: Composer) -> int:
    """The epochs of a training of which no more was said; 0 where model and task are not ours."""
    with suppress(UserError):
        return composer.wanted([f"task={task}", f"model={model}", f"protocol={protocol}"]).epochs
    return 0
