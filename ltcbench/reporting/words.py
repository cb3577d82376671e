"""The numbers of a row in words, the same in every format."""

import math

from ltcbench.paper.tables import MINUTES, Cell, Column
from ltcbench.reporting.rows import Row
from ltcbench.reporting.statistics import Agreement, Difference, Summary

METRICS = {
    "accuracy": "accuracy",
    "f1": "F1",
    "auc": "area under ROC",
    "mse": "mean squared error",
    MINUTES: "time per epoch",
}

SHORT = METRICS | {"auc": "AUC", "mse": "MSE", MINUTES: "epoch"}


def measured(column: Column) -> str:
    """What a column holds, e.g. ``accuracy in %, higher is better``."""
    unit = "" if column.unit == "ratio" else f" in {column.unit.replace('^2', '²')}"
    return f"{METRICS[column.metric]}{unit}, {'higher' if column.direction == 'max' else 'lower'} is better"


def short(column: Column) -> str:
    """The same in little room, e.g. ``accuracy in %``."""
    return f"{SHORT[column.metric]}{' in %' if column.unit == '%' else ' in min' if column.unit == 'min' else ''}"


def paper(cell: Cell) -> str:
    """The paper's number as it prints it, empty where it has none."""
    number, digits = cell.number, cell.column.digits
    if number is None:
        return ""
    spread = "" if number.std is None else f" ± {_printed(number.std, digits)}"
    return _printed(number.mean, digits) + spread


def _printed(value: float, digits: int) -> str:
    """``value`` with ``digits`` after the point, or more if it has more."""
    return f"{value:.{max(digits, len(repr(value).partition('.')[2]))}f}"


def mean(row: Row) -> str:
    """Our mean, deviation and number of seeds."""
    if row.ours is None:
        return f"none of {len(row.runs)}" if row.runs else ""
    return f"{number(row.ours, row.cell.column)} ({row.ours.n})"


def number(summary: Summary, column: Column) -> str:
    """Mean and deviation in the unit of a column."""
    digits = _digits(summary.mean, column.digits)
    spread = "" if summary.std is None else f" ± {summary.std:.{digits}f}"
    return f"{summary.mean:.{digits}f}{spread}"


def ours(row: Row) -> str:
    """Our mean, with what keeps it from being as good as the paper's."""
    return " ".join([mean(row), *(f"[{mark}]" for mark in row.marks)])


def difference(row: Row) -> str:
    """Ours less the paper's, with the 95 % interval."""
    return signed(row.found, row.cell.column)


def duel(found: Difference, column: Column) -> str:
    """The difference of two models, and which one is better if that is sure."""
    text = signed(found, column)
    if found.low is None or found.high is None:
        return f"{text}, one run"
    if found.low <= 0 <= found.high:
        return f"{text}, not told apart"
    return f"{text}, {'better' if (found.value > 0) == (column.direction == 'max') else 'worse'}"


def tau(found: Agreement) -> str:
    """Kendall's tau of two rankings, with its interval."""
    text = f"Kendall's tau {found.tau:+.2f}"
    if found.low is None or found.high is None:
        return f"{text}, a single seed behind some model"
    return f"{text} [{found.low:+.2f}, {found.high:+.2f}]"


def signed(found: Difference | None, column: Column) -> str:
    """A difference with its interval, empty where there is none."""
    if found is None:
        return ""
    largest = max(abs(value) for value in (found.value, found.low, found.high) if value is not None)
    digits = _digits(largest, column.digits)
    text = f"{found.value:+.{digits}f}"
    if found.low is None or found.high is None:
        return text
    return f"{text} [{found.low:+.{digits}f}, {found.high:+.{digits}f}]"


def verdict(row: Row) -> str:
    """The verdict, with its direction."""
    return f"{row.verdict}, {row.direction}" if row.direction else row.verdict


def value(number: float, column: Column) -> str:
    """A number in the unit of a column."""
    return f"{number:.{_digits(number, column.digits)}f}"


def _digits(value: float, digits: int) -> int:
    """How many digits after the point show two of ``value``, not less than ``digits`` and at most 3 more."""
    return min(max(digits, 1 - math.floor(math.log10(abs(value)))), digits + 3) if value else digits
