"""What docs/claims.md quotes is what the published results say.

A comment names the result, ``<!-- depth protocol=clean -->``; the lines of tables and quotations below it, up to the
next heading or comment, stand in its table in the same words.
"""

import re
from collections.abc import Iterator

import pytest

from ltcbench.experiments.asked import asked
from ltcbench.experiments.experiment import experiment
from ltcbench.experiments.folder import ExperimentFolder
from ltcbench.reporting import formats

from .conftest import ROOT

PAGE = ROOT / "docs" / "claims.md"


def blocks() -> Iterator[tuple[str, list[str]]]:
    """The words of each comment, and the lines quoted below it."""
    parts = re.split(r"^<!-- (.+) -->$", PAGE.read_text(), flags=re.MULTILINE)
    for words, text in zip(parts[1::2], parts[2::2], strict=True):
        below = re.split(r"^#", text, maxsplit=1, flags=re.MULTILINE)[0]
        yield words, [line for line in below.splitlines() if line.startswith(("|", "> "))]


BLOCKS = list(blocks())


@pytest.mark.parametrize(("words", "lines"), BLOCKS, ids=[words for words, _ in BLOCKS])
def test_what_is_quoted_is_what_is_published(words: str, lines: list[str]) -> None:
    name, *overrides = words.split()
    _, settings = asked(name, overrides)
    folder = ExperimentFolder.of(name, settings, ROOT / "runs" / "published")
    result = folder.result()
    assert result is not None, folder.path
    printed = formats.md_of(experiment(name).layout(result)).splitlines()
    assert lines
    for line in lines:
        assert line.removeprefix("> ") in printed
    assert folder.picture().startswith("<svg")


@pytest.mark.parametrize("name", ["trajectory", "depth", "lower-bounds", "bounds", "tightness", "complexity"])
def test_every_claim_has_a_block(name: str) -> None:
    assert [words for words, _ in BLOCKS if words.split()[0] == name]
