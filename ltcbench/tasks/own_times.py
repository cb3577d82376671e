"""The times of a user's table: numbers in any unit, or dates; the gaps between them are exact before they are floats.

A clock in nanoseconds since 1970 has more digits than a double, so numbers are decimals here and dates whole
nanoseconds; only their differences are rounded.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from ltcbench.errors import UserError
from ltcbench.tasks.own_cells import Notation
from ltcbench.tasks.own_table import LARGEST, OwnTable
from ltcbench.tasks.sequences import Array, Clock

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
ISO = "ISO8601"  # pandas' name
EXAMPLE = "'task.time_format=\"%d/%m/%Y %H:%M\"'"
_STRANGE = 30.0  # a gap that is so many times the usual one of training is in another unit: minutes, say, or ms
COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}  # by the number of digits


def check(form: str, unit: str) -> None:
    """Raise a UserError unless these can be ``task.time_format`` and ``task.time_unit``."""
    if form not in ("auto", "number"):
        reason = _no_form(form)
        if reason:
            raise UserError(
                f"task.time_format={form!r} is no form of a date ({reason}): expected auto, number, or as in {EXAMPLE}."
            )
    if unit not in ("auto", *SECONDS) and not 0 < _number(unit) <= LARGEST:
        raise UserError(
            f"task.time_unit={unit!r} is no unit of time: expected auto, {', '.join(SECONDS)} or a number above zero, "
            f"e.g. task.time_unit=60."
        )


def elapsed(
    table: OwnTable,
    columns: Sequence[str],
    form: str,
    unit: str,
    sequence: Array,
    part: Array,
    clock: Clock | None = None,
) -> tuple[Array, Clock]:
    """Time since the row before (rows,) float64, 0 at the beginning of a sequence and of a part; and its clock.

    Args:
        table: its rows stand sequence by sequence.
        columns: the columns of the time, joined by a blank.
        form: ``auto``, ``number``, or how a date is written.
        unit: how long a time of 1 is; ``auto`` takes the median of the gaps in the training part.
        sequence: of each row (rows,).
        part: of each row (rows,), 0 for training.
        clock: that of the table a network was trained on, in place of ``unit``; None: this is the one.

    Raises:
        UserError: a cell is no time or before the one above, or the unit or clock does not fit: it is of the
            other kind, or the usual gap between numbers is so far from that of training that they count another unit.
    """
    moments, dates = _moments(table, columns, form)
    if clock and clock.dates != dates:
        kinds = {True: "dates", False: "numbers"}
        raise UserError(
            f"column {columns[0]} of {table.path} holds {kinds[dates]}, but the network was trained on times that were "
            f"{kinds[clock.dates]}: expected a table with times of the same kind."
        )
    if unit in SECONDS and not dates:
        raise UserError(
            f"task.time_unit={unit} is for dates, but column {columns[0]} of {table.path} holds numbers: expected auto "
            f"or how many of them make one unit, e.g. task.time_unit=60."
        )
    exact = np.diff(moments, prepend=moments[:1])
    exact[_begins(sequence)] = 0
    for row in np.flatnonzero(exact < 0)[:1]:
        told = "before the time above, expected the rows of a sequence in order of time; sort them, or set task.id"
        raise table.wrong(row, columns, told)
    exact[_begins(part)] = 0
    gaps = exact.astype(np.float64)
    second = 10**9 if dates else 1
    median = _median(gaps[part == 0])
    length = clock.unit * second if clock else _unit(unit, second, median)
    gaps /= length
    usual = None if median is None else median / length
    if clock and clock.usual and usual and not dates and not 1 / _STRANGE < usual / clock.usual < _STRANGE:
        raise UserError(
            f"column {columns[0]} of {table.path} has a usual gap of {usual * clock.unit:.4g}, but the table of "
            f"training one of {clock.usual * clock.unit:.4g}: expected times in the same unit, convert them."
        )
    for row in np.flatnonzero(gaps > LARGEST)[:1]:
        raise table.wrong(row, columns, "too long after the time above to be a number; set a larger task.time_unit")
    return gaps, Clock(dates, length / second, usual)


def _begins(run: Array) -> Array:
    """Rows at which another run of equal values begins."""
    return np.flatnonzero(np.diff(run)) + 1


def _unit(unit: str, second: int, median: float | None) -> float:
    """The length of one unit of time, where a second (or, of numbers, 1) is ``second`` long."""
    if unit != "auto":
        return SECONDS.get(unit, _number(unit)) * second
    return second if median is None else median


def _median(gaps: Array) -> float | None:
    """Of the gaps above zero, None if there are none."""
    positive = gaps[gaps > 0]
    return float(np.median(positive)) if len(positive) else None


def _moments(table: OwnTable, columns: Sequence[str], form: str) -> tuple[Array, bool]:
    """The times (rows,) as exact numbers, for dates whole nanoseconds; and whether they are dates."""
    cells = table.texts(columns, "a number or a date")
    if form == "auto":
        form = _form(cells, table.notation)
    if form == "number":
        values = table.notation.numbers(cells)
        for row in np.flatnonzero(~(np.abs(values) <= LARGEST))[:1]:
            told = "expected a number as a time; mend it, or say in task.time_format how dates are written"
            raise table.wrong(row, columns, told)
        return np.array([Decimal(number) for number in table.notation.plain(cells)]), False
    moments, unread = _dates(cells, form)
    for row in np.flatnonzero(unread)[:1]:
        wanted = "a number or a date like 2026-06-11 09:30:00" if form == ISO else f"a time written {form}"
        told = f"expected {wanted}; mend it, or set {EXAMPLE} for times written so"
        raise table.wrong(row, columns, told)
    return moments, True


def _form(cells: Array, notation: Notation) -> str:
    """How these times are written: ``number`` or the form of dates, of which numbers may be the compact one."""
    compact = COMPACT.get(len(cells[0]))
    digits = re.compile(rf"(19|20)[0-9]{{{len(cells[0]) - 2}}}")
    if compact and all(map(digits.fullmatch, cells)) and not _dates(cells, compact)[1].any():
        return compact
    return ISO if np.isnan(notation.numbers(cells[:1])).any() else "number"


def _dates(cells: Array, form: str) -> tuple[Array, Array]:
    """Nanoseconds since 1970 (rows,) as Python's integers, and which cells (rows,) are no date in this form."""
    import pandas as pd

    now = np.isin(cells, ["now", "today"])  # pandas would take the time at which it reads them
    dates = pd.to_datetime(pd.Series(np.where(now, "", cells)), errors="coerce", format=form, utc=True)
    return dates.astype("int64").to_numpy().astype(object) * NANOSECONDS[dates.dt.unit], dates.isna().to_numpy()


def _no_form(form: str) -> str:
    """Why dates cannot be written in this form; empty if they can."""
    if "%" not in form:
        return "it has no % as in %Y"
    try:
        _dates(np.array([""], dtype=object), form)
    except (ValueError, re.error) as error:
        return str(error)
    return ""


def _number(text: str) -> float:
    return float(Notation.of(",", ".", ()).numbers([text])[0])
