import numpy as np
import pytest

from ltcbench.tasks.windows import by_part, drawn, gaps, scale, split, taken, windows


def test_windows_stay_inside_a_run() -> None:
    rows = windows(np.array([5] * 6 + [7] * 5 + [5] * 4), window=3, stride=2)
    np.testing.assert_array_equal(rows, [[0, 1, 2], [2, 3, 4], [6, 7, 8], [11, 12, 13]])


def test_drawn_takes_valid_then_test_from_the_permutation() -> None:
    rows = windows(np.zeros(104, int), window=4, stride=1)
    order = np.random.RandomState(3).permutation(100)
    train, valid, test = drawn(rows, seed=3)
    np.testing.assert_array_equal(valid, rows[order[:10]])
    np.testing.assert_array_equal(test, rows[order[10:25]])
    np.testing.assert_array_equal(train, rows[order[25:]])


def test_by_part() -> None:
    rows = np.array([[0, 1], [2, 3], [4, 5]])
    train, valid, test = by_part(rows, np.array([2, 2, 0, 0, 1, 1]))
    assert (train.tolist(), valid.tolist(), test.tolist()) == ([[2, 3]], [[4, 5]], [[0, 1]])


@pytest.mark.parametrize("transposed", [False, True])
def test_split_by_time_has_no_overlap(transposed: bool) -> None:
    run = np.repeat([0, 1], [400, 600])
    parts = split(run, 8, 2, seed=None, transposed=transposed)
    ends = [0, 750, 850, 1000]
    for part, begin, end in zip(parts, ends[:-1], ends[1:], strict=True):
        assert part.min() == begin and begin <= part.max() < end
    train = parts[0].T if transposed else parts[0]
    assert all(len(set(run[window])) == 1 for window in train)
    np.testing.assert_array_equal(train[0], np.arange(8))


def test_transposed_parts_share_rows_when_drawn() -> None:
    train, valid, test = split(np.zeros(100, int), 10, 1, seed=0, transposed=True)
    assert (train.shape, valid.shape, test.shape) == ((8, 90), (1, 90), (1, 90))
    np.testing.assert_array_equal(np.diff(train, axis=1), 1)
    assert set(test.ravel()) & set(train.ravel())


def test_scale_counts_a_row_once_and_leaves_out_what_is_missing() -> None:
    values = np.array([[1.0, 5.0], [3.0, np.nan], [100.0, 100.0], [5.0, 5.0]])
    mean, deviation = scale(values, np.array([[0, 1], [1, 3]]))
    np.testing.assert_allclose(mean, [3, 5])
    np.testing.assert_allclose(deviation, [np.std([1, 3, 5]), 1])  # a constant column is not divided by zero
    mean, deviation = scale(values, np.array([0, 3]), axis=None)
    assert (mean, deviation) == (4, np.std([1, 5, 5, 5]))


def test_gaps() -> None:
    time = np.array([0.0, 1.0, 4.0, 3.5, 10.0])
    elapsed = gaps(time, np.array([[0, 1, 2], [2, 3, 4]]), usual=0.25)
    np.testing.assert_array_equal(elapsed, np.float32([[0.25, 1, 3], [0.25, 0, 6.5]]))  # a step back counts as none
    assert elapsed.dtype == np.float32


def test_taken() -> None:
    x, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    rows = np.array([[0, 1], [2, 3], [3, 4]])
    part = taken(x, y, rows.T)
    np.testing.assert_array_equal(part.x[..., 0], 2 * rows.T)
    np.testing.assert_array_equal(part.y, rows.T)
    np.testing.assert_array_equal(part.elapsed, np.ones((2, 3)))
    assert part.x.dtype == part.elapsed.dtype == np.float32
    assert part.x.flags.c_contiguous and part.mask is None
