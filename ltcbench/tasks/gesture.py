"""Gesture phase segmentation (LTC paper, table 3, "Gesture").

Seven recordings of three users (a, b, c) who tell stories (1, 2, 3): each row holds 32 velocities and accelerations of
hands and wrists, the target of every step is one of five phases of a gesture. Windows of 32 rows, one every 16 rows.

Authors' code, not in the paper: a recording is cut into whole windows of 32 rows and one more is put in the middle
between each two of them; rows behind the last whole window are not used.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ltcbench.tasks.reading import codes, table
from ltcbench.tasks.sequences import Array, SequenceData, Spec
from ltcbench.tasks.windows import by_part, drawn, rows_from, scale, taken

DATASET = "gesture"
FEATURES = 32
WINDOW = 32
LABELS = ("rest", "preparation", "stroke", "hold", "retraction")
CODES = "DPSHR"
SPEC = Spec("accuracy", "cross_entropy", FEATURES, WINDOW, len(LABELS), sizes=(455, 60, 90), labels=LABELS)
RECORDINGS = ("a3", "b1", "b3", "c1", "c3", "a2", "a1")  # in the authors' order
SPLIT_SEED = 23489  # authors' code
CLEAN_PART = {"b1": 1, "a2": 2, "c1": 2}  # 1 valid, 2 test, the others train: 65, 11 and 24 % of the rows

COLUMNS = {**{str(number): float for number in range(1, FEATURES + 1)}, "Phase": str}


def load(files: Mapping[str, Path], quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark from its raw files.

    Args:
        files: ``{a1,a2,a3,b1,b3,c1,c3}_va3.csv``.
        quirks: ``random_split``, ``scaled_over_all_windows``, ``last_epoch_ignored``.
    """
    recordings = [_recording(files[f"{name}_va3.csv"]) for name in RECORDINGS]
    lengths = [len(y) for _, y in recordings]
    x = np.concatenate([x for x, _ in recordings])
    y = np.concatenate([y for _, y in recordings])
    begins = np.cumsum([0, *lengths[:-1]])
    rows = np.concatenate([begin + _windows(length) for begin, length in zip(begins, lengths, strict=True)])

    if quirks["random_split"]:
        parts = drawn(rows, SPLIT_SEED)
    else:
        parts = by_part(rows, np.repeat([CLEAN_PART.get(name, 0) for name in RECORDINGS], lengths))

    if quirks["scaled_over_all_windows"]:
        # In float32, each column as one run, time first, then windows: order and layout decide the last bits.
        steps = np.asfortranarray(x[rows.T].reshape(-1, FEATURES))
        mean, deviation = steps.mean(axis=0), steps.std(axis=0)
    else:
        mean, deviation = scale(x, parts[0])
    x = (x - mean) / deviation

    train, valid, test = (taken(x, y, part) for part in parts)
    return SequenceData(SPEC, train, valid, test, final_epoch_counts=not quirks["last_epoch_ignored"])


def _recording(path: Path) -> tuple[Array, Array]:
    """Features (rows, 32) float32 and phases (rows,) of one recording."""
    frame = table(path, COLUMNS, header=True)
    return np.ascontiguousarray(frame.iloc[:, :FEATURES], np.float32), codes(path, frame["Phase"], list(CODES))


def _windows(length: int) -> Array:
    """Rows (N, 32) of the windows that the authors cut from a recording of ``length`` rows."""
    return rows_from(np.arange(0, WINDOW * (length // WINDOW - 1) + 1, WINDOW // 2), WINDOW)
