"""What is to be predicted in a user's table: classes or numbers, those of the same row or of a later one.

A row without a target has the class -1, or NaN.
"""

from collections.abc import Sequence

import numpy as np

from ltcbench.errors import UserError
from ltcbench.tasks.own_table import OwnTable
from ltcbench.tasks.sequences import Array


def numbers(table: OwnTable, columns: Sequence[str]) -> Array:
    """The numbers (rows, K) float64; a row where one is missing has none."""
    y = np.column_stack([table.numbers(name, gaps=True) for name in columns])
    y[np.isnan(y).any(axis=1)] = np.nan
    return y


def classes(table: OwnTable, columns: Sequence[str], sequence: Array, kind: str) -> tuple[Array, tuple[str, ...]]:
    """The classes (rows,) int64 and their names.

    Args:
        table: its rows stand sequence by sequence.
        columns: the column.
        sequence: the number of each row's (rows,).
        kind: with ``classify_sequence`` every row has a class, all of a sequence the same.

    Raises:
        UserError: more than one column, less than two classes, or a cell that is not what ``kind`` wants.
    """
    if len(columns) > 1:
        raise UserError(f"task.label={columns} names {len(columns)} columns, expected one for task.kind={kind}.")
    cells, absent = table.column(columns[0]), table.absent(columns[0])
    labels = sorted(set(cells[~absent]))
    if len(labels) < 2:
        raise UserError(f"{table.path}, column {columns[0]}: {len(labels)} different classes, expected at least two.")
    if kind == "classify_sequence":
        for row in np.flatnonzero(absent)[:1]:
            raise table.wrong(row, columns, "expected a name of a class; fill it in or leave the sequence out")
        for row in np.flatnonzero((sequence[1:] == sequence[:-1]) & (cells[1:] != cells[:-1]))[:1]:
            raise table.wrong(
                row + 1, columns, "another class than above in the same sequence; set task.kind=classify_step"
            )
    number = {label: place for place, label in enumerate(labels)}
    return np.array([-1 if none else number[cell] for cell, none in zip(cells, absent, strict=True)]), tuple(labels)


def ahead(y: Array, run: Array, horizon: int) -> Array:
    """What ``y`` (rows, ...) is ``horizon`` rows later in the same run of equal values of ``run`` (rows,).

    Raises:
        UserError: no run reaches so far.
    """
    if not horizon:
        return y
    later = np.full_like(y, -1 if y.dtype.kind == "i" else np.nan)
    inside = np.flatnonzero(run[horizon:] == run[:-horizon])
    if not len(inside):
        raise UserError(
            f"task.horizon={horizon} leaves no row a target: no sequence, or part of a recording, has more than "
            f"{np.unique(run, return_counts=True)[1].max()} rows; expected fewer rows ahead."
        )
    later[inside] = y[inside + horizon]
    return later


def last_known(y: Array, run: Array, horizon: int) -> Array:
    """The numbers (rows, K) known when those ``horizon`` rows later are to be told, NaN before the first in a run.

    With a horizon of 0 these are the numbers of the row before: a row's own are the target.
    """
    import pandas as pd

    known = pd.DataFrame(y).groupby(run)
    shifted = known.shift(0 if horizon else 1)
    last: Array = shifted.groupby(run).ffill().to_numpy()
    return last
