"""What a person does, from four tags at irregular times (CfC paper, journal table 2, "person activity").

The journal describes another data set (smartphone features, 6 classes); the authors' code loads this one. Readings of
the same 10 ms are one moment: the coordinates of those tags that were read (4 tags x 3, the mask says which), several
readings of a tag averaged. The target of every moment is one of seven activities, the smallest number where there are
several. Windows of 50 moments, one every 25, inside a recording; the first step of a window has elapsed time 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ltcbench.tasks.moments import averaged, numbered
from ltcbench.tasks.reading import codes, table
from ltcbench.tasks.sequences import Array, SequenceData, Spec, Split
from ltcbench.tasks.splitting import shuffle_split
from ltcbench.tasks.windows import windows
from ltcbench.values import Range, checked

DATASET = "person"
RECORDINGS = [f"{person}0{number}" for person in "ABCDE" for number in range(1, 6)]
TAGS = ("010-000-024-033", "010-000-030-096", "020-000-033-111", "020-000-032-221")  # ankles, chest, belt
FEATURES = 3 * len(TAGS)
WINDOW = 50
STRIDE = 25
MISSPELT = "standing up from sitting on the ground"  # authors' code: "... from sit on grnd"
CLASS = {
    "walking": 0,
    "falling": 1,
    "lying": 2,
    "lying down": 2,
    "sitting": 3,
    "sitting down": 3,
    "standing up from lying": 4,
    "standing up from sitting": 4,
    MISSPELT: 4,
    "on all fours": 5,
    "sitting on the ground": 6,
}
LABELS = ("walking", "falling", "lying", "sitting", "standing up", "on all fours", "sitting on the ground")
SPEC = Spec(
    "accuracy",
    "cross_entropy",
    FEATURES,
    WINDOW,
    output_size=11,
    sizes=(5243, 0, 1311),  # of the whole file, as Rubanova et al. count the windows: 6554
    labels=LABELS,
    irregular=True,
)
UNIT = 10**5  # ticks of 100 ns in 10 ms
SPLIT_SEED = 42  # authors' code
DRAW_SEED = 20213  # the authors draw without a seed
VALID_RECORDING, TEST_RECORDING = 2, 3  # clean: of each person's five
VALID_SHARE = 0.1
COLUMNS = {
    **dict.fromkeys(("recording", "tag"), "category"),
    "ticks": float,
    "date": str,
    **dict.fromkeys(("x", "y", "z"), float),
    "activity": "category",
}


def load(files: Mapping[str, Path], quirks: Mapping[str, bool], time_scale: float = 0.1) -> SequenceData:
    """The benchmark from its raw files.

    Args:
        files: ``ConfLongDemo_JSI.txt``.
        quirks: ``windows_split_at_random``, ``drawn_with_replacement``, ``time_steps_back``,
            ``misspelt_label_left_out``, ``unlabelled_as_walking``, ``eleven_outputs``, ``no_validation``.
        time_scale: elapsed times are counted in 10 ms and multiplied by this (the authors' tau).

    Raises:
        UserError: a time scale that is not above zero.
    """
    checked("task.time_scale", time_scale, float, Range(0, 1e6, without="least"))
    unlabelled_as = LABELS.index("walking") if quirks["unlabelled_as_walking"] else -1
    x, mask, y, time, recording = _moments(files["ConfLongDemo_JSI.txt"], quirks)
    rows = windows(recording, WINDOW, STRIDE)
    parts = _parts(rows, recording[rows[:, 0]] % 5 + 1, quirks)

    def split(chosen: Array, unlabelled: int = -1) -> Split:
        steps = time[chosen] - time[chosen[:, :1]]
        elapsed = np.diff(steps, axis=1, prepend=np.float32(0)) * np.float32(time_scale)
        target = y[chosen]
        return Split(x[chosen], np.where(target < 0, unlabelled, target), elapsed, mask[chosen])

    return SequenceData(
        SPEC if quirks["eleven_outputs"] else replace(SPEC, output_size=len(LABELS)),
        train=split(parts["train"], unlabelled_as),
        valid=split(parts["valid"]) if "valid" in parts else None,
        test=split(parts["test"]),
        selection="best" if "valid" in parts else "last",
    )


def _parts(rows: Array, number: Array, quirks: Mapping[str, bool]) -> dict[str, Array]:
    """The windows of each part, of all ``rows`` (N, 50), by the ``number`` (N,) of the person's recording."""
    if quirks["windows_split_at_random"]:
        train, test = shuffle_split(len(rows), 0.8, SPLIT_SEED)
        size = 0 if quirks["no_validation"] else int(VALID_SHARE * len(rows))
        valid, train = train[:size], train[size:]
    else:
        held_out = number == (0 if quirks["no_validation"] else VALID_RECORDING)
        test, valid = np.flatnonzero(number == TEST_RECORDING), np.flatnonzero(held_out)
        train = np.flatnonzero((number != TEST_RECORDING) & ~held_out)
    if quirks["drawn_with_replacement"]:
        rng = np.random.RandomState(DRAW_SEED)
        train, test = (part[rng.choice(len(part), len(part))] for part in (train, test))
    parts = {"train": rows[train], "valid": rows[valid], "test": rows[test]}
    return {part: chosen for part, chosen in parts.items() if part != "valid" or not quirks["no_validation"]}


@dataclass(frozen=True)
class Readings:
    """All lines of the file in the order in which they count; arrays (lines,), but for ``first``.

    Attributes:
        recording: number of the recording.
        tag: number of the tag.
        label: class, the number of classes where there is none.
        place: coordinates (lines, 3).
        time: since the recording's beginning, in 10 ms.
        moment: number of the moment.
        first: the first line of each moment (moments,).
    """

    recording: Array
    tag: Array
    label: Array
    place: Array
    time: Array
    moment: Array
    first: Array


def readings(path: Path, quirks: Mapping[str, bool]) -> Readings:
    """The readings; of ``quirks`` only ``time_steps_back`` and ``misspelt_label_left_out`` count."""
    lines = table(path, COLUMNS)
    recording = codes(path, lines["recording"], RECORDINGS)
    tag = codes(path, lines["tag"], TAGS)
    label = np.array(list(CLASS.values()))[codes(path, lines["activity"], list(CLASS))]
    if quirks["misspelt_label_left_out"]:
        label[lines["activity"] == MISSPELT] = len(LABELS)
    ticks, place = lines["ticks"].to_numpy(), lines[["x", "y", "z"]].to_numpy()
    if not quirks["time_steps_back"]:
        order = np.lexsort((ticks, recording))
        recording, tag, label, ticks, place = (lane[order] for lane in (recording, tag, label, ticks, place))

    begin = np.flatnonzero(np.diff(recording, prepend=-1) != 0)
    time = np.rint((ticks - np.repeat(ticks[begin], np.diff(np.r_[begin, len(ticks)]))) / UNIT)
    return Readings(recording, tag, label, place, time, *numbered(recording, time))


def _moments(path: Path, quirks: Mapping[str, bool]) -> tuple[Array, Array, Array, Array, Array]:
    """All moments of the file.

    Returns:
        coordinates (moments, 12) float32 and which were read, bool; classes (moments,) int64, -1 where there is none;
        time since the recording's beginning (moments,) float32 in 10 ms; number of the recording (moments,).
    """
    lines = readings(path, quirks)
    first = lines.first
    x, mask = averaged(lines.moment * len(TAGS) + lines.tag, lines.place, len(first) * len(TAGS))
    y = np.minimum.reduceat(lines.label, first)
    y[y == len(LABELS)] = -1
    return (
        x.reshape(-1, FEATURES),
        np.repeat(mask, 3).reshape(-1, FEATURES),
        y,
        lines.time[first].astype(np.float32),
        lines.recording[first],
    )
