"""The papers' numbers: the tables of ``conf/table/``, each with the settings behind every cell.

A table has rows (models) and columns (a task in one setting, and a metric). A cell is where they meet: the paper's
number, if it has one there, and the overrides with which ``ltcbench train`` makes ours.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import yaml

from ltcbench import places
from ltcbench.errors import unknown
from ltcbench.settings import groups

SWITCH = "${protocol.quirks}"  # in an override: on where the protocol is the paper's
MINUTES = "minutes_per_epoch"  # a metric of the machine, so never judged

Deviation = Literal["sample", "population"]  # a sum of squares divided by n - 1, or by n


@dataclass(frozen=True)
class Number:
    """A number of a paper.

    Attributes:
        mean: in the unit of its column.
        std: deviation over the repetitions as printed, None where the paper gives none.
        n: repetitions, None where they mean nothing.
        source: where it stands.
        deviation: which one ``std`` is.
    """

    mean: float
    std: float | None
    n: int | None
    source: str
    deviation: Deviation = "sample"

    @property
    def sample_std(self) -> float | None:
        """The sample deviation, None where the paper gives none."""
        if self.std is None or self.n is None or self.deviation == "sample":
            return self.std
        return self.std * math.sqrt(self.n / (self.n - 1))


@dataclass(frozen=True)
class Note:
    """A remark on the rows ``models``, on all if there are none. A quirk that explains a difference stands in front."""

    text: str
    models: tuple[str, ...] = ()

    def concerns(self, model: str) -> bool:
        """Whether the remark is on this row."""
        return not self.models or model in self.models


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: of the column, e.g. ``traffic-transposed``.
        task: the task whose runs stand in it.
        setting: what distinguishes it, in words.
        metric: ``accuracy``, ``f1``, ``auc``, ``mse`` or ``minutes_per_epoch``.
        unit: of its numbers; ``%`` is a hundred times what runs hold, ``min`` a sixtieth of their seconds.
        digits: after the point.
        margin: difference, in the unit, that counts as none; None: see ``margin_share``.
        margin_share: the same as a share of the paper's mean; None with ``margin`` None: not judged.
        overrides: settings of every cell of the column.
        protocols: under which it makes sense.
        not_run: why none of its cells can be run, empty where they can.
        models: the rows that can be run in it; empty: all.
        numbers: of the paper, by model.
        notes: remarks on the column.
    """

    name: str
    task: str
    setting: str
    metric: str
    unit: str
    digits: int
    margin: float | None
    margin_share: float | None
    overrides: tuple[str, ...]
    protocols: tuple[str, ...]
    not_run: str
    models: tuple[str, ...]
    numbers: Mapping[str, Number]
    notes: tuple[Note, ...]

    @property
    def direction(self) -> Literal["max", "min"]:
        """Which way the metric is better."""
        return "min" if self.metric in ("mse", MINUTES) else "max"

    @property
    def scale(self) -> float:
        """What a run's value (a share; seconds for the time of an epoch) is multiplied by to be in the unit."""
        return {"%": 100.0, "min": 1 / 60}.get(self.unit, 1.0)


@dataclass(frozen=True)
class Table:
    """A table of a paper.

    Attributes:
        name: e.g. ``ltc-3``.
        title: what it is about.
        source: the paper and its table.
        repetitions: seeds behind each number of the paper, by its own word.
        models: the rows in the paper's order, each with its overrides.
        columns: by name.
        notes: remarks on rows in every column.
    """

    name: str
    title: str
    source: str
    repetitions: int
    models: Mapping[str, tuple[str, ...]]
    columns: Mapping[str, Column]
    notes: tuple[Note, ...]

    def cells(self) -> Iterator["Cell"]:
        """The cells that can be run or have a number of the paper, column by column."""
        for column in self.columns.values():
            for model in self.models:
                cell = Cell(self, column, model)
                if cell.number or not (cell.why_not_run or column.metric == MINUTES):
                    yield cell


@dataclass(frozen=True)
class Cell:
    """A cell of a table."""

    table: Table
    column: Column
    model: str

    @property
    def number(self) -> Number | None:
        """The paper's number, None where it has none."""
        return self.column.numbers.get(self.model)

    @property
    def why_not_run(self) -> str:
        """Why the cell cannot be run, empty where it can."""
        if self.column.not_run:
            return self.column.not_run
        if self.column.models and self.model not in self.column.models:
            return "stands in another column"
        return "" if self.model in _models() else "no such model here"

    @property
    def notes(self) -> list[str]:
        """The remarks that concern the cell."""
        return [note.text for note in (*self.column.notes, *self.table.notes) if note.concerns(self.model)]

    def overrides(self, protocol: str) -> list[str]:
        """What ``ltcbench train`` makes a run of the cell with, the seed apart."""
        chosen = [f"model={self.model}", f"task={self.column.task}", f"protocol={protocol}"]
        own = (*self.table.models[self.model], *self.column.overrides)
        return [*chosen, *(override.replace(SWITCH, _switched(protocol)) for override in own)]


def names() -> list[str]:
    """The tables, in the order of their papers."""
    return sorted(groups.names("table"), key=lambda name: (not name.startswith("ltc"), name))


@cache
def table(name: str) -> Table:
    """The table of this name.

    Raises:
        UserError: there is none.
    """
    if name not in names():
        raise unknown("table", name, names())
    text: dict[str, Any] = yaml.safe_load(groups.file("table", name).read_text(encoding="utf-8"))
    return Table(
        name=name,
        title=text["title"],
        source=text["source"],
        repetitions=text["repetitions"],
        models={model: tuple(overrides) for model, overrides in text["models"].items()},
        columns={column: _column(column, entry, text) for column, entry in text["columns"].items()},
        notes=_notes(text),
    )


def _column(name: str, entry: dict[str, Any], table: dict[str, Any]) -> Column:
    sources, script = entry.get("sources", {}), entry.get("script", {})

    def number(model: str, mean: float, std: float | None = None) -> Number:
        facts = table | script if model in script.get("models", ()) else table
        n = None if entry["metric"] == MINUTES else facts["repetitions"]
        source = sources.get(model, table["source"])
        return Number(float(mean), None if std is None else float(std), n, source, facts["deviation"])

    return Column(
        name=name,
        task=entry.get("task", name),
        setting=entry["setting"],
        metric=entry["metric"],
        unit=entry["unit"],
        digits=entry["digits"],
        margin=entry.get("margin"),
        margin_share=entry.get("margin_share"),
        overrides=tuple(entry.get("overrides", ())),
        protocols=tuple(entry.get("protocols", groups.names("protocol"))),
        not_run=entry.get("not_run", ""),
        models=tuple(entry.get("models", ())),
        numbers={model: number(model, *values) for model, values in entry["paper"].items()},
        notes=_notes(entry),
    )


def _notes(entry: dict[str, Any]) -> tuple[Note, ...]:
    return tuple(Note(note["text"], tuple(note.get("models", ()))) for note in entry.get("notes", ()))


@cache
def _switched(protocol: str) -> str:
    """What the protocol sets the switches of the original code to."""
    text = (places.conf() / "protocol" / f"{protocol}.yaml").read_text(encoding="utf-8")
    return str(yaml.safe_load(text)["quirks"]).lower()


@cache
def _models() -> frozenset[str]:
    return frozenset(groups.names("model"))
