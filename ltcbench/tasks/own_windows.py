"""How the sequences of a user's table are cut into windows that reach their ends."""

import numpy as np

from ltcbench.tasks.sequences import Array


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
