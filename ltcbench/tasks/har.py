"""Human activity recognition from a smartphone (LTC paper, table 3, "Human activity").

Each row of the raw files holds 561 features of a 2.56 s stretch of one of 30 subjects; the target of every step is
one of six activities. Windows of 16 rows (the paper says 32, the authors' code uses 16), for training one a row, for
the test one every 8 rows. The features lie in [-1, 1] and are not scaled further.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ltcbench.tasks.reading import codes, numbers, table
from ltcbench.tasks.sequences import Array, SequenceData, Spec
from ltcbench.tasks.windows import drawn, taken, windows

DATASET = "har"
FEATURES = 561
WINDOW = 16
LABELS = ("walking", "walking upstairs", "walking downstairs", "sitting", "standing", "lying")
SPEC = Spec("accuracy", "cross_entropy", FEATURES, WINDOW, len(LABELS), sizes=(6603, 733, 367), labels=LABELS)
CODES = "123456"
ROWS = {"train": 7352, "test": 2947}
SPLIT_SEED = 893429  # authors' code
VALID_SUBJECTS = (1, 11, 26)  # clean: three of the 21 training subjects, 14 % of the rows


def load(files: Mapping[str, Path], quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark from its raw files.

    Args:
        files: ``UCI HAR Dataset/{train,test}/{X,y,subject}_*.txt``.
        quirks: ``windows_cross_subjects``, ``validation_from_training_windows``, ``last_epoch_ignored``.
    """
    x, y, subject = _rows(files, "train")
    x_test, y_test, subject_test = _rows(files, "test")
    if quirks["windows_cross_subjects"]:
        run, run_test = np.zeros_like(y), np.zeros_like(y_test)
    else:
        run, run_test = subject, subject_test

    if quirks["validation_from_training_windows"]:
        train, valid, _ = drawn(windows(run, WINDOW, 1), SPLIT_SEED, test=0)
    else:
        held_out = np.isin(subject, VALID_SUBJECTS)
        run = run * 2 + held_out  # no window holds rows of train and of valid
        train, valid = windows(run, WINDOW, 1), windows(run, WINDOW, 8)
        train, valid = train[~held_out[train[:, 0]]], valid[held_out[valid[:, 0]]]

    return SequenceData(
        SPEC,
        train=taken(x, y, train),
        valid=taken(x, y, valid),
        test=taken(x_test, y_test, windows(run_test, WINDOW, 8)),
        final_epoch_counts=not quirks["last_epoch_ignored"],
    )


def _rows(files: Mapping[str, Path], part: str) -> tuple[Array, Array, Array]:
    """Features (rows, 561) float32, classes (rows,) and subjects (rows,) of one part."""
    path = {name: files[f"UCI HAR Dataset/{part}/{name}_{part}.txt"] for name in ("X", "y", "subject")}
    x = numbers(path["X"], FEATURES, sep=r"\s+", rows=ROWS[part]).astype(np.float32)
    y = table(path["y"], {"activity": str}, rows=ROWS[part])["activity"]
    subject = table(path["subject"], {"subject": float}, rows=ROWS[part])["subject"]
    return x, codes(path["y"], y, list(CODES)), subject.to_numpy()
