"""How the sequences of a user's table are cut into windows that reach their ends."""

import numpy as np

from ltcbench.tasks.sequences import Array


def filled(x: Array, gaps: Array, rows: Array, inside: Array) -> tuple[Array, Array, Array]:
    """Inputs (N, T, F) float32, elapsed times (N, T) float32 and mask of the windows.

    Args:
        x: inputs (rows, F), NaN where one is missing.
        gaps: elapsed times (rows,).
        rows: the windows (N, T).
        inside: which steps of them are no padding.

    Returns:
        the mask is (N, T), or (N, T, F) where inputs are missing; what it hides is 0.
    """
    observed = ~np.isnan(x)[rows] & inside[..., None]
    mask = inside if (observed == inside[..., None]).all() else observed
    inputs = np.where(observed, x[rows], 0).astype(np.float32)
    return inputs, np.where(inside, gaps[rows], 0).astype(np.float32), mask


def padded(run: Array, window: int | None, stride: int | None) -> tuple[Array, Array]:
    """Rows (N, T) of the windows cut inside each run of equal values, and which steps are inside it, bool.

    The windows of a run reach its end, unless steps are left out between them; none begins behind it. A row behind the
    end is the last row once more.

    Args:
        run: of each row (rows,).
        window: T, but at most the length of the longest run; None: that length.
        stride: steps from window to window; None: ``window``.
    """
    begin = np.flatnonzero(np.diff(run, prepend=run[0] - 1))
    end = np.r_[begin[1:], len(run)]
    length = end - begin
    longest = int(length.max())
    size = min(window or longest, longest)
    step = min(stride or size, longest)
    to_the_end = 1 + -(-np.maximum(length - size, 0) // step)
    counts = np.minimum(to_the_end, -(-length // step))
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = (np.repeat(begin, counts) + step * number)[:, None] + np.arange(size)
    last = np.repeat(end, counts)[:, None] - 1
    return np.minimum(rows, last), rows <= last
