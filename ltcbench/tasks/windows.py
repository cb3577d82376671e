"""Windows as row numbers (N, T), which row of the raw data each step of each window holds, and how they are split.

Train, valid and test of a task are three such arrays, so that one can see on them what overlaps what.
"""

import numpy as np

from ltcbench.tasks.sequences import Array, Split, starts_within, unit_elapsed

Parts = tuple[Array, ...]  # train, valid, test


def windows(group: Array, window: int, stride: int) -> Array:
    """Rows (N, window) of the windows cut inside each run of equal values of ``group`` (length,)."""
    return rows_from(starts_within(group, window, stride), window)


def rows_from(first: Array, window: int) -> Array:
    """Rows (N, window) of the windows that begin at the rows ``first`` (N,)."""
    return first[:, None] + np.arange(window)


def drawn(rows: Array, seed: int, valid: float = 0.1, test: float = 0.15) -> Parts:
    """Train, valid and test as the authors draw them: at random from all windows, which may overlap.

    Args:
        rows: the windows (N, T).
        seed: of the permutation; its beginning is the validation set, then comes the test set.
        valid: share of the validation set.
        test: share of the test set.
    """
    order = np.random.RandomState(seed).permutation(len(rows))
    valid_end = int(valid * len(rows))
    test_end = valid_end + int(test * len(rows))
    return rows[order[test_end:]], rows[order[:valid_end]], rows[order[valid_end:test_end]]


def by_part(rows: Array, part: Array) -> Parts:
    """Train, valid and test from windows (N, T) none of which crosses a border of ``part`` (length,): 0, 1 or 2."""
    number = part[rows[:, 0]]
    return rows[number == 0], rows[number == 1], rows[number == 2]


def split(run: Array, window: int, stride: int, seed: int | None, transposed: bool = False) -> Parts:
    """Train, valid and test from one long recording, 75, 10 and 15 % of it.

    Args:
        run: windows are cut inside runs of equal values of this (length,).
        window: length of the windows.
        stride: distance of their beginnings.
        seed: draw the windows with it, as the authors do. None: split by time, the test last, no window across.
        transposed: take the first steps of all windows as one sequence, the second steps as the next, and so on.
    """
    if seed is not None:
        rows = windows(run, window, stride)
        return drawn(rows.T if transposed else rows, seed)
    part = np.searchsorted([round(0.75 * len(run)), round(0.85 * len(run))], np.arange(len(run)), side="right")
    train, valid, test = by_part(windows(3 * run + part, window, stride), part)
    return (train.T, valid.T, test.T) if transposed else (train, valid, test)


def scale(values: Array, rows: Array, axis: int | None = 0) -> tuple[Array, Array]:
    """Mean and deviation over the rows that occur in the windows ``rows``, each counted once, in float64.

    Args:
        values: (length, F); missing values (NaN) are left out.
        rows: the windows, of any shape.
        axis: 0 for each column by itself, None for all values at once.

    Returns:
        mean and deviation, (F,) or one number; a deviation of 0 becomes 1.
    """
    seen = values[np.unique(rows)].astype(np.float64)
    deviation = np.nanstd(seen, axis=axis)
    return np.nanmean(seen, axis=axis), np.where(deviation > 0, deviation, 1.0)


def gaps(time: Array, rows: Array, usual: float) -> Array:
    """Elapsed times (N, T) float32 of windows.

    Args:
        time: of each row (length,), in the task's unit.
        rows: the windows (N, T).
        usual: what the first step of a window gets, which has no step before it.
    """
    steps = time[rows]
    return np.diff(steps, axis=1, prepend=steps[:, :1] - usual).clip(min=0).astype(np.float32)


def taken(x: Array, y: Array, rows: Array, elapsed: Array | None = None) -> Split:
    """The windows of a recording.

    Args:
        x: inputs (length, F).
        y: targets (length, ...).
        rows: the windows (N, T).
        elapsed: elapsed times (N, T); None: every step counts as one unit.
    """
    rows = np.ascontiguousarray(rows)  # a transposed one would give arrays of another layout
    inputs = x.astype(np.float32, copy=False)[rows]
    return Split(inputs, y[rows], unit_elapsed(inputs) if elapsed is None else elapsed)
