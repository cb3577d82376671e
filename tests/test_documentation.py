"""What the documentation quotes is what the tool says of the published runs."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ltcbench.paper import tables
from ltcbench.reporting import formats, published, words
from ltcbench.reporting.comparison import Comparison, compare
from ltcbench.reporting.wanted import Composer

from .conftest import ROOT

README = ROOT / "README.md"
FINDINGS = ROOT / "docs" / "findings.md"
PAGES = sorted(
    page for folder in (".", "docs", "datasets", "runs", "runs/published") for page in (ROOT / folder).glob("*.md")
)


def compared(
    name: str, protocols: Sequence[str], models: Iterable[str] | None = None, extra: Sequence[str] = ()
) -> Comparison:
    table = tables.table(name)
    cells = [cell for cell in table.cells() if models is None or cell.model in models]
    runs = published.runs_in(ROOT / "runs" / "published", name, extra)
    return compare(table, cells, runs, protocols, Composer(), extra)


def duels() -> Iterator[str]:
    """LTC against LSTM, e.g. ``+8.56 [+5.39, +11.73]``, wherever both were run more than once."""
    for name in ("ltc-3", "ltc-6"):
        comparison = compared(name, ["paper", "clean"], ["ltc", "lstm"])
        for column in comparison.table.columns.values():
            for protocol in comparison.protocols:
                found = comparison.duel(column, protocol, "ltc", "lstm")
                if found and found.low is not None:
                    yield words.duel(found, column).rpartition(",")[0]


def test_the_table_of_the_readme() -> None:
    printed = formats.md(compared("ltc-6", ["paper"]))
    block = re.findall(r"\| model \| paper \| ours .*?\n\n", README.read_text(), flags=re.DOTALL)
    assert len(block) == 1
    quoted = [line.removesuffix("|") for line in block[0].splitlines()[2:] if line]
    assert len(quoted) == len(tables.table("ltc-6").models)
    for line in quoted:
        assert line in printed


@pytest.mark.parametrize("page", [README, FINDINGS])
def test_whether_the_ltc_beats_the_lstm(page: Path) -> None:
    said, text = list(duels()), page.read_text()
    assert len(said) > 3
    for difference in said:
        assert difference in text


def test_the_cells_of_the_cfc_paper() -> None:
    lines = re.findall(r"^\| (walker|event-based) (\w+) \| (.+?) \| (.+?) \|", FINDINGS.read_text(), flags=re.MULTILINE)
    assert len(lines) > 4
    for column, model, theirs, ours in lines:
        table = {"walker": "cfc-walker", "event-based": "cfc-xor"}[column]
        (row,) = (row for row in compared(table, ["paper"], [model]).rows if row.cell.column.name == column)
        assert (theirs, ours) == (words.paper(row.cell), words.ours(row))


def test_what_a_switch_changes() -> None:
    lines = re.findall(r"^\| (\w+) (\w+) \| (.+?) \| `(.+?)`.*? \| (.+?) \|", FINDINGS.read_text(), flags=re.MULTILINE)
    assert len(lines) > 5
    for column, model, before, switch, after in lines:
        for said, extra in ((before, []), (after, [switch])):
            rows = compared("ltc-3", ["paper"], [model], extra).rows
            (row,) = (row for row in rows if row.cell.column.name == column)
            assert said == words.mean(row), (column, model, extra)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
        assert (page.parent / link).exists(), link


def test_every_command_of_the_readme_exists() -> None:
    verbs = set(re.findall(r"^ +ltcbench (\w+)", README.read_text(), flags=re.MULTILINE))
    assert verbs >= {"train", "reproduce", "table", "report"}
    for verb in verbs:
        assert (ROOT / "ltcbench" / "commands" / f"{verb}.py").is_file()


def test_the_python_of_the_readme_runs() -> None:
    block = re.search(r"## From Python\n\n((?:    .*\n|\n)+)", README.read_text())
    assert block is not None
    said: dict[str, Any] = {}
    exec(textwrap.dedent(block[1]), said)
    assert said["y"].shape == (8, 5)
