"""Which rows of a user's table are for training, validation and test: 0, 1 and 2."""

from collections.abc import Sequence

import numpy as np

from ltcbench.errors import UserError
from ltcbench.tasks.own_table import OwnTable
from ltcbench.tasks.sequences import Array
from ltcbench.tasks.splitting import by_name


def by_hash(
    table: OwnTable,
    sequence: Array,
    columns: Sequence[str],
    valid: float,
    test: float,
    classes: Array | None = None,
) -> Array:
    """The part of each row (rows,): sequences of the same name in ``columns`` stay together, whatever their order.

    Args:
        table: its rows stand sequence by sequence.
        sequence: the number of each row's (rows,), from 0.
        columns: columns whose texts are the same on every row of a sequence.
        valid: share of the names for validation.
        test: share of the names for the test.
        classes: of each row (rows,), the same on every row of a name: each class is split by these shares. None: the
            shares are of all names together.

    Raises:
        UserError: a sequence has two names, a name two classes, or a part would have none.
    """
    names = table.names(columns)
    first = np.flatnonzero(np.diff(sequence, prepend=-1))
    for row in np.flatnonzero(names != names[first][sequence])[:1]:
        raise table.wrong(
            row,
            columns,
            "another text than above in the same sequence; set task.split_by to what stays the same",
        )
    distinct, place, number = np.unique(names, return_index=True, return_inverse=True)
    strata = None
    if classes is not None:
        strata = classes[place]
        for row in np.flatnonzero(classes != strata[number])[:1]:
            raise table.wrong(row, columns, "has sequences of two classes; set task.stratify=false")
    in_valid, in_test = by_name(distinct.tolist(), [valid, test], strata)
    if not in_test.any() or (in_valid | in_test).all() or bool(valid) != in_valid.any():
        advice = ", or leave task.id out if the table is one recording" if sequence[-1] == 0 else ""
        what = "sequence" if len(distinct) > sequence[-1] else f"{' and '.join(columns)} of its own"
        raise _none_left(valid, test, what, len(distinct), advice)
    part: Array = (in_valid + 2 * in_test)[number]
    return part


def by_time(rows: int, valid: float, test: float) -> Array:
    """The part of each row (rows,) of one recording: first training, then validation, the test last.

    Raises:
        UserError: a part would have no row.
    """
    in_valid, in_test = round(valid * rows), round(test * rows)
    if not in_test or in_valid + in_test >= rows or bool(valid) != bool(in_valid):
        raise _none_left(valid, test, "row", rows)
    return np.repeat([0, 1, 2], [rows - in_valid - in_test, in_valid, in_test])


def _none_left(valid: float, test: float, what: str, count: int, advice: str = "") -> UserError:
    return UserError(
        f"task.valid={valid} and task.test={test} leave a part without any {what}, of which the table has {count}: "
        f"expected at least one in each, set other shares{advice}."
    )
