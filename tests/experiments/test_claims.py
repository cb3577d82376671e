"""bounds, tightness and complexity on few draws: what they say, and that a seed means the same bytes."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ltcbench.errors import UserError
from ltcbench.experiments import bounds, complexity, tightness
from ltcbench.experiments.asked import asked
from ltcbench.experiments.experiment import Experiment, Result, experiment
from ltcbench.reporting.layout import Layout

SMALL = {
    "bounds": ["draws=2", "steps=20", "z=[1,3,10]", "wide=[32]", "end=1"],
    "tightness": ["draws=3", "networks=2", "samples=40", "points=501", "w_tau=[0,1]"],
    "complexity": ["draws=2", "units=6", "features=3", "factors=[1,10]", "stiffest=[100]", "width=8"],
}


def made(name: str, words: Sequence[str] = ()) -> tuple[Experiment, Result, list[Any]]:
    its = experiment(name)
    protocol, settings = asked(name, [*SMALL[name], *words])
    rows: list[Any] = []
    for draw in its.draws(settings):
        found = its.compute(settings, *draw.key)
        assert len(found) == draw.rows
        rows += [dict(zip(its.KEY, draw.key, strict=True)) | dict(row) for row in found]
        assert set(rows[-1]) == {*its.KEY, *its.COLUMNS}
    return its, Result(name, protocol, settings, its.values(settings, rows)), rows


def cells(layout: Layout) -> dict[str, list[list[str]]]:
    return {section.title: [[text.text for text in line] for line in section.lines] for section in layout.sections}


@pytest.mark.parametrize("name", SMALL)
def test_the_same_seed_gives_the_same_bytes(name: str) -> None:
    first, second = made(name), made(name)
    assert json.dumps(first[1].values, allow_nan=False) == json.dumps(second[1].values, allow_nan=False)
    pictures = [its.picture(result, rows) for its, result, rows in (first, second)]
    assert pictures[0] == pictures[1]
    assert pictures[0].startswith(b"<svg")


@pytest.mark.parametrize("name", SMALL)
def test_without_a_result_the_papers_numbers_stand_alone(name: str) -> None:
    its = experiment(name)
    protocol, settings = asked(name, SMALL[name])
    for table in its.TABLES.values():
        layout = table(Result(name, protocol, settings, {}))
        assert "not run" in layout.summary


def test_bounds_says_who_stays_inside() -> None:
    _, result, _ = made("bounds")
    said = bounds.layout(result).summary
    assert said[0] == "Theorem 1, cells: holds in every run, diverged ones included."
    assert "fused: holds, to z = 10" in said[1]
    assert "rk4: holds below z = 10" in said[1]
    by_f = {line[0]: line[-1] for line in next(reversed(cells(bounds.layout(result)).values()))}
    assert by_f["sigmoid"] == "holds"
    assert by_f["tanh"] == "fails"
    _, clean, _ = made("bounds", ["protocol=clean"])
    assert "euler, bounded: holds, to z = 10" in bounds.layout(clean).summary[1]


def test_tightness_says_what_holds_and_what_does_not() -> None:
    _, result, _ = made("tightness")
    lemma, tight, number = tightness.layout(result).summary
    assert lemma.startswith("Theorem 1 and lemma 1, for the proof's equation: holds;")
    assert tight.startswith("Tight to the LTC's own equation: differs; 0.006 is met in 0 of 15 cases")
    assert number == "0.006 itself: cannot be recomputed."
    at_rest = {line["w_tau"]: line for line in result.values["w_tau"]}[0.0]
    assert at_rest["modified_ode"] < 1e-20  # without a leak both equations are the same
    assert at_rest["outside"] == 0


@pytest.mark.parametrize("quirk", ["summed_rest", "no_weights", "frozen_time", "hand_steps"])
def test_each_quirk_changes_the_closed_form_of_a_neuron(quirk: str) -> None:
    _, settings = asked("tightness", SMALL["tightness"])
    other = replace(settings, quirks=replace(settings.quirks, **{quirk: False}))
    ours, changed = (
        {row["case"]: row["mse"] for row in tightness.compute(some, "network", 0)} for some in (settings, other)
    )
    assert ours["as set"] != changed["as set"]
    assert ours["algorithm 1"] == changed["algorithm 1"]


def test_complexity_holds_the_papers_table_and_ours() -> None:
    _, result, _ = made("complexity")
    times = [
        {"model": model, "axis": axis, "size": n, "median": n * 1e-3}
        for model in ("rnn", "transformer")
        for axis in ("length", "width")
        for n in (8, 16, 32)
    ]
    layout = complexity.layout(replace(result, measured={"times": times}))
    grown = {line[0]: line for line in cells(layout)["exponents of a training step's time"]}
    assert grown["rnn"][4] == "reproduced"
    assert grown["transformer"][4] == "below the bound"
    assert grown["ltc"][4] == "not run"
    orders = {line[0]: line[-1] for line in cells(layout)["order of the local error"]}
    assert set(orders.values()) == {"reproduced"}
    assert layout.summary[0] == "One to five orders of magnitude: 1.1 to 2.3 in the paper's own minutes."


@pytest.mark.parametrize(
    ("name", "word", "said"),
    [
        ("bounds", "z=[0]", "out of range"),
        ("bounds", "quirks.bounded=true", "quirks.bounded"),
        ("tightness", "w_tau=[-1]", "out of range"),
        ("tightness", "quirks.frozen_time=3", "not true or false"),
        ("complexity", "tolerances=[0]", "out of range"),
        ("complexity", "draws=x", "not a whole number"),
    ],
)
def test_wrong_words_are_told_in_a_sentence(name: str, word: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        asked(name, [word])
