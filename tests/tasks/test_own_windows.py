import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ltcbench.tasks.own_windows import padded

LENGTHS = st.lists(st.integers(1, 20), min_size=1, max_size=5)
STEPS = st.none() | st.integers(1, 25)


def windows(lengths: list[int], window: int | None, stride: int | None) -> list[list[int]]:
    """The rows of each window, one after the other."""
    window = window or max(lengths)
    found, begin = [], 0
    for length in lengths:
        first = 0
        while first < length:
            found.append(list(range(begin + first, begin + min(first + window, length))))
            if first + window >= length:
                break
            first += stride or window
        begin += length
    return found


@given(LENGTHS, STEPS, STEPS)
def test_windows_are_those_of_a_loop(lengths: list[int], window: int | None, stride: int | None) -> None:
    rows, inside = padded(np.repeat(np.arange(len(lengths)), lengths), window, stride)
    assert rows.shape == inside.shape and rows.shape[1] == min(window or 99, max(lengths))
    assert inside[:, 0].all()
    assert [row[now].tolist() for row, now in zip(rows, inside, strict=True)] == windows(lengths, window, stride)
