"""What docs/claims.md quotes of bounds, tightness and complexity stands in the published results."""

import re

import pytest

from ltcbench.experiments.experiment import experiment
from ltcbench.experiments.folder import ExperimentFolder
from ltcbench.reporting.layout import Layout

from .conftest import ROOT

PAGE = (ROOT / "docs" / "claims.md").read_text()
NAMES = ("bounds", "tightness", "complexity")


def layouts(name: str) -> list[Layout]:
    """The tables of the result that the page points to with its picture."""
    (path,) = re.findall(rf"\]\(\.\./(runs/published/experiments/{name}/\w+)/picture\.svg\)", PAGE)
    its = experiment(name)
    result = ExperimentFolder(ROOT / path, its).result()
    assert result is not None
    return [table(result) for table in its.TABLES.values()]


def section(name: str) -> str:
    """What the page says under the command of an experiment."""
    (text,) = (part for part in re.split(r"^## ", PAGE, flags=re.MULTILINE) if f"`ltcbench experiment {name}`" in part)
    return text


@pytest.mark.parametrize("name", NAMES)
def test_the_lines_of_tables(name: str) -> None:
    lines = re.findall(r"^\| (.+) \|$", section(name), flags=re.MULTILINE)
    known = {
        " | ".join(text.text for text in line)
        for layout in layouts(name)
        for part in layout.sections
        for line in part.lines
    }
    heads = {" | ".join(part.head) for layout in layouts(name) for part in layout.sections}
    quoted = [line for line in lines if set(line) - set("-| ") and line not in heads]
    assert len(quoted) > 3
    for line in quoted:
        assert line in known, line


@pytest.mark.parametrize("name", NAMES)
def test_the_verdicts(name: str) -> None:
    quoted = [line.removesuffix("  ") for line in re.findall(r"^> (.+)$", section(name), flags=re.MULTILINE)]
    assert quoted
    known = {said for layout in layouts(name) for said in layout.summary}
    for said in quoted:
        assert said in known, said
