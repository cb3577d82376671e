"""A further table of the user's, without targets, for a network that is trained already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ltcbench.tasks import csv, own_times
from ltcbench.tasks.own_cells import Notation
from ltcbench.tasks.own_table import OwnTable
from ltcbench.tasks.own_windows import filled, padded
from ltcbench.tasks.sequences import Array, Spec


@dataclass(frozen=True)
class Unseen:
    """The windows of a table.

    Attributes:
        table: the table, sequence by sequence as they first appear.
        order: which row of the file each of its rows was (rows,).
        x, elapsed, mask: as in ``Split``.
        rows: the row of each step (N, T).
        inside: which steps (N, T) are no padding.
        ids, times: the columns that name a sequence and a time.
    """

    table: OwnTable
    order: Array
    x: Array
    elapsed: Array
    mask: Array | None
    rows: Array
    inside: Array
    ids: list[str]
    times: list[str]


def read(path: Path, spec: Spec, feature_mask: bool, options: Mapping[str, Any]) -> Unseen:
    """The table in ``path``, read, scaled and timed as the one that a network was trained on.

    Args:
        path: the file.
        spec: of the task, with the scaling and the clock of training.
        feature_mask: whether the network takes missing inputs.
        options: those of the task ``csv`` in training.

    Raises:
        UserError: the table lacks a column, or a cell is not what it was in training; its line is named.
    """
    ids, times, inputs = (csv.columns(name, options[name]) for name in ("id", "time", "values"))
    notation = Notation.of(options["separator"], options["decimal"], options["missing"])
    table, sequence, order = csv.ordered(OwnTable.read(path, notation), ids)
    x = spec.scaling.scaled(np.column_stack([table.numbers(column, gaps=True) for column in inputs]))
    if not feature_mask:
        for row, place in np.argwhere(np.isnan(x))[:1]:
            told = "missing, and the network was trained on a table without gaps; fill it in or leave the line out"
            raise table.wrong(row, [inputs[place]], told)
    _see_classes(table, spec.labels, csv.columns("label", options["label"]))
    gaps = np.ones(len(table))
    if spec.clock:
        whole = np.zeros(len(table), np.int64)
        gaps, _ = own_times.elapsed(table, times, options["time_format"], "auto", sequence, whole, spec.clock)
    rows, inside = padded(sequence, csv.steps(options["window"], ids), None)
    inputs_, elapsed, mask = filled(x, gaps, rows, inside)
    if feature_mask and mask.ndim == 2:
        mask = np.repeat(mask[..., None], x.shape[1], axis=2)
    return Unseen(
        table, order, inputs_, elapsed, None if mask.all() and not feature_mask else mask, rows, inside, ids, times
    )


def _see_classes(table: OwnTable, labels: Sequence[str], columns: Sequence[str]) -> None:
    """Raise a UserError where a table that has the classes to be told has one that the network cannot tell."""
    for name in columns if labels else ():
        if name in table.header:
            known = np.isin(table.column(name), labels) | table.absent(name)
            for row in np.flatnonzero(~known)[:1]:
                told = f"a class that the network was not trained on, expected one of {', '.join(labels)}"
                raise table.wrong(row, [name], f"{told}; leave the cell empty, or the column out")
