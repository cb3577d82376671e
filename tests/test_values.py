import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltcbench import values
from ltcbench.errors import UserError
from ltcbench.values import Range, checked

NAMES = str | Sequence[str] | None


@pytest.mark.parametrize(
    ("value", "kind", "found"),
    [
        (True, bool, True),
        (3, int, 3),
        (3, float, 3.0),
        (0, str, "0"),
        (None, float | None, None),
        ("t", NAMES, "t"),
        (["t"], NAMES, ["t"]),
        ([2, 3], NAMES, ["2", "3"]),
        ("a", Sequence[str], ["a"]),
        ([1, 2.5], Sequence[float] | None, [1.0, 2.5]),
    ],
)
def test_a_value_of_the_right_kind(value: Any, kind: Any, found: Any) -> None:
    given = checked("key", value, kind)
    assert given == found and type(given) is type(found)


@pytest.mark.parametrize(
    ("value", "kind", "sentence"),
    [
        ("no", bool, "key=no is not true or false: expected e.g. key=true."),
        (0, bool, "key=0 is not true or false"),
        (1, bool, "is not true or false"),
        (True, int, "key=true is not a whole number"),
        (2.0, int, "key=2.0 is not a whole number"),
        ("abc", float, "key=abc is not a number"),
        (10**400, float, "is not a number"),
        (None, str, "key=null is not text"),
        ([1], str | None, "key=[1] is not text or null: expected e.g. key=name."),
        ([-0.5, "a"], Sequence[str], '\'key=["-0.5","a"]\''),
        (1000.0, NAMES, "write"),
        (True, NAMES, "'key=\"true\"'"),
        ({"a": 1}, NAMES, "is not text or a list of texts or null"),
        ([[1]], Sequence[float], "is not a list of numbers"),
    ],
)
def test_a_value_of_another_kind_is_told(value: Any, kind: Any, sentence: str) -> None:
    with pytest.raises(UserError) as told:
        checked("key", value, kind)
    assert sentence.replace("write", "'key=\"1000.0\"'") in str(told.value)


@given(st.floats(allow_nan=True), st.floats(-1e9, 1e9), st.floats(0, 1e9), st.sampled_from(["", "least", "most"]))
def test_a_range_holds_what_lies_between_its_ends(number: float, least: float, width: float, without: str) -> None:
    allowed = Range(least, least + width, without)
    inside = least <= number <= least + width
    inside &= not (number == least and without == "least") and not (number == least + width and without == "most")
    assert (number in allowed) == inside


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_what_is_no_finite_number_is_in_no_range(number: float) -> None:
    assert number not in Range()


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        (Range(0, without="least"), "above 0"),
        (Range(0), "of at least 0"),
        (Range(0, 1, "most"), "from 0 to below 1"),
        (Range(1, 1024), "from 1 to 1024"),
        (Range(0, 2**64, "most"), "from 0 to below 2^64"),
    ],
)
def test_a_range_in_words(allowed: Range, words: str) -> None:
    assert str(allowed) == words


def test_options_are_checked_against_the_annotations_of_a_function() -> None:
    def load(files: str, *, scaled: bool = True, window: int | None = None, other=None) -> None: ...  # type: ignore

    assert values.options("task", {"scaled": False, "window": 3, "other": [1], "more": 2}, load) == {
        "scaled": False,
        "window": 3,
        "other": [1],
        "more": 2,
    }
    with pytest.raises(UserError, match=r"task\.window=2\.5 is not a whole number or null"):
        values.options("task", {"window": 2.5}, load)


def test_options_of_a_class_are_those_of_its_constructor() -> None:
    class Cell:
        def __init__(self, size: int, *, gain: float = 1.0) -> None: ...

    assert values.options("model", {"gain": 2}, Cell) == {"gain": 2.0}


@pytest.mark.parametrize(
    ("text", "found"), [("2h30m", 9000), ("90s", 90), ("1h", 3600), ("3m20s", 200), ("1h1m1s", 3661)]
)
def test_a_duration(text: str, found: float) -> None:
    assert values.seconds("--budget", text) == found


@pytest.mark.parametrize("text", ["", "2x", "0s", "1h30", "30", "-1h", "1.5h", "1m2h", "\u0662h", "h"])
def test_what_is_no_duration_is_told(text: str) -> None:
    with pytest.raises(UserError, match=r"is no duration: expected hours, minutes and seconds, e\.g\. 2h30m"):
        values.seconds("--budget", text)
