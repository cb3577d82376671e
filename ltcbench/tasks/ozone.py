"""Days with much ozone (LTC paper, table 3, "Ozone").

A row a day, 1998 to 2004, with 72 features of the weather (the paper says 73); the target of every step is whether it
is an ozone day, which 6.3 % are. Windows of 32 rows, one every 4 rows.

Authors' code, not in the paper: the windows are stacked the wrong way round, so that the sequences are the 32 steps of
all windows: 626 steps of which each is four days after the one before. Every ozone day weighs 1.6 in the loss and every
other 0.1 (the paper says 15 times as much), and the sum is divided by the number of days, not by the sum of weights.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ltcbench.tasks.reading import codes, table, times
from ltcbench.tasks.sequences import SequenceData, Spec
from ltcbench.tasks.windows import gaps, scale, split, taken

DATASET = "ozone"
FEATURES = 72
WINDOW = 32
STRIDE = 4
LABELS = ("normal", "ozone")
SPEC = Spec("f1", "cross_entropy", FEATURES, length=626, output_size=len(LABELS), sizes=(25, 3, 4), labels=LABELS)
SPLIT_SEED = 23489  # authors' code
CLASS_WEIGHTS = (0.1, 1.6)  # authors' code

MISSING = {str(number): "?" for number in range(1, FEATURES + 1)}
COLUMNS = {"date": str, **dict.fromkeys(MISSING, float), "ozone": str}


def load(files: Mapping[str, Path], quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark from its raw files.

    Args:
        files: ``eighthr.data``.
        quirks: ``transposed_windows``, ``random_split``, ``scaled_over_all_days``, ``one_scale_for_all``,
            ``missing_as_zero``, ``time_ignored``, ``last_epoch_ignored``.
    """
    path = files["eighthr.data"]
    rows = table(path, COLUMNS, missing=MISSING)
    y = codes(path, rows["ozone"], ["0.", "1."])
    day = times(path, rows["date"], "%m/%d/%Y").to_numpy().astype("datetime64[D]").astype(np.float64)

    seed = SPLIT_SEED if quirks["random_split"] else None
    parts = split(np.zeros(len(y), int), WINDOW, STRIDE, seed, transposed=quirks["transposed_windows"])

    x = np.ascontiguousarray(rows.iloc[:, 1:-1], np.float64)
    if quirks["missing_as_zero"]:
        x = np.nan_to_num(x)
    scaled_by = np.arange(len(y)) if quirks["scaled_over_all_days"] else parts[0]
    mean, deviation = scale(x, scaled_by, axis=None if quirks["one_scale_for_all"] else 0)
    x = np.nan_to_num((x - mean) / deviation)  # what is still missing becomes the mean

    train, valid, test = (
        taken(x, y, part, None if quirks["time_ignored"] else gaps(day, part, usual=1)) for part in parts
    )
    return SequenceData(
        replace(SPEC, length=parts[0].shape[1], irregular=not quirks["time_ignored"]),
        train,
        valid,
        test,
        final_epoch_counts=not quirks["last_epoch_ignored"],
        class_weights=CLASS_WEIGHTS,
        weights_normalised=False,
    )
