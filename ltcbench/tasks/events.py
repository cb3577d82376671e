"""Event coding: of a regular sequence only some steps are kept, each with the time since the last one kept."""

import numpy as np

from ltcbench.tasks.sequences import Array


def kept(values: Array, keep: Array, length: int) -> tuple[Array, Array, Array]:
    """The steps of ``values`` where ``keep`` is true, at the front of sequences of ``length`` steps.

    The time of a sequence's first kept step is counted from one step before the beginning, as the authors do.

    Args:
        values: (N, L).
        keep: (N, L) bool.
        length: steps of the result; what is kept beyond it is cut off.

    Returns:
        x (N, length, 1) float32, elapsed (N, length) float32 in steps, mask (N, length) bool.
    """
    row, step = np.nonzero(keep)
    counts = keep.sum(axis=1)
    place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    before = np.where(place == 0, -1, np.roll(step, 1))

    x = np.zeros((len(values), length, 1), np.float32)
    elapsed = np.zeros((len(values), length), np.float32)
    fits = place < length
    row, place, step, before = row[fits], place[fits], step[fits], before[fits]
    x[row, place, 0] = values[row, step]
    elapsed[row, place] = step - before
    return x, elapsed, np.arange(length) < counts[:, None]
