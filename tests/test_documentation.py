"""What the documentation quotes is what the tool says of the published runs."""

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from ltcbench.paper import tables
from ltcbench.reporting import formats

from .conftest import ROOT
from .test_findings import compared

README = ROOT / "README.md"
PAGES = sorted(
    page for folder in (".", "docs", "datasets", "runs", "runs/published") for page in (ROOT / folder).glob("*.md")
)


def test_the_table_of_the_readme() -> None:
    printed = formats.md(compared("ltc-6"))
    block = re.findall(r"\| model \| paper \| ours .*?\n\n", README.read_text(), flags=re.DOTALL)
    assert len(block) == 1
    quoted = [line.removesuffix("|") for line in block[0].splitlines()[2:] if line]
    assert len(quoted) == len(tables.table("ltc-6").models)
    for line in quoted:
        assert line in printed


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
