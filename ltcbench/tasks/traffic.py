"""Traffic on an interstate highway (LTC paper, table 3, "Traffic").

A row an hour: holiday, temperature, rain, snow, clouds, day of the week, time of the day; the target of every step is
the number of cars in the same hour, so this is estimation, not forecasting. Windows of 32 rows, one every 4 rows.

The paper's numbers cannot come from the authors' present code. Until August 2021 it stacked the windows the wrong way
round: its sequences were the 32 steps of all windows, 12,043 steps of which each is four hours after the one before.
The switch ``transposed_windows`` gives that version; it is off under both protocols.

Authors' code, not in the paper: the holiday flag is always 0; the day is a number from 0 to 6 (paper: a flag for
weekdays); the file repeats an hour for each kind of weather in it, and many hours are missing.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ltcbench.tasks.reading import table, times
from ltcbench.tasks.sequences import Array, SequenceData, Spec
from ltcbench.tasks.windows import gaps, scale, split, taken

if TYPE_CHECKING:
    import pandas as pd

DATASET = "traffic"
WINDOW = 32
STRIDE = 4
SPEC = Spec("mse", "mse", features=7, length=WINDOW, output_size=1, sizes=(9033, 1204, 1806))
SPLIT_SEED = 23489  # authors' code
COLDEST, MOST_RAIN = 200.0, 305.0  # K, and mm in an hour (the world record): beyond is no weather but an error
LONGEST_GAP = 24  # hours; no clean window crosses a longer one

WEATHER = ["temp", "rain_1h", "snow_1h", "clouds_all"]
COLUMNS = {
    "holiday": str,
    **dict.fromkeys(WEATHER, float),
    **dict.fromkeys(("weather_main", "weather_description", "date_time"), str),
    "traffic_volume": float,
}


def load(files: Mapping[str, Path], quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark from its raw files.

    Args:
        files: ``Metro_Interstate_Traffic_Volume.csv.gz``.
        quirks: ``transposed_windows``, ``random_split``, ``scaled_over_whole_file``, ``weather_as_is``,
            ``holiday_always_zero``, ``weekday_as_number``, ``half_day_period``, ``repeated_hours``, ``time_ignored``,
            ``last_epoch_ignored``.
    """
    path = files["Metro_Interstate_Traffic_Volume.csv.gz"]
    rows = table(path, COLUMNS, header=True)
    rows["time"] = times(path, rows["date_time"], "%Y-%m-%d %H:%M:%S")
    if not quirks["repeated_hours"]:
        rows = rows.drop_duplicates("time")

    hour = (rows["time"] - rows["time"].iloc[0]).to_numpy() / np.timedelta64(1, "h")
    run = np.cumsum(np.diff(hour, prepend=hour[0]) > LONGEST_GAP)
    if quirks["time_ignored"]:
        run = np.zeros_like(run)
    seed = SPLIT_SEED if quirks["random_split"] else None
    parts = split(run, WINDOW, STRIDE, seed, transposed=quirks["transposed_windows"])
    scaled_by = np.arange(len(rows)) if quirks["scaled_over_whole_file"] else np.unique(parts[0])

    holiday, weekday, *time_of_day = _calendar(rows, quirks)
    x = np.column_stack([holiday, _weather(rows, scaled_by, quirks["weather_as_is"]), weekday, *time_of_day])
    y = rows["traffic_volume"].to_numpy(np.float32)[:, None]
    y = y - y[scaled_by].mean()
    y = y / y[scaled_by].std()

    train, valid, test = (
        taken(x, y, part, None if quirks["time_ignored"] else gaps(hour, part, usual=1)) for part in parts
    )
    spec = replace(SPEC, features=x.shape[1], length=parts[0].shape[1], irregular=not quirks["time_ignored"])
    return SequenceData(spec, train, valid, test, final_epoch_counts=not quirks["last_epoch_ignored"])


def _calendar(rows: "pd.DataFrame", quirks: Mapping[str, bool]) -> list[Array]:
    """Holiday, day of the week and one or two columns for the time of the day, each (rows,) float32."""
    date = rows["time"].dt.normalize()
    # The file names a holiday in the first hour of the day only.
    holiday = date.isin(date[rows["holiday"] != "None"]) & (not quirks["holiday_always_zero"])
    weekday = rows["time"].dt.day_of_week.to_numpy(np.float32)
    if not quirks["weekday_as_number"]:
        weekday = (weekday < 5).astype(np.float32)
    hour = rows["time"].dt.hour.to_numpy(np.float32)
    day = [np.sin(hour * np.pi / 12), np.cos(hour * np.pi / 12)]
    time_of_day = [np.sin(hour * np.pi / 24)] if quirks["half_day_period"] else day
    return [holiday.to_numpy(np.float32), weekday, *time_of_day]


def _weather(rows: "pd.DataFrame", scaled_by: Array, as_is: bool) -> Array:
    """Temperature, rain, snow and clouds (rows, 4)."""
    if as_is:
        values = np.ascontiguousarray(rows[WEATHER], np.float32)
        values[:, 0] -= np.ascontiguousarray(values[:, 0])[scaled_by].mean()
        return values
    known = rows[WEATHER].where((rows["temp"] > COLDEST) & (rows["rain_1h"] < MOST_RAIN)).to_numpy()
    mean, deviation = scale(known, scaled_by)
    scaled: Array = np.nan_to_num((known - mean) / deviation)  # an unknown value becomes the mean
    return scaled
