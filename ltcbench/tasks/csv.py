"""A table of the user's own: sequences in a text file, a row a step.

A row has the name of the sequence it belongs to, maybe a time (a number in any unit, or a date), the inputs, and the
target: a class for every step, the same class on every row of a sequence, or numbers for every step. The rows of a
sequence stand in order of time; sequences may be mixed. Empty cells are missing inputs: the mask is (N, T, F) then, a
row without any input counts as padding, and a window without any is left out. A step without a class has the target
-1. Sequences are split by the hash of their name; a table without names is one recording, split by time. Inputs are
scaled by the training steps, and the usual gap between these is the unit of time.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ltcbench.data.store import RawData
from ltcbench.errors import UserError, unknown
from ltcbench.tasks import own_times
from ltcbench.tasks.own_cells import Notation
from ltcbench.tasks.own_parts import by_hash, by_time
from ltcbench.tasks.own_table import LARGEST, OwnTable
from ltcbench.tasks.own_windows import padded
from ltcbench.tasks.reading import content
from ltcbench.tasks.sequences import Array, SequenceData, Spec, Split
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
    try:
        file = Path(path).expanduser()
    except RuntimeError:  # ~name, and there is nobody of that name
        file = Path(path)
    return RawData("csv", "own", {"table": file}, {"table": hashlib.sha256(content(file)).hexdigest()})


def load(
    files: Mapping[str, Path],
    quirks: Mapping[str, bool],
    *,
    path: str | None = None,
    id: str | Sequence[str] | None = None,
    split_by: str | Sequence[str] | None = None,
    time: str | Sequence[str] | None = None,
    time_format: str = "auto",
    time_unit: str = "auto",
    values: str | Sequence[str] = (),
    label: str | Sequence[str] | None = None,
    kind: str = "classify_sequence",
    window: int | None = None,
    stride: int | None = None,
    scaled: bool = True,
    valid: float = 0.1,
    test: float = 0.2,
    separator: str = ",",
    decimal: str = ".",
    missing: str | Sequence[str] = (),
) -> SequenceData:
    """The benchmark of a table.

    Args:
        files: ``table``.
        quirks: none.
        path: known from ``files``.
        id: column with the name of the sequence, or columns that name it together; None: the table is one recording.
        split_by: columns by whose texts the sequences are split; None: ``id``.
        time: column with the time, or columns that write it together, as date and clock; None: every row is one unit
            after the one before.
        time_format: ``number``, or how dates are written, as in ``%d/%m/%Y %H:%M``; ``auto``: numbers, ISO dates, or
            whole numbers that are all dates, as 20260611.
        time_unit: what is 1: a name in ``own_times.SECONDS``, a number of seconds or, where times are numbers, of
            these; ``auto``: the median gap of the training part.
        values: columns of the inputs.
        label: column of the class, or columns of the numbers to predict.
        kind: ``classify_sequence``, ``classify_step`` or ``regress``.
        window: cut sequences into windows of so many steps, the last one padded; None: whole sequences.
        stride: steps from window to window; None: ``window``.
        scaled: inputs less their mean, divided by their deviation, over the training steps.
        valid: share of the sequences, or of the recording, for validation; 0: none, the last epoch counts.
        test: share of the sequences, or of the recording, for the test.
        separator: what stands between two cells, a character or its name in ``own_cells.SEPARATORS``.
        decimal: what stands before the fraction of a number, a point or a comma.
        missing: further texts that stand for a missing input or class; numbers are compared as numbers.

    Raises:
        UserError: a setting that is missing or impossible, a column that does not exist, or a cell that is not what it
            should be; its line is named.
    """
    import pandas as pd

    _check(kind, window, stride, valid, test)
    own_times.check(time_format, time_unit)
    notation = Notation.of(separator, decimal, missing)
    ids, groups, times = (_columns(*setting) for setting in (("id", id), ("split_by", split_by), ("time", time)))
    inputs, targets = _needed("values", values), _needed("label", label)
    if not ids:
        _check_recording(kind, groups)

    table = OwnTable.read(files["table"], notation)
    sequence = pd.factorize(table.names(ids))[0] if ids else np.zeros(len(table), np.int64)
    order = np.argsort(sequence, kind="stable")  # sequence by sequence, as they first appear
    table, sequence = table.taken(order), sequence[order]

    x = np.column_stack([table.numbers(column, gaps=True) for column in inputs])
    y, labels = _targets(table, kind, targets, sequence)
    part = by_hash(table, sequence, groups or ids, valid, test) if ids else by_time(len(table), valid, test)
    gaps = own_times.elapsed(table, times, time_format, time_unit, sequence, part) if times else np.ones(len(table))
    if scaled:
        x = _scaled(x, np.flatnonzero(part == 0), inputs)

    rows, inside = padded(3 * sequence + part, window, stride)
    observed = ~np.isnan(x).all(axis=1)
    kept = (inside & observed[rows]).any(axis=1)  # a window without any input is padding
    rows, inside = rows[kept], inside[kept]
    splits = _split(x, y, gaps, rows, inside, part, kind)
    spec = Spec(
        metric="mse" if kind == "regress" else "accuracy",
        loss="mse" if kind == "regress" else "cross_entropy",
        features=x.shape[1],
        length=rows.shape[1],
        output_size=len(labels) or y.shape[-1],
        sizes=(len(splits[0]), len(splits[1]), len(splits[2])),
        labels=labels,
        per_step=kind != "classify_sequence",
        irregular=bool(times),
        padded=splits[0].mask is not None,
    )
    return SequenceData(
        spec,
        train=splits[0],
        valid=splits[1] if valid else None,
        test=splits[2],
        selection="best" if valid else "last",
    )


def _columns(setting: str, names: str | Sequence[str] | None) -> list[str]:
    """The columns that a setting names, none if it is not set."""
    listed = [names] if isinstance(names, str) else names or ()
    columns = [name.strip() for name in listed]
    if not all(columns):
        raise UserError(f"task.{setting} names a column '': expected a name in the header, or null for none.")
    for name in columns:
        if columns.count(name) > 1:
            raise UserError(f"task.{setting} names the column {name} twice: expected each once, leave one out.")
    return columns


def _needed(setting: str, names: str | Sequence[str] | None) -> list[str]:
    columns = _columns(setting, names)
    if not columns:
        raise UserError(
            f"task.{setting} is not set: say which column of the table it is, e.g. task.{setting}=name, or "
            f"'task.{setting}=\"null\"' if it is called null."
        )
    return columns


def _targets(table: OwnTable, kind: str, columns: list[str], sequence: Array) -> tuple[Array, tuple[str, ...]]:
    """Numbers (rows, K) float32, or classes (rows,) int64 (-1: none), and the names of the classes."""
    if kind == "regress":
        return np.column_stack([table.numbers(name, gaps=False) for name in columns]).astype(np.float32), ()
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


def _split(x: Array, y: Array, gaps: Array, rows: Array, inside: Array, part: Array, kind: str) -> list[Split]:
    """Train, valid and test.

    Args:
        x: inputs (rows, F), NaN where one is missing.
        y: targets (rows, ...).
        gaps: elapsed times (rows,).
        rows: the windows (N, T).
        inside: which steps of them are no padding.
        part: of each row (rows,): 0, 1 or 2.
        kind: of the target.
    """
    observed = ~np.isnan(x)[rows] & inside[..., None]
    mask = inside if (observed == inside[..., None]).all() else observed
    inputs = np.where(observed, x[rows], 0).astype(np.float32)
    elapsed = np.where(inside, gaps[rows], 0).astype(np.float32)
    if kind == "classify_sequence":
        targets = y[rows[:, 0]]
    else:
        targets = np.where(inside[..., None] if kind == "regress" else inside, y[rows], 0).astype(y.dtype)
    chosen = [part[rows[:, 0]] == number for number in range(3)]
    return [Split(inputs[now], targets[now], elapsed[now], None if mask.all() else mask[now]) for now in chosen]


def _scaled(x: Array, training: Array, columns: list[str]) -> Array:
    """The inputs (rows, F), scaled by the rows for training."""
    for place in np.flatnonzero(np.isnan(x[training]).all(axis=0))[:1]:
        raise UserError(f"column {columns[place]} is empty in all training sequences: leave it out of task.values.")
    mean, deviation = scale(x, training)
    scaled: Array = (x - mean) / deviation
    for place in np.flatnonzero((np.abs(scaled) > LARGEST).any(axis=0))[:1]:
        raise UserError(f"column {columns[place]} holds numbers too far apart to be scaled: set task.scaled=false.")
    return scaled


def _check(kind: str, window: int | None, stride: int | None, valid: float, test: float) -> None:
    """Raise a UserError for a setting that is impossible, whatever the table holds."""
    if kind not in KINDS:
        raise unknown("task.kind", kind, KINDS)
    for name, number in (("window", window), ("stride", stride)):
        if number is not None and number < 1:
            raise UserError(f"task.{name}={number} is no number of steps: expected a whole number above zero or null.")
    for name, share in (("valid", valid), ("test", test)):
        if not 0 <= share < 1:
            raise UserError(f"task.{name}={share} is not a share: expected a number from 0 to below 1, e.g. 0.2.")


def _check_recording(kind: str, groups: Sequence[str]) -> None:
    """Raise a UserError for a setting that is impossible without ``task.id``."""
    if kind == "classify_sequence":
        raise UserError(
            "task.id is not set, but task.kind=classify_sequence needs the column that names the sequence of each row: "
            "set it, or task.kind=classify_step or task.kind=regress to learn from one recording."
        )
    if groups:
        raise UserError(
            f"task.split_by={','.join(groups)} splits sequences, but task.id is not set: set it, or leave "
            f"task.split_by out to split one recording by time."
        )
