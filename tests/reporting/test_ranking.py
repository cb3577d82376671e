import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ltcbench.paper import tables
from ltcbench.reporting import census, diagram, ranking
from ltcbench.reporting.comparison import Comparison
from ltcbench.reporting.rows import Row, filled

from . import fake

RUN = ["model=lstm", "task=cheetah"]


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path))


def compared(seeds: int = 3, tasks: Sequence[str] = (), **changed: object) -> list[Comparison]:
    """Tables 3 and 6 of the LTC paper; in the columns of ``tasks`` ours are the paper's own means, of so many seeds."""

    def row(cell: tables.Cell) -> Row:
        if cell.number is None or cell.column.name not in tasks:
            return Row(cell, "paper")
        value = cell.number.mean / cell.column.scale
        made = [fake.run(RUN, seed, value, **changed) for seed in range(seeds)]
        row = filled(cell, "paper", made, made[0].epochs, ())
        return replace(row, verdict="inconclusive")

    return [
        Comparison(table, ("paper",), tuple(row(cell) for cell in table.cells()))
        for table in map(tables.table, ("ltc-3", "ltc-6"))
    ]


FIVE = ["gesture", "occupancy", "traffic", "ozone", "cheetah"]


def test_the_papers_numbers_rank_on_all_their_tasks() -> None:
    printed, ours, clean = ranking.standings(compared())
    assert printed.tasks == ("gesture", "occupancy", "har", "smnist", "traffic", "power", "ozone", "cheetah")
    assert printed.found is not None
    assert printed.found.mean["ltc"] == pytest.approx((1 + 1 + 5 + 4 + 1 + 3 + 1 + 1) / 8)
    assert (ours.found, clean.found) == (None, None)
    assert "there is nothing to rank" in ours.sentence()


def test_ours_rank_from_five_tasks_on() -> None:
    assert ranking.standings(compared(tasks=FIVE[:4]))[1].found is None
    ours = ranking.standings(compared(tasks=FIVE))[1]
    assert ours.found is not None
    assert (ours.tasks, ours.found.mean["ltc"]) == (tuple(FIVE), 1.0)
    assert "It rests on 5 tasks: gesture," in ours.sentence()


def test_a_task_counts_once_though_it_stands_in_two_columns() -> None:
    both = [*FIVE[:3], "traffic-transposed", "cheetah"]
    assert ranking.standings(compared(tasks=both))[1].found is None  # four tasks in five columns


@pytest.mark.parametrize("changed", [{"source": "subset"}, {"status": "diverged"}])
def test_marked_runs_rank_nowhere(changed: dict[str, str]) -> None:
    assert ranking.standings(compared(tasks=FIVE, **changed))[1].found is None


def test_the_picture_names_every_model_and_bars_those_not_told_apart() -> None:
    found = ranking.standings(compared(tasks=FIVE))
    drawn = [(one.title, one.found) for one in found if one.found]
    root = ElementTree.fromstring(diagram.file(drawn))
    texts = [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [title for title, _ in drawn] == ["The papers' numbers", "Ours, the paper's protocol"]
    for title, ranks in drawn:
        assert f"{title}: {ranks.tasks} tasks" in texts
        assert all(f"{model} {rank:.2f}" in texts for model, rank in ranks.mean.items())
    bars = [p for p in root.iter("{http://www.w3.org/2000/svg}path") if p.get("class") == "own"]
    assert len(bars) == sum(1 + len(ranks.groups()) for _, ranks in drawn)


def test_the_census_counts_every_cell_once() -> None:
    (section,) = census.census(compared(tasks=FIVE)).sections
    lines = {line[0].text: dict(zip(census.HEAD[1:], (int(t.text) for t in line[1:]), strict=True))
             for line in section.lines}  # fmt: skip
    assert list(lines) == ["ltc-3", "ltc-6", "sum"]
    assert lines["ltc-3"] == dict.fromkeys(census.HEAD[1:], 0) | {
        "cells": 40, "run": 20, "whole": 20, "inconclusive": 20, "not run": 20
    }  # fmt: skip
    assert {kind: lines["ltc-3"][kind] + lines["ltc-6"][kind] for kind in census.HEAD[1:]} == lines["sum"]


@pytest.mark.parametrize(
    ("seeds", "changed", "whole", "marked"),
    [(3, {}, 5, 0), (2, {}, 0, 0), (3, {"source": "recomputed"}, 0, 5), (3, {"status": "diverged"}, 0, 5)],
)
def test_only_whole_official_runs_count_as_such(seeds: int, changed: dict[str, str], whole: int, marked: int) -> None:
    found = census.counts(compared(seeds, ["cheetah"], **changed)[1].rows)
    assert (found["run"], found["whole"], found["marked"]) == (5, whole, marked)
    assert found["cells"] == 5 == found["marked"] + found["inconclusive"]


def test_the_section_of_the_report_says_on_how_many_tasks_it_rests() -> None:
    page = ranking.section(compared())
    assert len(re.findall("<svg", page)) == 1
    assert "It rests on 8 tasks" in page
    assert "nothing to rank" in page
