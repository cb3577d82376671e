"""A table of the user's own: sequences in a text file, a row a step.

A row has the name of the sequence it belongs to, maybe a time (a number in any unit, or a date), the inputs, and the
target: a class for every step, the same class on every row of a sequence, or numbers for every step, all of the same
row or of a later one. The rows of a sequence stand in order of time; sequences may be mixed. Empty cells are missing
inputs: the mask is (N, T, F) then, a row without any input counts as padding, and a window without any is left out. A
step without a target has -1 or NaN. Sequences are split by the hash of their name; a table without names is one
recording, split by time, and no window or target lies beyond a border. Inputs and numbers to predict are scaled by the
training steps, and the usual gap between these is the unit of time.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ltcbench.data.store import RawData
from ltcbench.errors import UserError, unknown
from ltcbench.tasks import own_targets, own_times
from ltcbench.tasks.own_cells import Notation
from ltcbench.tasks.own_parts import by_hash, by_time
from ltcbench.tasks.own_table import LARGEST, OwnTable
from ltcbench.tasks.own_windows import filled, padded
from ltcbench.tasks.reading import content
from ltcbench.tasks.sequences import UNSCALED, Array, Scaling, SequenceData, Spec, Split
from ltcbench.tasks.windows import scale

DATASET = None
SPEC = None  # depends on the table
KINDS = ("classify_sequence", "classify_step", "regress")
WINDOW = 64  # steps, of one recording if nothing is said


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
    target: str | Sequence[str] | None = None,
    kind: str | None = None,
    horizon: int = 0,
    window: int | Literal["auto"] | None = "auto",
    stride: int | None = None,
    scaled: bool = True,
    valid: float = 0.1,
    test: float = 0.2,
    stratify: bool = False,
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
        target: columns of the numbers to predict, in place of ``label``; the kind is ``regress`` then.
        kind: ``classify_sequence``, ``classify_step`` or ``regress``; None: ``regress`` with a target, else the first.
        horizon: the target is that of so many rows later.
        window: cut sequences into windows of so many steps, the last one padded; None: whole sequences; ``auto``: whole
            sequences, but one recording into windows of ``WINDOW``.
        stride: steps from window to window; None: ``window``.
        scaled: inputs and numbers to predict less their mean, divided by their deviation, over the training steps.
        valid: share of the sequences, or of the recording, for validation; 0: none, the last epoch counts.
        test: share of the sequences, or of the recording, for the test.
        stratify: every part gets its share of the sequences of each class.
        separator: what stands between two cells, a character or its name in ``own_cells.SEPARATORS``.
        decimal: what stands before the fraction of a number, a point or a comma.
        missing: further texts that stand for a missing input or class; numbers are compared as numbers.

    Raises:
        UserError: a setting that is missing or impossible, a column that does not exist, or a cell that is not what it
            should be; its line is named.
    """
    kind = kind or (KINDS[0] if target is None else "regress")
    _check(kind, horizon, window, stride, valid, test)
    own_times.check(time_format, time_unit)
    notation = Notation.of(separator, decimal, missing)
    ids, groups, times = (columns(*setting) for setting in (("id", id), ("split_by", split_by), ("time", time)))
    inputs, outputs = _needed("values", values), _outputs(label, target, kind)
    if stratify:
        _check_strata(kind)
    if not ids:
        _check_recording(kind, groups)

    table, sequence, _ = ordered(OwnTable.read(files["table"], notation), ids)
    x = np.column_stack([table.numbers(column, gaps=True) for column in inputs])
    labels: tuple[str, ...] = ()
    if kind == "regress":
        y = own_targets.numbers(table, outputs)
    else:
        y, labels = own_targets.classes(table, outputs, sequence, kind)
    if ids:
        part = by_hash(table, sequence, groups or ids, valid, test, y if stratify else None)
    else:
        part = by_time(len(table), valid, test)
    gaps, clock = np.ones(len(table)), None
    if times:
        gaps, clock = own_times.elapsed(table, times, time_format, time_unit, sequence, part)
    run = 3 * sequence + part
    known = own_targets.last_known(y, run, horizon) if kind == "regress" else None
    y = own_targets.ahead(y, run, horizon)

    scaling = of_targets = UNSCALED
    if scaled:
        scaling = _scaling(x, part == 0, inputs)
        x = scaling.scaled(x)
        if known is not None and np.isfinite(y[part == 0]).any():
            of_targets = _scaling(y, part == 0, outputs)
            y, known = of_targets.scaled(y), of_targets.scaled(known)

    rows, inside = padded(run, steps(window, ids), stride)
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
        scaling=scaling,
        target_scaling=of_targets,
        clock=clock,
    )
    return SequenceData(
        spec,
        train=splits[0],
        valid=splits[1] if valid else None,
        test=splits[2],
        selection="best" if valid else "last",
        last_known=None if known is None else known[rows[part[rows[:, 0]] == 2]].astype(np.float32),
    )


def ordered(table: OwnTable, ids: list[str]) -> tuple[OwnTable, Array, Array]:
    """The table sequence by sequence as they first appear, the number of each row's, and the rows it had (rows,)."""
    import pandas as pd

    sequence = pd.factorize(table.names(ids))[0] if ids else np.zeros(len(table), np.int64)
    order = np.argsort(sequence, kind="stable")
    return table.taken(order), sequence[order], order


def steps(window: int | str | None, ids: list[str]) -> int | None:
    """The length of windows that ``task.window`` asks for."""
    return (None if ids else WINDOW) if isinstance(window, str) else window


def columns(setting: str, names: str | Sequence[str] | None) -> list[str]:
    """The columns that a setting names, none if it is not set."""
    listed = [names] if isinstance(names, str) else names or ()
    found = [name.strip() for name in listed]
    if not all(found):
        raise UserError(f"task.{setting} names a column '': expected a name in the header, or null for none.")
    for name in found:
        if found.count(name) > 1:
            raise UserError(f"task.{setting} names the column {name} twice: expected each once, leave one out.")
    return found


def _needed(setting: str, names: str | Sequence[str] | None) -> list[str]:
    found = columns(setting, names)
    if not found:
        raise UserError(
            f"task.{setting} is not set: say which column of the table it is, e.g. task.{setting}=name, or "
            f"'task.{setting}=\"null\"' if it is called null."
        )
    return found


def _outputs(label: str | Sequence[str] | None, target: str | Sequence[str] | None, kind: str) -> list[str]:
    """The columns to be told."""
    if target is None:
        return _needed("label", label)
    if label is not None:
        raise UserError("task.label and task.target are both set: expected one of them, the other left out.")
    if kind != "regress":
        raise UserError(
            f"task.target is for numbers, not for task.kind={kind}: set task.label, or leave task.kind out."
        )
    return _needed("target", target)


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
    inputs, elapsed, mask = filled(x, gaps, rows, inside)
    if kind == "classify_sequence":
        targets = y[rows[:, 0]]
    else:
        there = inside[..., None] if kind == "regress" else inside
        targets = np.where(there, y[rows], 0).astype(np.float32 if kind == "regress" else np.int64)
    chosen = [part[rows[:, 0]] == number for number in range(3)]
    return [Split(inputs[now], targets[now], elapsed[now], None if mask.all() else mask[now]) for now in chosen]


def _scaling(values: Array, training: Array, names: list[str]) -> Scaling:
    """How the columns (rows, K) are scaled by the rows for training."""
    for place in np.flatnonzero(np.isnan(values[training]).all(axis=0))[:1]:
        raise UserError(f"column {names[place]} is empty in all training sequences: leave it out of task.values.")
    scaling = Scaling(*(tuple(numbers.tolist()) for numbers in scale(values, np.flatnonzero(training))))
    for place in np.flatnonzero((np.abs(scaling.scaled(values)) > LARGEST).any(axis=0))[:1]:
        raise UserError(f"column {names[place]} holds numbers too far apart to be scaled: set task.scaled=false.")
    return scaling


def _check(kind: str, horizon: int, window: int | str | None, stride: int | None, valid: float, test: float) -> None:
    """Raise a UserError for a setting that is impossible, whatever the table holds."""
    if kind not in KINDS:
        raise unknown("task.kind", kind, KINDS)
    if horizon < 0:
        raise UserError(f"task.horizon={horizon} looks back: expected 0, the same row, or a number of rows ahead.")
    if horizon and kind == "classify_sequence":
        raise UserError(
            f"task.horizon={horizon} is for a target at every step: set task.kind=classify_step or task.target, or "
            "leave task.horizon out."
        )
    for name, number in (("window", window), ("stride", stride)):
        if isinstance(number, int) and number < 1:
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


def _check_strata(kind: str) -> None:
    """Raise a UserError where sequences have no class."""
    if kind != "classify_sequence":
        raise UserError(f"task.stratify=true needs a class for each sequence, not task.kind={kind}: leave it out.")
