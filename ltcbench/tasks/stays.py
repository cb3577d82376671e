"""The records of the PhysioNet Challenge 2012: a text file a stay, a line a measurement, e.g. ``00:07,HR,73``."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ltcbench.errors import UserError
from ltcbench.tasks.reading import AGAIN, EXACT, codes, content, numbers
from ltcbench.tasks.sequences import Array

VARIABLES = (
    *("Age", "Gender", "Height", "ICUType", "Weight"),  # descriptors of admission
    *("Albumin", "ALP", "ALT", "AST", "Bilirubin", "BUN", "Cholesterol", "Creatinine", "DiasABP", "FiO2", "GCS"),
    *("Glucose", "HCO3", "HCT", "HR", "K", "Lactate", "Mg", "MAP", "MechVent", "Na", "NIDiasABP", "NIMAP", "NISysABP"),
    *("PaCO2", "PaO2", "pH", "Platelets", "RespRate", "SaO2", "SysABP", "Temp", "TroponinI", "TroponinT", "Urine"),
    "WBC",
)
KINDS: dict[str, Any] = {"hour": float, "minute": float, "variable": "category", "value": float}
HEADER = "Time,Parameter,Value"
OUTCOMES = "RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death"


@dataclass(frozen=True)
class Measurements:
    """All lines of all stays but the numbers of the records, stay by stay and in order of time.

    Attributes:
        stay: number of the stay, (lines,) int64.
        hour: time since admission, (lines,) float64.
        variable: place in ``VARIABLES``, (lines,) int64.
        value: (lines,) float64.
    """

    stay: Array
    hour: Array
    variable: Array
    value: Array


def measurements(paths: Sequence[Path]) -> Measurements:
    """Every measurement of these stays; all files are parsed as one, thirty times as fast as one by one.

    Raises:
        UserError: a file cannot be read or a line of it is not as it should be: header, number of fields, time, order
            of times, unknown parameter, value that is no finite number, or a RecordID that is not the file's name.
    """
    import pandas as pd

    bodies = [_body(path) for path in paths]
    lines = [body.count(b"\n") for body in bodies]
    stay = np.repeat(np.arange(len(paths)), lines)
    first = np.diff(stay, prepend=-1) != 0
    options: dict[str, Any] = {"index_col": False, "skip_blank_lines": False, **EXACT}
    try:
        table = pd.read_csv(
            BytesIO(b"".join(bodies).replace(b":", b",")),
            names=list(KINDS),
            dtype=KINDS,
            **options,
        )
        hour = table["hour"].to_numpy() + table["minute"].to_numpy() / 60.0
        variable = pd.Index(VARIABLES).get_indexer(pd.Index(table["variable"]))
        value = table["value"].to_numpy()
        good = np.where(first, table["variable"] == "RecordID", variable >= 0)
        good &= np.isfinite(hour) & np.isfinite(value) & (first | (np.diff(hour, prepend=0) >= 0))
        fine = good.all() and value[first].tolist() == [_number(path) for path in paths]
    except ValueError:  # a line with a wrong number of fields or with text for a number
        fine = False
    if not fine:
        for path in paths:
            _check(path)
        raise UserError(f"{paths[0].parent} holds a file that is not a table of measurements: {AGAIN}.")
    return Measurements(stay[~first], hour[~first], variable[~first], value[~first])


def died(path: Path, ids: Sequence[str]) -> Array:
    """In-hospital death (N,) int64 of these stays.

    Raises:
        UserError: the file is not the challenge's, a stay has none or two outcomes, or one that is not 0 or 1.
    """
    import pandas as pd

    table = numbers(path, len(OUTCOMES.split(",")), sep=",", header=True)
    record = pd.Index(table[:, 0].astype(np.int64).astype(str))
    if record.has_duplicates:
        raise UserError(f"{path} has two outcomes for stay {record[record.duplicated()][0]}, expected one: {AGAIN}.")
    outcome = codes(path, table[:, -1], (0, 1))
    place = record.get_indexer(pd.Index(ids))
    if (place < 0).any():
        raise UserError(f"{path} has no outcome for stay {ids[int((place < 0).argmax())]}: {AGAIN}.")
    chosen: Array = outcome[place]
    return chosen


def _number(path: Path) -> float:
    return float(path.stem) if path.stem.isdecimal() else math.nan


def _body(path: Path) -> bytes:
    """The lines behind the header, each with its end."""
    header, *lines = content(path).splitlines() or [b""]
    if header != HEADER.encode() or not lines:
        raise UserError(f"{path} does not begin with the line {HEADER} and measurements under it: {AGAIN}.")
    return b"\n".join([*lines, b""])


def _check(path: Path) -> None:
    """Raise a UserError that names the first line which is not as it should be."""
    before = 0.0
    for number, line in enumerate(content(path).splitlines()[1:], 2):
        fields = line.decode(errors="replace").split(",")
        parameter = fields[1] if len(fields) == 3 else ""
        try:
            hour, minute = map(int, fields[0].split(":"))
            time, value = hour + minute / 60.0, float(fields[2])
        except (ValueError, IndexError):
            time = value = math.nan
        if len(fields) != 3 or not math.isfinite(time) or not math.isfinite(value):
            wrong = "expected a time HH:MM, a parameter and a number"
        elif number == 2 and (parameter != "RecordID" or value != _number(path)):
            wrong = f"expected RecordID and {path.stem}, the name of the file"
        elif number > 2 and parameter not in VARIABLES:
            wrong = "unknown parameter, expected one of the challenge's 41"
        elif time < before:
            wrong = "the time is before that of the line above, expected times in order"
        else:
            before = time
            continue
        raise UserError(f"{path}, line {number}: {line.decode(errors='replace')!r}: {wrong}: {AGAIN}.")
