"""What is told of the targets before a training."""

import dataclasses
import re
from typing import Any

import numpy as np
import pytest

from ltcbench.errors import UserError
from ltcbench.tasks.sequences import SequenceData
from ltcbench.training import targets

from .test_loop import data


def without_labels(part: str) -> SequenceData:
    whole = data()
    split = getattr(whole, part)
    return dataclasses.replace(whole, **{part: dataclasses.replace(split, y=np.full_like(split.y, -1))})


def masked(part: str) -> SequenceData:
    whole = data()
    split = getattr(whole, part)
    return dataclasses.replace(whole, **{part: dataclasses.replace(split, mask=np.zeros(split.x.shape[:2], bool))})


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("empty", [without_labels, masked])
def test_a_part_without_a_target_is_told(part: str, empty: Any) -> None:
    with pytest.raises(UserError, match=f"the part {part} has (20|8) sequences and not a single target"):
        targets.checked(empty(part), None)


@pytest.mark.parametrize("empty", [without_labels, masked])
def test_a_validation_without_a_target_is_left_out_and_that_is_told(
    empty: Any, caplog: pytest.LogCaptureFixture
) -> None:
    found = targets.checked(empty("valid"), None)
    assert found.valid is None and found.selection == "last"
    (told,) = caplog.messages
    assert "the part valid has 8 sequences and not a single target" in told and "The last epoch counts" in told


def test_a_task_with_targets_stays_what_it_is() -> None:
    whole = data()
    assert targets.checked(whole, None) is whole


def test_one_target_is_enough() -> None:
    whole = without_labels("train")
    whole.train.y[3, 2] = 1
    targets.checked(whole, None)
    with pytest.raises(UserError, match="not a single target whose class has a weight"):
        targets.checked(whole, (1.0, 0.0))
    targets.checked(whole, (0.0, 1.0))


def test_the_validation_and_the_test_are_not_weighted() -> None:
    whole = without_labels("test")
    whole.test.y[0, 0] = 1
    targets.checked(whole, (1.0, 0.0))


@pytest.mark.parametrize("weights", [(1.0,), (1.0, 2.0, 3.0)])
def test_weights_are_as_many_as_classes(weights: tuple[float, ...]) -> None:
    sentence = f"has {len(weights)} numbers for 2 classes: write one for each of no, yes, in this order"
    with pytest.raises(UserError, match=re.escape(sentence)):
        targets.checked(data(), weights)


def test_numbers_have_no_classes() -> None:
    whole = data()
    regression = dataclasses.replace(whole.spec, metric="mse", loss="mse", labels=())
    with pytest.raises(UserError, match="predicts numbers: leave it out"):
        targets.checked(dataclasses.replace(whole, spec=regression), (1.0, 1.0))
