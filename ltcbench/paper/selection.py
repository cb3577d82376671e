"""What of a table was asked for on the command line."""

from collections.abc import Sequence
from dataclasses import replace

from ltcbench.errors import UserError, unknown
from ltcbench.paper.tables import Cell, Table
from ltcbench.settings import groups

PROTOCOLS = ("paper", "clean", "both")


def protocols(name: str) -> tuple[str, ...]:
    """The protocols that ``paper``, ``clean`` or ``both`` stands for.

    Raises:
        UserError: ``name`` is none of them.
    """
    if name not in PROTOCOLS:
        raise unknown("protocol", name, PROTOCOLS)
    return PROTOCOLS[:2] if name == "both" else (name,)


def check_overrides(overrides: Sequence[str]) -> None:
    """See that ``overrides`` do not change what a cell is.

    Raises:
        UserError: they do.
    """
    flags = {"model": "--only model=...", "task": "--only task=...", "protocol": "--protocol", "seed": "--seeds"}
    for override in overrides:
        key = override.partition("=")[0].lstrip("+~")
        if key in flags:
            raise UserError(f"{override} is what tells the cells of a table apart: use {flags[key]}.")


def with_rows(table: Table, rows: Sequence[str]) -> Table:
    """The table with further rows, models that it has not; they are trained as its columns say, in all of them.

    Raises:
        UserError: there is no such model.
    """
    there = groups.names("model")
    for row in rows:
        if row not in there:
            raise unknown("model", row, there)
    further = [row for row in rows if row not in table.models]
    columns = {
        name: replace(column, models=(*column.models, *further)) if column.models else column
        for name, column in table.columns.items()
    }
    return replace(table, models={**table.models, **dict.fromkeys(further, ())}, columns=columns)


def pair(asked: str) -> tuple[str, str]:
    """The two models of ``MODEL,RIVAL``.

    Raises:
        UserError: they are not two different models.
    """
    names, there = asked.split(","), groups.names("model")
    for name in names:
        if name not in there:
            raise unknown("model", name, there)
    if len(names) != 2 or names[0] == names[1]:
        raise UserError(f"--duel {asked} does not name two models: write it like --duel ltc,lstm.")
    return names[0], names[1]


def chosen(cells: Sequence[Cell], only: Sequence[str]) -> list[Cell]:
    """The cells that fit every one of ``only``.

    Args:
        cells: to choose from.
        only: ``key=value`` or ``key=value,value``, with the keys ``model``, ``task``, ``column`` and ``metric``.

    Raises:
        UserError: not of that form, or no cell fits.
    """
    kept = list(cells)
    for condition in only:
        key, equals, values = condition.partition("=")
        if not equals:
            raise UserError(f"--only {condition} is not a choice: expected key=value, e.g. --only model=lstm,ltc.")
        if key not in _KEYS:
            raise unknown("key of --only", key, _KEYS)
        there = {_KEYS[key](cell) for cell in cells}
        wanted = values.split(",")
        for value in wanted:
            if value not in there:
                raise unknown(f"{key} of the table", value, there)
        kept = [cell for cell in kept if _KEYS[key](cell) in wanted]
    if not kept:
        raise UserError(f"no cell fits --only {' --only '.join(only)}: leave one of them out.")
    return kept


_KEYS = {
    "model": lambda cell: cell.model,
    "task": lambda cell: cell.column.task,
    "column": lambda cell: cell.column.name,
    "metric": lambda cell: cell.column.metric,
}
