from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ltcbench.errors import UserError
from ltcbench.tasks.own_cells import Notation
from ltcbench.tasks.own_table import OwnTable
from ltcbench.tasks.own_times import check, elapsed


def gaps(
    path: Path, *cells: str, form: str = "auto", unit: str = "1", decimal: str = ".", training: int | None = None
) -> list[float]:
    """Elapsed times of one sequence with these times, of which the first rows are for training."""
    file = path / "times.csv"
    file.write_text("\n".join(["t;a", *(f"{cell};1" for cell in cells)]))
    part = np.where(np.arange(len(cells)) < (training or len(cells)), 0, 2)
    check(form, unit)
    table = OwnTable.read(file, Notation.of(";", decimal, ()))
    found: list[float] = elapsed(table, ["t"], form, unit, np.zeros(len(cells), int), part)[0].tolist()
    return found


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["20260129", "20260130", "20260202"], [0, 1, 3]),
        (["19991231", "20000101"], [0, 1]),
        (["202601312358", "202602010001", "202602012359"], [0, 3 / 1440, 1438 / 1440]),
        (["20260131235959", "20260201000001"], [0, 2 / 86400]),
        (["20240228", "20240301"], [0, 2]),
    ],
)
def test_whole_numbers_that_are_all_dates_are_dates(tmp_path: Path, cells: list[str], days: list[float]) -> None:
    assert gaps(tmp_path, *cells, unit="days") == days
    numbers = [0, *(int(after) - int(before) for before, after in pairwise(cells))]
    assert gaps(tmp_path, *cells, form="number") == numbers


@pytest.mark.parametrize(
    "cells",
    [
        ["20260129", "20260132"],  # no such day
        ["20250228", "20250229"],
        ["20260129", "202601300000"],  # two forms
        ["21000101", "21000102"],  # not of our time
        ["18991231", "18991232"],
        ["20260129", "20260130.5"],
        ["+20260129", "+20260201"],
        ["2026012923", "2026013000"],  # ten digits: seconds of Unix
    ],
)
def test_other_whole_numbers_are_numbers(tmp_path: Path, cells: list[str]) -> None:
    assert gaps(tmp_path, *cells) == [0, float(cells[1]) - float(cells[0])]


@pytest.mark.parametrize(
    ("cells", "form", "seconds"),
    [
        (["31.12.2025", "02.01.2026"], "%d.%m.%Y", 2 * 86400),
        (["31/12/2025 14.00", "31/12/2025 14.30"], "%d/%m/%Y %H.%M", 1800),
        (["18.00.00", "18.00.07"], "%H.%M.%S", 7),
        (["20260129", "20260201"], "%Y%m%d", 3 * 86400),
        (["9:00 PM 1 Jan 26", "9:00 AM 2 Jan 26"], "%I:%M %p %d %b %y", 12 * 3600),
        (["2026-03-01T10:00Z", "2026-03-01T13:00+02:00"], "auto", 3600),
        (["2026-06-11", "2026-06-11 00:00:00.000000001"], "auto", 1e-9),
        (["1678-01-01", "2261-01-01"], "auto", 18397670400),
    ],
)
def test_forms_of_dates(tmp_path: Path, cells: list[str], form: str, seconds: float) -> None:
    assert gaps(tmp_path, *cells, form=form) == [0, seconds]


@pytest.mark.parametrize(
    ("cells", "gap"),
    [
        (["1718000000123456789", "1718000000123456790"], 1),
        (["1718000000.123456789", "1718000000.123456790"], 1e-9),
        (["9223372036854775807", "9223372036854775809"], 2),
        (["-9223372036854775808", "9223372036854775807"], float(2**64)),
        (["0.1", "0.3"], 0.2),
        (["1e3", "1001"], 1),
    ],
)
def test_gaps_are_exact_before_they_are_floats(tmp_path: Path, cells: list[str], gap: float) -> None:
    assert gaps(tmp_path, *cells) == [0, gap]


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("auto", [0, 0.5, 1, 1.5]),
        ("seconds", [0, 1800, 3600, 5400]),
        ("minutes", [0, 30, 60, 90]),
        ("hours", [0, 0.5, 1, 1.5]),
        ("days", [0, 1 / 48, 1 / 24, 1.5 / 24]),
        ("60", [0, 30, 60, 90]),
        ("0.5", [0, 3600, 7200, 10800]),
    ],
)
def test_units_of_dates(tmp_path: Path, unit: str, expected: list[float]) -> None:
    cells = [f"2026-06-11 {time}" for time in ("09:30", "10:00", "11:00", "12:30")]
    assert gaps(tmp_path, *cells, unit=unit) == expected


def test_units_of_numbers(tmp_path: Path) -> None:
    cells = ("0", "30", "90", "180")
    assert gaps(tmp_path, *cells, unit="1") == [0, 30, 60, 90]
    assert gaps(tmp_path, *cells, unit="60") == [0, 0.5, 1, 1.5] == gaps(tmp_path, *cells, unit="auto")
    assert gaps(tmp_path, "0", "0,5", "1,5", unit="1", decimal=",") == [0, 0.5, 1]
    with pytest.raises(UserError, match=r"task.time_unit=hours is for dates, but column t of .* holds numbers"):
        gaps(tmp_path, *cells, unit="hours")


def test_the_unit_is_learnt_from_the_training_part(tmp_path: Path) -> None:
    assert gaps(tmp_path, "0", "2", "2", "4", "5", "105", unit="auto", training=4) == [0, 1, 0, 1, 0, 50]


def test_without_a_gap_in_the_training_part_times_are_as_they_stand(tmp_path: Path) -> None:
    assert gaps(tmp_path, "7", "7", "7", "10", unit="auto", training=2) == [0, 0, 0, 3]
    dates = ("2026-01-01", "2026-01-01", "2026-01-01", "2026-01-02")
    assert gaps(tmp_path, *dates, unit="auto", training=2) == [0, 0, 0, 86400]


@pytest.mark.parametrize("form", ["dd/mm/yyyy", "", "%Q", "%", "%Y%Y", "%U", "%-d", "iso"])
def test_what_is_no_form_of_a_date(tmp_path: Path, form: str) -> None:
    with pytest.raises(
        UserError, match=r"task.time_format='.*' is no form of a date .*: expected auto, number, or as in"
    ):
        check(form, "auto")


@pytest.mark.parametrize("unit", ["hour", "0", "-1", "1e999", "1e-999", "nan", "1_0", "0,5", "", "１"])
def test_what_is_no_unit(tmp_path: Path, unit: str) -> None:
    with pytest.raises(
        UserError, match=r"task.time_unit='.*' is no unit of time: expected auto, seconds, .* or a number"
    ):
        check("auto", unit)


@pytest.mark.parametrize(
    ("cells", "form", "told"),
    [
        (
            ["31/12/2026"],
            "auto",
            r"line 2, column t: '31/12/2026': expected a number or a date like .* set 'task.time_f",
        ),
        (["2026-01-01", "soon"], "auto", "line 3, column t: 'soon': expected a number or a date"),
        (["2026-01-01", "now"], "auto", "line 3, column t: 'now': expected a number or a date"),
        (["2026-01-01", "NaT"], "auto", "line 3, column t: 'NaT': expected a number or a date"),
        (["2026-01-01", "2026-02-30"], "auto", "line 3, column t: '2026-02-30': expected a number or a date"),
        (["2026-01-01", "7"], "number", "line 2, column t: '2026-01-01': expected a number as a time"),
        (["7", "2026-01-01"], "auto", "line 3, column t: '2026-01-01': expected a number as a time"),
        (["1", "1_000"], "auto", "line 3, column t: '1_000': expected a number as a time"),
        (["1", "1e999"], "auto", "line 3, column t: '1e999': expected a number as a time"),
        (["1", "inf"], "auto", "line 3, column t: 'inf': expected a number as a time"),
        (["1", "9" * 5000], "auto", "line 3, column t: '9+': expected a number as a time"),
        (["1", ""], "auto", "line 3, column t: '': expected a number or a date; fill it in"),
        (["31.12.2026", "31.11.2026"], "%d.%m.%Y", "line 3, column t: '31.11.2026': expected a time written %d.%m.%Y"),
        (["2026", "now"], "%Y", "line 3, column t: 'now': expected a time written %Y"),
        (["2026-01-02", "2026-01-01"], "auto", "line 3, column t: '2026-01-01': before the time above"),
    ],
)
def test_what_is_no_time(tmp_path: Path, cells: list[str], form: str, told: str) -> None:
    with pytest.raises(UserError, match=f"times.csv, {told}"):
        gaps(tmp_path, *cells, form=form)


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_far_years_are_read_or_told(tmp_path: Path, year: str) -> None:
    try:
        assert gaps(tmp_path, f"{year}-01-01", f"{year}-01-02") == [0, 86400]
    except UserError as error:
        assert f"'{year}-01-01': expected a number or a date" in str(error)  # pandas 2 counts nanoseconds


def test_gaps_too_long_for_the_arrays(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="line 3, column t: '2e38': too long after the time above"):
        gaps(tmp_path, "0", "2e38", unit="0.5")
