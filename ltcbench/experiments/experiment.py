"""What an experiment consists of."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from ltcbench.errors import unknown
from ltcbench.reporting.layout import Layout
from ltcbench.settings import groups
from ltcbench.values import Range

Value = str | int | float | None
Row = Mapping[str, Value]


@dataclass(frozen=True)
class Draw:
    """A piece of work that is computed at once, whole or not at all.

    Attributes:
        key: what tells it from the others: the values of the experiment's ``KEY``.
        rows: lines of ``draws.csv`` that it gives.
    """

    key: tuple[str | int | float, ...]
    rows: int = 1


@dataclass(frozen=True)
class Result:
    """What an experiment came to.

    Attributes:
        name: of the experiment.
        protocol: ``paper`` or ``clean``; where quirks were set by hand, ``settings`` say so.
        settings: of the experiment's own class.
        values: what ``result.json`` keeps of all draws: finite numbers, texts, None, lists and mappings of them.
        measured: times, which differ from run to run and so stand in a file of their own; empty for most experiments.
    """

    name: str
    protocol: str
    settings: Any
    values: Mapping[str, Any]
    measured: Mapping[str, Any] = field(default_factory=dict)


class Experiment(Protocol):
    """A module of ``ltcbench/experiments/``.

    Attributes:
        Settings: frozen dataclass of what ``conf/experiment/<name>.yaml`` holds but for ``protocol``: the annotations
            are the kinds that are allowed, ``quirks`` is a dataclass of its own.
        RANGES: of numbers, by key, e.g. ``draws`` or ``quirks.tau_sd``.
        CHOICES: of texts, by key.
        NUMERICS: raised when the same settings give other numbers than before.
        KEY: columns of ``draws.csv`` that tell draws apart, each with its type.
        COLUMNS: the others.
        TABLES: tables of the papers that are made from this experiment, by name; without values they hold the paper's
            numbers alone.
    """

    @property
    def Settings(self) -> Any: ...  # noqa: D102
    @property
    def RANGES(self) -> Mapping[str, Range]: ...  # noqa: D102
    @property
    def CHOICES(self) -> Mapping[str, Sequence[str]]: ...  # noqa: D102
    @property
    def NUMERICS(self) -> int: ...  # noqa: D102
    @property
    def KEY(self) -> Mapping[str, type]: ...  # noqa: D102
    @property
    def COLUMNS(self) -> Mapping[str, type]: ...  # noqa: D102
    @property
    def TABLES(self) -> "Mapping[str, Callable[[Result], Layout]]": ...  # noqa: D102

    def draws(self, settings: Any) -> Sequence[Draw]:
        """All draws, in the order of ``draws.csv``."""

    def compute(self, settings: Any, *key: Any) -> Sequence[Row]:
        """The lines of one draw, without its key; the same for the same arguments, to the bit."""

    def values(self, settings: Any, rows: Sequence[Row]) -> Mapping[str, Any]:
        """What ``result.json`` keeps of all draws."""

    def layout(self, result: Result) -> Layout:
        """The table that is printed."""

    def picture(self, result: Result, rows: Sequence[Row]) -> bytes:
        """The SVG file."""


def measurement(its: Experiment) -> Callable[[Any], Mapping[str, Any]] | None:
    """What measures times for an experiment with some settings: its function ``measure``, which few have."""
    found: Callable[[Any], Mapping[str, Any]] | None = getattr(its, "measure", None)
    return found


def input_files(its: Experiment) -> Sequence[str]:
    """Settings of an experiment that name a file it reads: its ``FILES``, which few have."""
    found: Sequence[str] = getattr(its, "FILES", ())
    return found


def names() -> list[str]:
    """The experiments."""
    return groups.names("experiment")


def experiment(name: str) -> Experiment:
    """The experiment of this name.

    Raises:
        UserError: there is none.
    """
    if name not in names():
        raise unknown("experiment", name, names())
    return cast(Experiment, importlib.import_module(f"ltcbench.experiments.{name.replace('-', '_')}"))
