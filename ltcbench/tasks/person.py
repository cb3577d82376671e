"""What a person does, from four tags (LTC paper, table 4, first setting, "person activity").

A row is a reading of one of four tags on the body: which tag (4 flags) and where it is (x, y, z in metres, not
scaled); the target of every step is one of seven activities (the file's eleven, merged). Five people with five
recordings each. Windows of 32 readings, one every 16, inside a recording. Batches of 64.

Authors' code, not in the paper: the last recording of the file is never used.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ltcbench.tasks.person_irregular import COLUMNS, RECORDINGS, TAGS, TEST_RECORDING, VALID_RECORDING
from ltcbench.tasks.reading import codes, table
from ltcbench.tasks.sequences import SequenceData, Spec
from ltcbench.tasks.windows import by_part, drawn, gaps, taken, windows

DATASET = "person"
WINDOW = 32
STRIDE = 16
CLASS = {
    "lying down": 0,
    "lying": 0,
    "sitting down": 1,
    "sitting": 1,
    "standing up from lying": 2,
    "standing up from sitting": 2,
    "standing up from sitting on the ground": 2,
    "walking": 3,
    "falling": 4,
    "on all fours": 5,
    "sitting on the ground": 6,
}
LABELS = ("lying", "sitting", "standing up", "walking", "falling", "on all fours", "sitting on the ground")
SPEC = Spec(
    "accuracy",
    "cross_entropy",
    features=len(TAGS) + 3,
    length=WINDOW,
    output_size=len(LABELS),
    sizes=(7420, 989, 1483),  # about; of the whole file, whose recordings' lengths are not published
    labels=LABELS,
)
SPLIT_SEED = 27731  # authors' code
USUAL_GAP = 0.027  # seconds, the median


def load(files: Mapping[str, Path], quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark from its raw files.

    Args:
        files: ``ConfLongDemo_JSI.txt``.
        quirks: ``random_split``, ``last_recording_left_out``, ``time_ignored``, ``last_epoch_ignored``.
    """
    path = files["ConfLongDemo_JSI.txt"]
    readings = table(path, COLUMNS)
    recording = codes(path, readings["recording"], RECORDINGS)
    tag = codes(path, readings["tag"], TAGS)
    y = np.array(list(CLASS.values()))[codes(path, readings["activity"], list(CLASS))]
    x = np.column_stack([np.eye(len(TAGS))[tag], readings[["x", "y", "z"]]])

    rows = windows(recording, WINDOW, STRIDE)
    if quirks["last_recording_left_out"]:
        rows = rows[recording[rows[:, 0]] != recording[-1]]
    if quirks["random_split"]:
        parts = drawn(rows, SPLIT_SEED)
    else:
        number = recording % 5 + 1
        parts = by_part(rows, np.select([number == VALID_RECORDING, number == TEST_RECORDING], [1, 2]))

    second = (readings["ticks"] - readings["ticks"].iloc[0]).to_numpy() * 1e-7
    train, valid, test = (
        taken(x, y, part, None if quirks["time_ignored"] else gaps(second, part, USUAL_GAP)) for part in parts
    )
    spec = replace(SPEC, irregular=not quirks["time_ignored"])
    return SequenceData(spec, train, valid, test, final_epoch_counts=not quirks["last_epoch_ignored"])
