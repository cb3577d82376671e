"""Planning by properties, on every cell of every table."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ltcbench import tasks
from ltcbench.errors import UserError
from ltcbench.models.inputs import carry_forward
from ltcbench.paper import tables
from ltcbench.paper.tables import Cell
from ltcbench.reporting import index, switches
from ltcbench.settings.composition import composed
from ltcbench.settings.job import Job, tree


def cells(*names: str) -> Iterator[Cell]:
    for name in names:
        yield from (cell for cell in tables.table(name).cells() if not cell.why_not_run)


def changed(job: Job, other: Job) -> set[str]:
    """The quirks in which two jobs differ, which agree in all else but the seed."""
    assert dataclasses.replace(other, quirks=job.quirks, seed=job.seed) == job
    return {name for name in job.quirks if job.quirks[name] != other.quirks[name]}


@pytest.mark.parametrize("way", ["off", "on"])
def test_every_planned_run_differs_from_its_cell_in_exactly_one_quirk(way: str) -> None:
    some = [c for c in cells("ltc-3", "cfc-imdb") if c.model in ("ltc", "cfc_mm")]
    for cell in some:
        if switches.protocol(way) not in cell.column.protocols:
            continue
        own, turned = switches.turned(cell, way)
        assert own == composed(cell.overrides(switches.protocol(way)))
        paper = composed(cell.overrides("paper")).quirks
        for quirk, job in turned.items():
            assert changed(own, job) == {quirk}
            assert job.quirks[quirk] == (way == "on") and paper[quirk]
            assert index.digest(tree(job)) != index.digest(tree(own))
        assert turned.keys() <= {name for name, on in paper.items() if on}


def test_a_planned_run_is_the_one_that_the_command_line_makes() -> None:
    for column, model, quirk, way in (
        ("gesture", "lstm", "random_split", "off"),
        ("ozone", "ltc", "time_ignored", "on"),
    ):
        cell = Cell(tables.table("ltc-3"), tables.table("ltc-3").columns[column], model)
        by_hand = composed([*cell.overrides(switches.protocol(way)), switches.override(quirk, way)])
        assert switches.turned(cell, way)[1][quirk] == by_hand


def test_quirks_that_are_off_in_the_cell_are_not_turned_off() -> None:
    walker = tables.table("cfc-walker")
    assert switches.turned(Cell(walker, walker.columns["walker"], "cfc"), "off")[1].keys() == {"last_epoch_reported"}
    assert not switches.turned(Cell(walker, walker.columns["walker"], "ode_rnn"), "off")[1]
    imdb = tables.table("cfc-imdb")
    turned = {model: switches.turned(Cell(imdb, imdb.columns["imdb"], model), "off")[1] for model in ("cfc", "cfc_mm")}
    assert turned["cfc_mm"].keys() - turned["cfc"].keys() == {"elapsed_zero"}  # on in its recipe alone


def test_a_quirk_that_the_model_cannot_see_is_not_planned() -> None:
    ozone = tables.table("ltc-3").columns["ozone"]
    for model, sees in (("lstm", False), ("ltc", True), ("cfc", True)):
        _, turned = switches.turned(Cell(tables.table("ltc-3"), ozone, model), "off")
        assert ("time_ignored" in turned) is sees
        assert len(turned) == 6 + sees


@pytest.mark.parametrize(
    "task", ["ozone", "person", "person_readings", pytest.param("physionet", marks=pytest.mark.slow)]
)
def test_quirks_of_elapsed_times_change_nothing_else(task: str, mirror: Path) -> None:
    source = "subset" if task.startswith("person") else "official"
    its = [quirk for name, quirk in sorted(switches.ELAPSED_ONLY) if name == task]
    for protocol in ("clean",) if task == "physionet" else ("paper", "clean"):  # preparing it takes seconds
        on, off = (
            tasks.load(task, protocol, source, dict.fromkeys(its, value), str(mirror)) for value in (True, False)
        )
        assert not np.array_equal(on.train.elapsed, off.train.elapsed)
        for part in ("train", "test"):
            a, b = getattr(on, part), getattr(off, part)
            assert np.array_equal(a.x, b.x) and np.array_equal(a.y, b.y)
            assert np.array_equal(a.mask, b.mask) if a.mask is not None else b.mask is None


def test_a_missing_value_is_not_seen_where_the_last_one_is_carried_forward() -> None:
    import torch

    generator = torch.Generator().manual_seed(0)
    x, known = torch.randn(9, 4, 3, generator=generator), torch.rand(9, 4, 3, generator=generator) < 0.4
    other = torch.where(known, x, torch.randn(9, 4, 3, generator=generator))
    before = torch.zeros(4, 3)
    assert torch.equal(carry_forward(x, known, before), carry_forward(other, known, before))


def test_jobs_are_planned_once_and_the_cells_own_first() -> None:
    only = ["task=gesture,ozone", "model=lstm,ltc"]
    found = switches.of_tables(["ltc-3"], only, "off", [], 3)
    every = [str(tree(job)) for some in found.values() for job in some]
    assert len(every) == len(set(every)) == 3 * (4 + 2 * 3 + 6 + 7)
    assert next(iter(found)) == switches.ITSELF and len(found[switches.ITSELF]) == 12
    assert len(found["task.quirks.random_split=false"]) == 12  # of both tasks
    assert len(found["task.quirks.time_ignored=false"]) == 3
    twice = switches.of_tables(["ltc-3", "ltc-3"], only, "off", [], 3)
    assert twice == found


def test_a_run_that_is_another_cells_own_is_not_planned_again() -> None:
    """The transposed windows of traffic are a column of their own; turned off there, they are the other column."""
    found = switches.of_tables(["ltc-3"], ["task=traffic", "model=lstm"], "off", [], 1)
    assert "task.quirks.transposed_windows=false" not in found
    alone = switches.of_tables(["ltc-3"], ["column=traffic-transposed", "model=lstm"], "off", [], 1)
    assert len(alone["task.quirks.transposed_windows=false"]) == 1


def test_settings_by_hand_concern_every_run() -> None:
    found = switches.of_tables(
        ["ltc-3"], ["task=gesture", "model=ltc"], "off", ["trainer.epochs=7", "task.quirks.random_split=false"], 1
    )
    assert {job.trainer.epochs for some in found.values() for job in some} == {7}
    assert "task.quirks.random_split=false" not in found  # off already


@pytest.mark.parametrize(("way", "chosen"), [("of", None), ("off", "clean"), ("on", "paper")])
def test_what_is_asked_for_is_checked(way: str, chosen: str | None) -> None:
    with pytest.raises(UserError, match=r"unknown way to turn switches 'of'|leave out --protocol"):
        switches.asked(way, chosen)
