"""What docs/findings.md and the README say of the published runs is what the tool says of them."""

import importlib.util
import re
from collections.abc import Iterable, Sequence
from types import ModuleType

import pytest

from ltcbench.paper import tables
from ltcbench.reporting import published, words
from ltcbench.reporting.comparison import Comparison, compare
from ltcbench.reporting.wanted import Composer

from .conftest import ROOT

FINDINGS = ROOT / "docs" / "findings.md"


def compared(
    name: str, models: Iterable[str] | None = None, extra: Sequence[str] = (), protocols: Sequence[str] = ("paper",)
) -> Comparison:
    """A table with the published runs."""
    table = tables.table(name)
    cells = [cell for cell in table.cells() if models is None or cell.model in models]
    runs = published.runs_in(ROOT / "runs" / "published", name, extra)
    return compare(table, cells, runs, protocols, Composer(), extra)


@pytest.fixture(scope="module")
def quotes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("quotes", ROOT / "docs" / "quotes.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pages_quote_what_the_tool_prints(quotes: ModuleType) -> None:
    for path in quotes.PAGES:
        page = path.read_text()
        assert len(quotes.QUOTE.findall(page)) > 1
        assert quotes.renewed(page) == page, f"{path.name} is not what the tool says now: make quotes"


def test_a_quote_follows_the_runs(quotes: ModuleType) -> None:
    old = "before <!-- ltcbench table ltc-6 --layout matrix -->\n| ltc | 1.0 |\n<!-- end --> after"
    new = quotes.renewed(old)
    assert "1.0 |" not in new and "| ltc | **2.308 ± 0.015** |" in new
    assert new.startswith("before <!-- ") and new.endswith("<!-- end --> after")
    assert "Welch" not in new and "table 6" not in new  # a page has its own title and notes


def test_every_table_of_the_papers_has_a_section() -> None:
    heads = re.findall(r"^## (.+)$", FINDINGS.read_text(), flags=re.MULTILINE)
    assert set(tables.names()) <= {name for head in heads for name in head.partition(":")[0].split(", ")}


def test_what_a_learning_rate_changes() -> None:
    line = re.compile(r"^\| (\w+) (\w+) \| (.+?) \| `(.+?)`.*? \| (.+?) \| (.+?) \|", flags=re.MULTILINE)
    lines = line.findall(FINDINGS.read_text())
    assert len(lines) > 3
    for column, model, before, switch, after, theirs in lines:
        for said, extra in ((before, []), (after, [switch])):
            (row,) = (row for row in compared("ltc-3", [model], extra).rows if row.cell.column.name == column)
            assert said == words.mean(row), (column, model, extra)
            assert theirs == words.paper(row.cell)


def test_numbers_in_the_text_stand_in_a_table_beside_it(quotes: ModuleType) -> None:
    """A number with decimals is one that the tool printed, of a trivial baseline, or of the protocols page."""
    page = FINDINGS.read_text()
    prose = "\n".join(line for line in quotes.QUOTE.sub("", page).splitlines() if not line.startswith(("|", "    ")))
    printed = "".join(quote[0] for quote in quotes.QUOTE.finditer(page))
    tried = "".join(re.findall(r"^\|.*$", page, flags=re.MULTILINE))
    baselines = (ROOT / "docs" / "protocols.md").read_text()
    known = set(re.findall(r"\d+\.\d+", printed + tried + baselines))
    known |= {f"{100 * float(number):.2f}" for number in re.findall(r"\b0\.\d{4}\b", baselines)}
    said = set(re.findall(r"\d+\.\d+", prose))
    assert len(said) > 5
    assert said <= known, said - known
