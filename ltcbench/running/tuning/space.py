"""What a search may try: a range or a list of choices for each of some settings, one of ``conf/search`` or a user's."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from ltcbench.errors import UserError, unknown
from ltcbench.files import from_yaml
from ltcbench.settings import composition, groups
from ltcbench.settings.job import Job, tree

Value: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True)
class Interval:
    """The numbers from ``low`` to ``high``, both included.

    Attributes:
        low, high: the ends; whole numbers if only such are to be tried.
        log: as many between 1 and 10 as between 10 and 100.
        step: distance of the numbers from one another, None for any.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are tried."""
        return type(self.low) is int and type(self.high) is int

    def examples(self) -> tuple[Value, ...]:
        """The values at the ends."""
        return self.low, self.high


@dataclass(frozen=True)
class Choices:
    """Some values, at least two."""

    values: tuple[Value, ...]

    def examples(self) -> tuple[Value, ...]:
        """All of them."""
        return self.values


Space: TypeAlias = Mapping[str, Interval | Choices]


def read(name: str) -> dict[str, Interval | Choices]:
    """The space of this name in ``conf/search``, or in the YAML file of this path.

    Raises:
        UserError: there is none, or something in it is no range.
    """
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
    elif name in groups.names("search"):
        path = groups.file("search", name)
    else:
        raise unknown("search", name, groups.names("search"))
    try:
        found = from_yaml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"search={name} cannot be read ({reason}): expected YAML, a line a setting.") from None
    if not isinstance(found, dict) or not found:
        raise UserError(f"search={name} holds no settings: expected lines like 'model.hidden_size: [32, 64]'.")
    return {str(key): _domain(str(key), value) for key, value in found.items()}


def _domain(key: str, value: Any) -> Interval | Choices:
    if isinstance(value, list):
        return _choices(key, value)
    if isinstance(value, dict):
        return _interval(key, value)
    raise UserError(
        f"{key}: {value} is neither a range nor a list of choices: "
        f"expected e.g. {key}: {{low: 1, high: 10}} or {key}: [1, 3, 10]."
    )


def _choices(key: str, values: Sequence[Any]) -> Choices:
    if not all(value is None or isinstance(value, (bool, int, float, str)) for value in values):
        raise UserError(f"{key}: {values} holds something else than numbers, texts, true, false and null.")
    if len({str(value) for value in values}) < max(2, len(values)):
        raise UserError(f"{key}: {values} leaves nothing to choose: expected two or more choices, each of them once.")
    return Choices(tuple(values))


def _interval(key: str, given: Mapping[Any, Any]) -> Interval:
    for name in given:
        if name not in ("low", "high", "log", "step"):
            raise unknown(f"part of the range of {key}", str(name), ("low", "high", "log", "step"))
    low, high, log, step = (given.get(name) for name in ("low", "high", "log", "step"))
    if not all(type(end) in (int, float) and math.isfinite(end) for end in (low, high) if end is not None) or (
        low is None or high is None
    ):
        raise UserError(f"{key}: a range has two numbers, low and high: expected e.g. {{low: 1, high: 10}}.")
    if low >= high:
        raise UserError(f"{key}: the range from {low} to {high} is empty: low has to be below high.")
    if log not in (None, True, False):
        raise UserError(f"{key}: log={log} is not true or false.")
    if log and low <= 0:
        raise UserError(f"{key}: a logarithmic range cannot begin at {low}: low has to be above 0, or leave out log.")
    if step is not None:
        _check_step(key, low, high, bool(log), step)
    return Interval(low, high, bool(log), step)


def _check_step(key: str, low: float, high: float, log: bool, step: Any) -> None:
    if log:
        raise UserError(f"{key}: log and step do not go together: leave out one of them.")
    if type(step) not in (int, float) or not 0 < step <= high - low or (type(low) is int and type(step) is not int):
        raise UserError(f"{key}: step={step} is no distance between numbers from {low} to {high}.")
    number = (high - low) / step
    if abs(number - round(number)) > 1e-9 * number:
        raise UserError(f"{key}: from {low} to {high} are no whole number of steps of {step}: change high or step.")


def overrides(settings: Mapping[str, Value]) -> list[str]:
    """Settings as they are written on the command line."""
    return [f"{key}={_written(value)}" for key, value in settings.items()]


def _written(value: Value) -> str:
    if isinstance(value, str):
        return value if value.isidentifier() else composition.quoted(value)
    return json.dumps(value)


def narrowed(space: Space, by_hand: Sequence[str]) -> dict[str, Interval | Choices]:
    """The space without the settings that were given on the command line.

    Raises:
        UserError: nothing is left.
    """
    fixed = {override.lstrip("+").partition("=")[0] for override in by_hand}
    left = {key: domain for key, domain in space.items() if key not in fixed}
    if not left:
        raise UserError("every setting of the search is given on the command line: leave one of them to it.")
    return left


def check(space: Space, given: Sequence[str], job: Job) -> None:
    """See that a training with these overrides has every setting of the space, and takes its values.

    Args:
        space: what is to be tried.
        given: the overrides of every trial.
        job: what they make.

    Raises:
        UserError: it has not, or does not.
    """
    from ltcbench.running.checks import check as check_job

    groups_of_job = {group: tree(job)[group] for group in ("model", "trainer")}
    there = {f"{group}.{key}" for group, settings in groups_of_job.items() for key in settings if key != "name"}
    for key in space:
        if key.partition(".")[0] not in groups_of_job:
            raise UserError(
                f"{key} cannot be searched: settings of the model and of the trainer can; "
                "others decide what is measured, or are not settings."
            )
        if key not in there:
            raise unknown(f"setting of a training of {job.model}", key, there)
    for settings in _examples(space):
        check_job(composition.composed([*given, *overrides(settings)]))


def _examples(space: Space) -> Iterator[dict[str, Value]]:
    """Settings in which every end and every choice occurs."""
    examples = {key: domain.examples() for key, domain in space.items()}
    for i in range(max(map(len, examples.values()))):
        yield {key: values[min(i, len(values) - 1)] for key, values in examples.items()}
