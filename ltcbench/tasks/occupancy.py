"""Occupancy of an office room (LTC paper, table 3, "Room occupancy").

A row a minute with temperature, humidity, light, CO2 and humidity ratio; the target of every step is whether somebody
is in the room. Three recordings: 4 to 10 February 2015 for training, the days before (2 to 4) and after (11 to 18) for
the test. Windows of 16 rows (the paper says 32, the authors' code uses 16), for training one a row, else one every 8.
Inputs are scaled by mean and deviation of the training rows.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ltcbench.tasks.reading import codes, table
from ltcbench.tasks.sequences import Array, SequenceData, Spec
from ltcbench.tasks.windows import drawn, taken, windows

DATASET = "occupancy"
FEATURES = 5
WINDOW = 16
LABELS = ("empty", "occupied")
SPEC = Spec("accuracy", "cross_entropy", FEATURES, WINDOW, len(LABELS), sizes=(7315, 812, 1549), labels=LABELS)
SPLIT_SEED = 893429  # authors' code
VALID_ROWS = 574 + 1440  # clean: the last two of the seven training days

MEASUREMENTS = ["Temperature", "Humidity", "Light", "CO2", "HumidityRatio"]
COLUMNS = {"row": str, "date": str, **dict.fromkeys(MEASUREMENTS, float), "Occupancy": str}


def load(files: Mapping[str, Path], quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark from its raw files.

    Args:
        files: ``datatraining.txt``, ``datatest.txt``, ``datatest2.txt``.
        quirks: ``validation_from_training_windows``, ``last_epoch_ignored``.
    """
    x, y = _rows(files["datatraining.txt"])
    if quirks["validation_from_training_windows"]:
        scaled_by = x
        train, valid, _ = drawn(_windows(y, stride=1), SPLIT_SEED, test=0)
    else:
        scaled_by = x[:-VALID_ROWS]
        train = _windows(y[:-VALID_ROWS], stride=1)
        valid = len(y) - VALID_ROWS + _windows(y[-VALID_ROWS:], stride=8)

    x_test, y_test = _rows(files["datatest.txt"])
    x_after, y_after = _rows(files["datatest2.txt"])
    test = np.concatenate([_windows(y_test, stride=8), len(y_test) + _windows(y_after, stride=8)])

    mean, deviation = scaled_by.mean(axis=0), scaled_by.std(axis=0)
    x = (x - mean) / deviation
    x_test = (np.concatenate([x_test, x_after]) - mean) / deviation
    return SequenceData(
        SPEC,
        train=taken(x, y, train),
        valid=taken(x, y, valid),
        test=taken(x_test, np.concatenate([y_test, y_after]), test),
        final_epoch_counts=not quirks["last_epoch_ignored"],
    )


def _rows(path: Path) -> tuple[Array, Array]:
    """Measurements (rows, 5) float64 and classes (rows,) of one recording."""
    frame = table(path, COLUMNS, header=True)
    return np.ascontiguousarray(frame[MEASUREMENTS]), codes(path, frame["Occupancy"], ["0", "1"])


def _windows(y: Array, stride: int) -> Array:
    return windows(np.zeros_like(y), WINDOW, stride)
