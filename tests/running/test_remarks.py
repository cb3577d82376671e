import dataclasses

import numpy as np
import pytest

from ltcbench.running.remarks import overlooked, remarks
from ltcbench.tasks.sequences import Clock, SequenceData
from tests.training.test_loop import data


def paced(gaps: list[float], source: str = "own") -> SequenceData:
    whole = data(source=source)
    elapsed = np.zeros_like(whole.train.elapsed)
    elapsed[0, 1 : 1 + len(gaps)] = gaps
    spec = dataclasses.replace(whole.spec, irregular=True)
    return dataclasses.replace(whole, spec=spec, train=dataclasses.replace(whole.train, elapsed=elapsed))


@pytest.mark.parametrize(
    ("gaps", "line"),
    [
        ([1, 1, 3], "elapsed times of the training part: median 1, largest 3."),
        ([86400, 86400], "median 8.64e+04, largest 8.64e+04: far from 1, where models begin; see task.time_unit."),
        ([1e-3, 1e-3], "median 0.001, largest 0.001: far from 1"),
        ([1, 1, 1e6], "median 1, largest 1e+06: far from 1"),
    ],
)
def test_the_pace_of_own_data_is_told(gaps: list[float], line: str) -> None:
    (told,) = remarks(paced(gaps))
    assert line in told


def test_what_one_is_is_told() -> None:
    whole = paced([1, 1, 3])
    for clock, unit in ((Clock(True, 60), "(1 is 60 s)"), (Clock(False, 0.5), "(1 is 0.5 in the table)")):
        spec = dataclasses.replace(whole.spec, clock=clock)
        (told,) = remarks(dataclasses.replace(whole, spec=spec))
        assert f"elapsed times of the training part {unit}: median 1, largest 3." in told


def test_nothing_is_told_of_benchmarks_and_of_data_without_times() -> None:
    assert not list(remarks(paced([86400], source="official")))
    assert not list(remarks(data(source="own")))
    assert not list(remarks(paced([])))


@pytest.mark.parametrize(
    ("values", "best_epoch", "counts", "told"),
    [
        ([0.5, 0.6, 0.7], 2, False, "epoch 3, the last, validates better (0.7 against 0.6 of epoch 2)"),
        ([0.5, 0.6, 0.6], 2, False, None),
        ([0.5, 0.6, 0.7], 3, True, None),
        ([0.5], 1, False, None),
        ([], 0, False, None),
    ],
)
def test_a_last_epoch_that_does_not_count_is_named(
    values: list[float], best_epoch: int, counts: bool, told: str | None
) -> None:
    task = dataclasses.replace(data(), final_epoch_counts=counts)
    line = overlooked(task, [{"valid_accuracy": value} for value in values], best_epoch)
    if told is None:
        assert line is None
    else:
        assert line is not None and line.startswith(told) and "task.quirks.last_epoch_ignored" in line
