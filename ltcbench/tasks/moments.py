"""Single measurements, one a line, gathered into moments: the values of all variables at one time."""

import numpy as np

from ltcbench.tasks.sequences import Array


def numbered(group: Array, time: Array) -> tuple[Array, Array]:
    """The moment that each line belongs to; a new one begins where the group or the time differs from the line above.

    Args:
        group: what the line belongs to, (lines,) numbers.
        time: (lines,) numbers.

    Returns:
        the number of each line's moment among all (lines,), and the first line of each moment (moments,).
    """
    new = np.ones(len(group), bool)
    new[1:] = (group[1:] != group[:-1]) | (time[1:] != time[:-1])
    return np.cumsum(new) - 1, np.flatnonzero(new)


def averaged(cell: Array, value: Array, cells: int) -> tuple[Array, Array]:
    """Mean value of each cell and which cells have one.

    Values of one cell are averaged one after the other, in order and in single precision, as the authors do.

    Args:
        cell: number of the cell that each value belongs to, (lines,).
        value: (lines, ...).
        cells: how many cells there are.

    Returns:
        means (cells, ...) float32, 0 where there is no value, and (cells,) bool.
    """
    order = np.argsort(cell, kind="stable")
    cell, value = cell[order], value[order].astype(np.float32)
    mean = np.zeros((cells, *value.shape[1:]), np.float32)
    seen = np.zeros((cells, *[1] * (value.ndim - 1)), np.float32)
    while len(cell):
        now = np.diff(cell, prepend=-1) != 0  # the first of what is left for each cell
        here = cell[now]
        mean[here] = (mean[here] * seen[here] + value[now]) / (seen[here] + 1)
        seen[here] += 1
        cell, value = cell[~now], value[~now]
    return mean, seen.reshape(cells) > 0
