"""The published results against reference values, which another implementation gave on the same weights' scales."""

from typing import Any

import pytest

from ltcbench.experiments import depth
from ltcbench.experiments.asked import asked
from ltcbench.experiments.folder import ExperimentFolder
from ltcbench.experiments.networks import MODELS
from ltcbench.paper import claims
from tests.conftest import ROOT


def published(name: str, *words: str) -> Any:
    folder = ExperimentFolder.of(name, asked(name, words)[1], ROOT / "runs" / "published")
    result = folder.result()
    assert result is not None, (name, words)
    return result.values


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "hard_tanh"])
def test_every_cell_of_table_2_lies_within_the_papers_deviation(activation: str) -> None:
    """100 draws, time constants of deviation 2: means of the neural ODE, medians of the others."""
    found, paper = published("depth")[activation], claims.claim("ltc-2").numbers[activation]
    assert [depth.verdict(depth.ours(model, found[model]), paper[model]) for model in MODELS] == ["reproduced"] * 3
    assert all(found[model]["n"] == 100 and found[model]["unfinished"] == 0 for model in MODELS)


def test_the_depth_of_a_ctrnn_is_that_of_its_smallest_time_constant() -> None:
    assert all(0.06 < its["ctrnn"]["depth_times_least_tau"] < 0.1 for its in published("depth").values())


@pytest.mark.parametrize(
    ("activation", "steps"),
    [
        ("tanh", (0.44, 0.66, 0.67)),
        ("sigmoid", (0.18, 0.46, 0.45)),
        ("relu", (2.9, 2.6, 0.92)),
        ("hard_tanh", (1.9, 1.7, 0.79)),
    ],
)
def test_accepted_steps_of_the_clean_networks(activation: str, steps: tuple[float, ...]) -> None:
    found = published("depth", "protocol=clean")[activation]
    for model, reference in zip(MODELS, steps, strict=True):
        assert found[model]["accepted"] == pytest.approx(reference, rel=0.1)


@pytest.mark.parametrize(
    ("network", "lengths"),
    [
        ("relu 100 1 2", (80.7, 40.5, 308)),
        ("relu 200 1 2", (110.6, 59.6, 608)),
        ("hard_tanh 100 1 2", (107.0, 86.0, 12_150)),
        ("hard_tanh 200 1 2", (147.8, 122.2, 66_700)),
        ("hard_tanh 100 2 2", (5_669, 1_196, None)),
        ("hard_tanh 100 3 2", (231_900, 19_930, None)),
        ("tanh 100 1 2", (37.8, 29.8, 415)),
        ("tanh 100 2 2", (53.6, 26.7, 405)),
        ("tanh 100 3 2", (56.8, 23.8, 368)),
        ("tanh 100 4 2", (57.6, 22.9, 361)),
        ("tanh 100 5 2", (57.3, 23.2, 337)),
    ],
)
def test_lengths_of_the_papers_panels(network: str, lengths: tuple[float | None, ...]) -> None:
    """100 draws; the reference has 4 to 30. None: an LTC whose lengths spread over more than a factor of ten."""
    found = published("trajectory")[network]
    for model, reference in zip(MODELS, lengths, strict=True):
        its = found[model]["length"]
        assert its["n"] == 100
        if reference is not None:
            assert its["median"] == pytest.approx(reference, rel=0.15)


CLEAN = {
    "sigmoid": (38.3, 15.7, 0.73, 3.48, 3.79, 4.52),
    "tanh": (50.8, 21.9, 0.88, 3.56, 3.93, 5.14),
    "relu": (1_520, 119, 0.68, 4.24, 3.83, 5.51),
    "hard_tanh": (53.7, 23.9, 0.93, 3.57, 3.96, 5.38),
}


@pytest.mark.parametrize("activation", CLEAN)
def test_clean_lengths_and_those_without_a_size(activation: str) -> None:
    found, reference = published("trajectory", "protocol=clean")[f"{activation} 100 1 2"], CLEAN[activation]
    for model, length, relative in zip(MODELS, reference[:3], reference[3:], strict=True):
        assert found[model]["length"]["median"] == pytest.approx(length, rel=0.3 if activation == "relu" else 0.1)
        assert found[model]["relative_length"] == pytest.approx(relative, rel=0.06)
    assert found["ltc"]["leads"]["length"] == 0
    assert found["ltc"]["leads"]["relative_length"] == 1


FRONT = {  # who has the longest median with sigmoid, tanh, ReLU, hard tanh
    "tau_sd=1": ("ltc", "ltc", "ltc", "ltc"),
    "baselines_without_recurrence=false": ("ltc", "ltc", "node", "node"),
    "summed_reversal=false": ("node", "node", "node", "ltc"),
    "variance_as_sd=false": ("node", "node", "node", "node"),
    "linear_hard_tanh=false": ("ltc", "ltc", "ltc", "ltc"),
    "tau_near_zero=false": ("ltc", "ltc", "ltc", "ltc"),
}


@pytest.mark.parametrize("quirk", FRONT)
def test_who_is_in_front_when_one_quirk_is_mended(quirk: str) -> None:
    words = dict.fromkeys(["draws=8", "panels=[activations]", "quirks.tau_sd=1", f"quirks.{quirk}"])
    found = published("trajectory", *words)
    for activation, first in zip(("sigmoid", "tanh", "relu", "hard_tanh"), FRONT[quirk], strict=True):
        its = found[f"{activation} 100 1 2"]
        medians = {model: its[model]["length"]["median"] or float("inf") for model in MODELS}
        assert max(medians, key=lambda model: medians[model]) == first, (activation, medians)


def test_theorem_5_is_broken_and_the_bound_is_one_of_the_tolerance() -> None:
    found = published("lower-bounds")
    for part in ("as set", "variance / k, true hard tanh"):
        its = found[part]
        assert its["node"]["paper_broken"] == its["ctrnn"]["paper_broken"] == 0
        assert its["ltc"]["paper_broken"] == 100
        assert its["ltc"]["paper"] > 10 * its["ltc"]["length"]
    assert found["as set"]["ltc"]["script_broken"] == 0
    assert found["variance / k, true hard tanh"]["ltc"]["script_broken"] > 90
    assert round(found["base"], 4) == 1.0654
    rows = [its for its in found["tolerance"] if its["spread"] == 2]
    assert max(its["length"] for its in rows) < 1.01 * min(its["length"] for its in rows)
    assert rows[0]["paper"] < 0.2 * rows[0]["length"] and rows[-1]["paper"] > 4 * rows[-1]["length"]
