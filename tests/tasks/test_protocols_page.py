"""docs/protocols.md says what the code does: every task, every switch, every number."""

import re
from pathlib import Path

import pytest

from ltcbench import tasks
from ltcbench.settings import groups
from ltcbench.tasks.sequences import SequenceData
from ltcbench.training.baselines import baselines
from tests.conftest import ROOT
from tests.tasks.checks import BENCHMARKS, PARTIAL, PARTS

PAGE = (ROOT / "docs" / "protocols.md").read_text()
SECTIONS = {part.split("\n", 1)[0]: part for part in re.split("^## ", PAGE, flags=re.MULTILINE)[1:]}
SLOW = ("har", "imdb")  # their linear models take a minute


def rows(task: str) -> dict[str, list[str]]:
    """The cells of the section's tables by their first cell, which may be in backticks."""
    lines = [line[1:-1].split("|") for line in SECTIONS[task].splitlines() if line.startswith("| ")]
    return {cells[0].strip(" `"): [cell.strip() for cell in cells[1:]] for cells in lines}


def sizes(numbers: tuple[int, ...]) -> str:
    return " / ".join(f"{number:,}" for number in numbers)


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder for all tests, so that the raw files are unpacked once."""
    return tmp_path_factory.mktemp("datasets")


def test_every_task_has_its_section_and_every_section_its_task() -> None:
    assert [title for title in SECTIONS if not title.startswith("What all tasks")] == list(SECTIONS)[2:]
    assert set(list(SECTIONS)[2:]) == set(tasks.TASKS)


@pytest.mark.parametrize("task", tasks.TASKS)
def test_every_switch_is_named_and_none_that_does_not_exist(task: str) -> None:
    named = set(re.findall(r"`(\w+)`", SECTIONS[task]))
    quirks = set(groups.quirks(task, "paper"))
    assert quirks <= named
    assert set(rows(task)) - {"", "switch", "paper", "clean", "paper, `transposed_windows=true"} <= quirks


@pytest.mark.parametrize("task", BENCHMARKS)
def test_the_sizes_under_paper_are_those_of_the_task(task: str) -> None:
    assert sizes(tasks.TASKS[task].SPEC.sizes) in SECTIONS[task]


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["paper", "clean"])
@pytest.mark.parametrize("task", BENCHMARKS)
def test_sizes_and_baselines_are_those_of_the_data(
    task: str, protocol: str, mirror: Path, datasets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LTCBENCH_DATASETS", str(datasets))
    data: SequenceData = tasks.load(task, protocol, PARTIAL.get(task), mirror=str(mirror))
    table = rows(task)
    told, *scores = table[protocol]
    found = sizes(tuple(len(getattr(data, part) or ()) for part in PARTS))
    assert found == (table["paper"][0] if told == "the same" else told)
    if task not in SLOW:
        by_name = dict(zip(table[""][1:], map(float, scores), strict=True))
        assert by_name == pytest.approx(baselines(data), abs=1e-3)
