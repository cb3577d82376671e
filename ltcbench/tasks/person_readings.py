"""What a person does, reading by reading, on the sequences of Rubanova et al. (LTC paper, table 5, second setting).

No code was released for this setting, and its supplement tells only this: the sequences are those of Rubanova et al.
2019, ``person_irregular``; a tenth of the training set is for validation, of 400 epochs the one that validates best is
tested; the inputs are those of the first setting, ``person``: which tag (4 flags) and where it is (x, y, z), without
time. What it leaves open is decided here once. The moments of a window are written out as their readings, in the order
of the file: 50, rarely more. Each reading has its own activity, those that Rubanova et al. leave without a label have
none; seven classes. The tenth is what comes first in their seeded order, before sequences are drawn with replacement.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ltcbench.tasks import person_irregular
from ltcbench.tasks.person_irregular import DRAW_SEED, LABELS, SPLIT_SEED, STRIDE, TAGS, TEST_RECORDING, VALID_RECORDING
from ltcbench.tasks.sequences import Array, SequenceData, Spec, Split
from ltcbench.tasks.splitting import shuffle_split
from ltcbench.tasks.windows import windows

DATASET = "person"
LENGTH = 51  # of the longest sequence, where none is longer
SPEC = Spec(
    "accuracy",
    "cross_entropy",
    features=len(TAGS) + 3,
    length=LENGTH,
    output_size=len(LABELS),
    sizes=(4719, 524, 1311),  # of the whole file
    labels=LABELS,
    padded=True,
)
VALID_SHARE = 0.1  # of the training sequences


def load(files: Mapping[str, Path], quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark from its raw files.

    Args:
        files: ``ConfLongDemo_JSI.txt``.
        quirks: ``windows_split_at_random``, ``drawn_with_replacement``, ``time_steps_back``,
            ``misspelt_label_left_out``, ``time_ignored``.
    """
    lines = person_irregular.readings(files["ConfLongDemo_JSI.txt"], quirks)
    rows = windows(lines.recording[lines.first], person_irregular.WINDOW, STRIDE)
    begin, end = lines.first[rows[:, 0]], np.r_[lines.first, len(lines.tag)][rows[:, -1] + 1]
    steps = np.arange((end - begin).max(initial=LENGTH))
    x = np.column_stack([np.eye(len(TAGS))[lines.tag], lines.place]).astype(np.float32)
    y = np.where(lines.label == len(LABELS), -1, lines.label)

    def split(chosen: Array) -> Split:
        mask = steps < (end - begin)[chosen, None]
        line = np.where(mask, begin[chosen, None] + steps, begin[chosen, None])
        elapsed = np.ones(mask.shape, np.float32)
        if not quirks["time_ignored"]:
            elapsed = np.diff(lines.time[line], axis=1, prepend=lines.time[line[:, :1]]).astype(np.float32)
        elapsed = np.where(mask, elapsed, np.float32(0))
        return Split(x[line] * mask[..., None], np.where(mask, y[line], -1), elapsed, mask)

    train, valid, test = (split(part) for part in _parts(len(rows), lines.recording[begin] % 5 + 1, quirks))
    return SequenceData(replace(SPEC, length=len(steps), irregular=not quirks["time_ignored"]), train, valid, test)


def _parts(size: int, number: Array, quirks: Mapping[str, bool]) -> tuple[Array, Array, Array]:
    """The windows of train, valid and test, of so many, by the ``number`` (N,) of the person's recording."""
    if quirks["windows_split_at_random"]:
        train, test = shuffle_split(size, 0.8, SPLIT_SEED)
        held_out = int(VALID_SHARE * len(train))
        valid, train = train[:held_out], train[held_out:]
    else:
        valid, test = np.flatnonzero(number == VALID_RECORDING), np.flatnonzero(number == TEST_RECORDING)
        train = np.flatnonzero((number != VALID_RECORDING) & (number != TEST_RECORDING))
    if quirks["drawn_with_replacement"]:
        rng = np.random.RandomState(DRAW_SEED)
        train, test = (part[rng.choice(len(part), len(part))] for part in (train, test))
    return train, valid, test
