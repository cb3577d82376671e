"""Electric power consumption of a household (LTC paper, table 3, "Power").

A row a minute for four years; the target of every step is the global active power, the inputs are the other six
measurements: reactive power, voltage, current, three sub-meters. Windows of 32 rows that do not overlap.

The paper's numbers (mean squared errors of 0.6 to 1.3) cannot come from the authors' code: its inputs are of the same
minute as the target, which is almost the product of two of them, current and voltage. The paper calls the rows hours.

Authors' code, not in the paper: means and deviations are summed row by row in float32, whose precision ends long before
two million rows are added up: with the first days repeated to the full length, the scaled voltage has mean -0.34.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ltcbench.errors import UserError
from ltcbench.tasks.reading import AGAIN, count, table, times
from ltcbench.tasks.sequences import Array, SequenceData, Spec
from ltcbench.tasks.windows import scale, split, taken

DATASET = "power"
WINDOW = 32
SPEC = Spec("mse", "mse", features=6, length=WINDOW, output_size=1, sizes=(48_639, 6_485, 9_727))
SPLIT_SEED = 23489  # authors' code

MEASUREMENTS = [
    "Global_active_power",
    "Global_reactive_power",
    "Voltage",
    "Global_intensity",
    "Sub_metering_1",
    "Sub_metering_2",
    "Sub_metering_3",
]
MISSING = {**dict.fromkeys(MEASUREMENTS, "?"), "Sub_metering_3": ""}
COLUMNS = {**dict.fromkeys(("Date", "Time"), "category"), **dict.fromkeys(MEASUREMENTS, float)}


def load(files: Mapping[str, Path], quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark from its raw files.

    Args:
        files: ``household_power_consumption.txt``.
        quirks: ``same_minute_inputs``, ``random_split``, ``scaled_over_whole_file``, ``missing_filled``,
            ``last_epoch_ignored``.
    """
    values, missing = _rows(files["household_power_consumption.txt"])
    lag = 0 if quirks["same_minute_inputs"] else 1
    minutes = len(values) - lag
    parts = split(np.zeros(minutes, int), WINDOW, WINDOW, SPLIT_SEED if quirks["random_split"] else None)
    if not quirks["missing_filled"]:
        hole = missing[:minutes] | missing[lag:]
        parts = tuple(part[~hole[part].any(axis=1)] for part in parts)

    if quirks["scaled_over_whole_file"]:  # in place and in float32, as the authors do
        values -= values.mean(axis=0)
        values /= values.std(axis=0)
    else:
        mean, deviation = scale(values, parts[0])
        values = ((values - mean) / deviation).astype(np.float32)

    x, y = values[:minutes, 1:], values[lag:, :1]
    train, valid, test = (taken(x, y, part) for part in parts)
    return SequenceData(SPEC, train, valid, test, final_epoch_counts=not quirks["last_epoch_ignored"])


def _rows(path: Path) -> tuple[Array, Array]:
    """Measurements (rows, 7) float32, the last ones where they are missing, and which rows are missing (rows,)."""
    import pandas as pd

    frame = table(path, COLUMNS, sep=";", header=True, missing=MISSING)
    ends = frame[["Date", "Time"]].iloc[[0, -1]].astype(str).agg(" ".join, axis=1)
    first, last = times(path, ends, "%d/%m/%Y %H:%M:%S")
    count(path, len(frame), (last - first) // pd.Timedelta(minutes=1) + 1)

    values = np.ascontiguousarray(frame[MEASUREMENTS], np.float32)
    holes = np.isnan(values).sum(axis=1)
    broken = np.flatnonzero((holes > 0) & (holes < len(MEASUREMENTS)))
    if len(broken):
        raise UserError(f"{path}, row {broken[0] + 1}: only some of the measurements, expected all or none: {AGAIN}.")
    missing = holes > 0
    seen = np.maximum.accumulate(np.where(missing, -1, np.arange(len(values))))
    values = values[seen]
    values[seen < 0] = np.arange(len(MEASUREMENTS))  # before the first measurement: the number of the column
    return values, missing
