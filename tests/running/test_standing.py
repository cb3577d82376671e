"""The network beside what needs none."""

import math
from typing import Literal

import pytest

from ltcbench.running.standing import standing


@pytest.mark.parametrize(
    ("direction", "ours", "beaten"),
    [("max", 0.9, False), ("max", 0.8, True), ("max", 0.7, True), ("min", 0.1, False), ("min", 0.9, True),
     ("max", None, True), ("min", math.nan, True)],
)  # fmt: skip
def test_who_is_better(direction: Literal["max", "min"], ours: float | None, beaten: bool) -> None:
    assert (
        standing("auc", direction, ours, {"constant": 0.5, "linear": 0.8 if direction == "max" else 0.2}).beaten
        is beaten
    )


def test_the_line_names_all_and_who_is_not_beaten() -> None:
    line = standing("mse", "min", 2.0, {"constant": 3.0, "last value": 1.23456, "linear": 1.5}).line
    assert line.startswith("test mse 2; without a network: constant 3, last value 1.235, linear 1.5. ")
    assert "does not beat last value" in line


def test_a_network_that_diverged_at_once_has_no_number_and_gets_no_advice() -> None:
    assert standing("mse", "min", None, {"constant": 3.0}).line == "no test mse; without a network: constant 3."
