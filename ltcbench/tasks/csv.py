"""A table of the user's own: sequences in a text file, a row a step.

A row has the name of the sequence it belongs to, maybe a time (a number in any unit, or a date, then in seconds), the
inputs, and the target: a class for every step, the same class on every row of a sequence, or numbers for every step.
The rows of a sequence stand in order of time; sequences may be mixed. Empty cells are missing inputs: the mask is
(N, T, F) then, and a row without any input counts as padding. A step without a class has the target -1. Sequences are
split by the hash of their name; inputs are scaled by the training steps.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ltcbench.data.store import RawData
from ltcbench.errors import UserError, unknown
from ltcbench.tasks.own_table import OwnTable, missing
from ltcbench.tasks.reading import content
from ltcbench.tasks.sequences import Array, SequenceData, Spec, Split
from ltcbench.tasks.splitting import by_name
from ltcbench.tasks.windows import scale

DATASET = None
SPEC = None  # depends on the table
KINDS = ("classify_sequence", "classify_step", "regress")


def own(path: str | None = None, **options: Any) -> RawData:
    """The user's file as raw data.

    Args:
        path: where it is.
        options: those of ``load``.

    Raises:
        UserError: no path, or no such file.
    """
    if not path:
        raise UserError("task.path is not set: say which table to learn from, e.g. task.path=my.csv.")
    file = Path(path).expanduser()
    return RawData("csv", "own", {"table": file}, {"table": hashlib.sha256(content(file)).hexdigest()})


def load(
    files: Mapping[str, Path],
    quirks: Mapping[str, bool],
    *,
    path: str | None = None,
    id: str | None = None,
    time: str | None = None,
    values: Sequence[str] = (),
    label: str | Sequence[str] = (),
    kind: str = "classify_sequence",
    window: int | None = None,
    stride: int | None = None,
    scaled: bool = True,
    valid: float = 0.1,
    test: float = 0.2,
    separator: str = ",",
) -> SequenceData:
    """The benchmark of a table.

    Args:
        files: ``table``.
        quirks: none.
        path: known from ``files``.
        id: column with the name of the sequence.
        time: column with the time; None: every row is one unit after the one before.
        values: columns of the inputs.
        label: column of the class, or columns of the numbers to predict.
        kind: ``classify_sequence``, ``classify_step`` or ``regress``.
        window: cut sequences into windows of so many steps, the last one padded; None: whole sequences.
        stride: steps from window to window; None: ``window``.
        scaled: inputs less their mean, divided by their deviation, over the training steps.
        valid: share of the sequences for validation; 0: none, the last epoch counts.
        test: share of the sequences for the test.
        separator: what stands between two cells.

    Raises:
        UserError: a setting that is missing or impossible, a column that does not exist, or a cell that is not what it
            should be; its line is named.
    """
    _check(kind, window, stride, valid, test)
    table = OwnTable.read(files["table"], separator)
    ids = table.texts(_columns("id", id)[0])
    names, first, sequence = np.unique(ids, return_index=True, return_inverse=True)
    order = np.argsort(first[sequence], kind="stable")  # sequence by sequence, as they first appear
    table, sequence = table.taken(order), sequence[order]

    x = np.column_stack([table.numbers(column, gaps=True) for column in _columns("values", values)])
    y, labels = _targets(table, kind, _columns("label", label), sequence)
    gaps = _gaps(table, time, sequence)
    part = _parts(names.tolist(), valid, test)
    if scaled:
        training = np.flatnonzero(part[sequence] == 0)
        for place in np.flatnonzero(np.isnan(x[training]).all(axis=0))[:1]:
            raise UserError(f"column {values[place]} is empty in all training sequences: leave it out of task.values.")
        mean, deviation = scale(x, training)
        x = (x - mean) / deviation

    rows, inside = _windows(sequence, window, stride)
    observed = ~np.isnan(x)[rows] & inside[..., None]
    mask = inside if (observed == inside[..., None]).all() else observed
    if mask.all():
        mask = None
    x = np.where(observed, x[rows], 0).astype(np.float32)
    elapsed = np.where(inside, gaps[rows], 0).astype(np.float32)
    if kind == "classify_sequence":
        y = y[rows[:, 0]]
    else:
        y = np.where(inside[..., None] if kind == "regress" else inside, y[rows], 0).astype(y.dtype)

    chosen = [part[sequence[rows[:, 0]]] == number for number in range(3)]
    splits = [Split(x[now], y[now], elapsed[now], None if mask is None else mask[now]) for now in chosen]
    spec = Spec(
        metric="mse" if kind == "regress" else "accuracy",
        loss="mse" if kind == "regress" else "cross_entropy",
        features=x.shape[2],
        length=x.shape[1],
        output_size=len(labels) or y.shape[-1],
        sizes=(len(splits[0]), len(splits[1]), len(splits[2])),
        labels=labels,
        per_step=kind != "classify_sequence",
        irregular=time is not None,
        padded=mask is not None,
    )
    return SequenceData(
        spec,
        train=splits[0],
        valid=splits[1] if valid else None,
        test=splits[2],
        selection="best" if valid else "last",
    )


def _columns(setting: str, names: str | Sequence[str] | None) -> list[str]:
    listed = [names] if isinstance(names, str) else list(names or ())
    if not listed:
        raise UserError(f"task.{setting} is not set: say which column of the table it is, e.g. task.{setting}=name.")
    return listed


def _targets(table: OwnTable, kind: str, columns: list[str], sequence: Array) -> tuple[Array, tuple[str, ...]]:
    """Numbers (rows, K) float32, or classes (rows,) int64 (-1: none), and the names of the classes."""
    if kind == "regress":
        return np.column_stack([table.numbers(name, gaps=False) for name in columns]).astype(np.float32), ()
    if len(columns) > 1:
        raise UserError(f"task.label={columns} names {len(columns)} columns, expected one for task.kind={kind}.")
    cells = table.texts(columns[0]) if kind == "classify_sequence" else table.column(columns[0])
    labels = sorted(set(cells[~missing(cells)]))
    if len(labels) < 2:
        raise UserError(f"{table.path}, column {columns[0]}: {len(labels)} different classes, expected at least two.")
    if kind == "classify_sequence":
        for row in np.flatnonzero((sequence[1:] == sequence[:-1]) & (cells[1:] != cells[:-1]))[:1]:
            raise table.wrong(
                row + 1, columns[0], "another class than above in the same sequence; set task.kind=classify_step"
            )
    number = {label: place for place, label in enumerate(labels)}
    return np.array([number.get(cell, -1) for cell in cells]), tuple(labels)


def _gaps(table: OwnTable, time: str | None, sequence: Array) -> Array:
    """Elapsed time of each row (rows,): 1 without times, else 0 at the beginning of a sequence."""
    if time is None:
        return np.ones(len(sequence))
    times = table.times(time)
    gaps: Array = np.diff(times, prepend=times[0])
    gaps[np.flatnonzero(np.diff(sequence)) + 1] = 0
    for row in np.flatnonzero(gaps < 0)[:1]:
        raise table.wrong(row, time, "before the time above in the same sequence, expected rows in order of time")
    return gaps


def _parts(names: list[str], valid: float, test: float) -> Array:
    """The part of each sequence (N,): 0 train, 1 valid, 2 test."""
    in_valid, in_test = by_name(names, [valid, test])
    if not in_test.any() or (in_valid | in_test).all() or bool(valid) != in_valid.any():
        raise UserError(
            f"{len(names)} sequences with task.valid={valid} and task.test={test} leave a part without any: "
            f"expected at least one sequence in each."
        )
    part: Array = in_valid + 2 * in_test
    return part


def _windows(sequence: Array, window: int | None, stride: int | None) -> tuple[Array, Array]:
    """Rows (N, T) of the windows of each run of equal ``sequence`` (rows,), and which steps are inside it, bool.

    The windows of a sequence reach its end; a row behind the end is the last row once more.
    """
    begin = np.flatnonzero(np.diff(sequence, prepend=-1) != 0)
    end = np.r_[begin[1:], len(sequence)]
    size = window or int((end - begin).max())
    step = stride or size
    counts = 1 + -(-np.maximum(end - begin - size, 0) // step)
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = (np.repeat(begin, counts) + step * number)[:, None] + np.arange(size)
    last = np.repeat(end, counts)[:, None] - 1
    return np.minimum(rows, last), rows <= last


def _check(kind: str, window: Any, stride: Any, valid: Any, test: Any) -> None:
    """Raise a UserError for a setting that is impossible, whatever the table holds."""
    if kind not in KINDS:
        raise unknown("task.kind", kind, KINDS)
    for name, number in (("window", window), ("stride", stride)):
        if number is not None and (type(number) is not int or number < 1):
            raise UserError(f"task.{name}={number} is no number of steps: expected a whole number above zero or null.")
    for name, share in (("valid", valid), ("test", test)):
        if type(share) not in (int, float) or not 0 <= share < 1:
            raise UserError(f"task.{name}={share} is not a share: expected a number from 0 to below 1, e.g. 0.2.")
