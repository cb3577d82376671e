"""Death in hospital from 48 hours of intensive care (CfC paper, table 5; PhysioNet Challenge 2012, set a).

4000 stays, each up to 203 moments at which some of 41 variables were measured (the paper says 8000 and 37); class 1
died. The mask (N, T, 41) says which values were measured; a moment without any is padding. Several values of a variable
at one moment are averaged. Times in hours. Three stays have only the descriptors of admission: one moment.

The authors' code stores in the place of elapsed times minus the time of the moment before, then takes differences of
that: a model sees 0, 0, then minus the gap before the last one, and at the first padded step the time of the last
moment but one (``time_bug``). They split the stays in the order in which their disk lists the files, which nobody can
repeat; here that is the order of names.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ltcbench.errors import UserError
from ltcbench.tasks.moments import averaged, numbered
from ltcbench.tasks.reading import AGAIN
from ltcbench.tasks.sequences import Array, SequenceData, Spec, Split
from ltcbench.tasks.splitting import by_name, shuffle_split
from ltcbench.tasks.stays import VARIABLES, Measurements, died, measurements

DATASET = "physionet"
FEATURES = len(VARIABLES)
LENGTH = 203
SPEC = Spec(
    "auc",
    "cross_entropy",
    FEATURES,
    LENGTH,
    output_size=2,
    sizes=(3200, 0, 800),
    labels=("survived", "died"),
    per_step=False,
    irregular=True,
    padded=True,
)
SPLIT_SEED = 42  # authors' code
VALID_SEED = 11  # code of Shukla and Marlin 2021
QUANTUM = 0.016  # hours; authors' code
TEST_SHARE = 0.2
SEEDED_SHARE = 0.2  # code of Shukla and Marlin 2021: of the rest
VALID_SHARE = 0.125  # clean: of the rest, a tenth of all
UNKNOWN = -1.0  # height, weight and gender


def load(files: Mapping[str, Path], quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark from its raw files.

    Args:
        files: ``set-a/<RecordID>.txt`` and ``Outcomes-a.txt``.
        quirks: ``time_bug``, ``times_rounded``, ``unknown_is_measured``, ``scaled_by_maximum``,
            ``scaled_over_all_stays``, ``missing_values_scaled``, ``split_by_record_order``, ``no_validation``,
            ``seeded_validation``.
    """
    paths = [files[name] for name in sorted(files) if name.startswith("set-a/")]
    ids = [path.stem for path in paths]
    y = died(files["Outcomes-a.txt"], ids)
    parts = _parts(ids, quirks)

    lines = measurements(paths)
    hours, moment, inside = _moments(paths, lines, quirks["times_rounded"])
    x, mask = _table(lines, moment, inside.shape, quirks["unknown_is_measured"])
    scaling = parts["train"] if not quirks["scaled_over_all_stays"] else np.arange(len(ids))
    x = _scaled(x, mask, scaling, quirks["scaled_by_maximum"])
    x[~inside if quirks["missing_values_scaled"] else ~mask] = 0
    elapsed = _as_authors(hours, inside) if quirks["time_bug"] else _gaps(hours, inside)

    split = {part: Split(x[chosen], y[chosen], elapsed[chosen], mask[chosen]) for part, chosen in parts.items()}
    return SequenceData(
        SPEC, split["train"], split.get("valid"), split["test"], selection="best" if "valid" in split else "last"
    )


def _parts(ids: list[str], quirks: Mapping[str, bool]) -> dict[str, Array]:
    """The numbers of the stays of each part."""
    if quirks["split_by_record_order"]:
        train, test = shuffle_split(len(ids), 1 - TEST_SHARE, SPLIT_SEED)
    else:
        (chosen,) = by_name(ids, [TEST_SHARE])
        train, test = np.flatnonzero(~chosen), np.flatnonzero(chosen)
    if quirks["no_validation"]:
        return {"train": train, "test": test}
    if quirks["seeded_validation"]:
        kept, held_out = shuffle_split(len(train), 1 - SEEDED_SHARE, VALID_SEED)
        return {"train": train[kept], "valid": train[held_out], "test": test}
    (valid,) = by_name([ids[i] for i in train], [VALID_SHARE])
    return {"train": train[~valid], "valid": train[valid], "test": test}


def _moments(paths: list[Path], lines: Measurements, rounded: bool) -> tuple[Array, Array, Array]:
    """Times (N, T) float32 in hours, the moment of each line (lines,), and which moments exist (N, T) bool."""
    hour = np.rint(lines.hour / QUANTUM) * QUANTUM if rounded else lines.hour
    number, first = numbered(lines.stay, hour)
    stay = lines.stay[first]
    lengths = np.bincount(stay, minlength=len(paths))
    if lengths.max() > LENGTH:
        longest = paths[int(lengths.argmax())]
        raise UserError(f"{longest} has {lengths.max()} different times, expected {LENGTH} at most: {AGAIN}.")
    moment = np.arange(len(stay)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    hours = np.zeros((len(paths), LENGTH), np.float32)
    hours[stay, moment] = hour[first]
    return hours, moment[number], np.arange(LENGTH) < lengths[:, None]


def _table(lines: Measurements, moment: Array, shape: tuple[int, ...], unknown: bool) -> tuple[Array, Array]:
    """Values (N, T, 41) float32, 0 where there are none, and where there are some, bool."""
    known = unknown | (lines.value != UNKNOWN)
    full = (*shape, FEATURES)
    cell = np.ravel_multi_index((lines.stay[known], moment[known], lines.variable[known]), full)
    x, mask = averaged(cell, lines.value[known], int(np.prod(full)))
    return x.reshape(full), mask.reshape(full)


def _scaled(x: Array, mask: Array, stays: Array, by_maximum: bool) -> Array:
    """Each variable less its minimum, divided by its maximum or else its range, over what was measured in ``stays``."""
    low, high = np.zeros(FEATURES, np.float32), np.ones(FEATURES, np.float32)
    for f in range(FEATURES):
        values = x[stays, :, f][mask[stays, :, f]]
        if len(values):
            low[f], high[f] = values.min(), values.max()
    scale = high if by_maximum else high - low
    return (x - low) / np.where(scale == 0, np.float32(1), scale)


def _gaps(hours: Array, inside: Array) -> Array:
    """Time since the moment before (N, T), 0 at the first."""
    return np.where(inside, np.diff(hours, axis=1, prepend=np.float32(0)), np.float32(0))


def _as_authors(hours: Array, inside: Array) -> Array:
    """What their cells see (N, T): differences of minus the time of the moment before, which is 0 in the padding."""
    before = np.zeros_like(hours)
    before[:, 1:] = np.where(inside[:, 1:], -hours[:, :-1], np.float32(0))
    return np.diff(before, axis=1, prepend=np.float32(0))
