"""What the documentation quotes, shows and tells to type is what the tool says, does and takes."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from ltcbench.errors import UserError
from ltcbench.paper import tables
from ltcbench.reporting import formats

from . import blocks, typed
from .blocks import Block
from .conftest import ROOT
from .test_findings import compared

README = ROOT / "README.md"
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "datasets/*.md", "runs/*.md", "runs/published/*.md")
    for page in ROOT.glob(pattern)
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


TUTORIALS = ROOT / "docs" / "tutorials"  # run as they stand: test_tutorials.py


def blocks_of(pages: Iterable[Path]) -> list[Block]:
    return [block for page in pages for block in blocks.blocks(page)]


def is_python(block: Block) -> bool:
    return block.language == "python" or block.text.startswith(("import ", "from "))


def inline(page: Path) -> Iterator[str]:
    """Commands in the middle of a sentence that can be typed as they stand."""
    tokens = MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8"))
    for code in (child for token in tokens for child in token.children or () if child.type == "code_inline"):
        if code.content.startswith("ltcbench ") and not re.search(r"\.\.\.|[|\[]|\b[A-Z]{3,}\b", code.content):
            yield code.content


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_is_run_or_looked_at_or_says_why_not(page: Path) -> None:
    for block in blocks_of([page] if page.parent != TUTORIALS else []):
        lines = [line for line in block.text.splitlines() if line.strip()]
        seen = is_python(block) or len(list(typed.commands(block))) == len(lines)
        assert seen != bool(block.not_run), f"{block}: run it, or say <!-- not run: WHY --> before it, and not both"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_can_be_typed(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in blocks.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    commands = [(str(block), line) for block in blocks_of([page]) for line in typed.commands(block)]
    for place, command in dict.fromkeys([*commands, *((page.name, line) for line in inline(page))]):
        if typed.OWN not in command:
            try:
                typed.look_at(command)
            except Exception as error:
                raise AssertionError(f"{place}: {command}") from error


@pytest.mark.slow
def test_commands_with_code_of_ones_own(tmp_path: Path) -> None:
    pages = [page for page in PAGES if page.parent != TUTORIALS]
    given = [line for block in blocks_of(pages) for line in typed.commands(block) if typed.OWN in line]
    script = ["ltcbench new model my_cell", "ltcbench new task my_task"]
    harmless = {" train ": " --cfg job", " reproduce ": " --dry-run"}
    for line in dict.fromkeys(line.partition(" # ")[0].strip() for line in given):
        script += [line + "".join(flag for verb, flag in harmless.items() if verb in line)]
    assert len(script) > 5
    done = subprocess.run(
        ["bash", "-ex"], input="\n".join(script), cwd=tmp_path, env=blocks.environment(tmp_path), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("block", [one for one in blocks_of(PAGES) if is_python(one) and not one.not_run
                                   and one.page.parent != TUTORIALS], ids=str)  # fmt: skip
def test_python_runs(block: Block) -> None:
    said: dict[str, Any] = {}
    exec(block.text, said)
    if block.page == README:
        assert said["y"].shape == (8, 5)


@pytest.mark.parametrize(
    "wrong",
    [
        "ltcbench train task=har trainer.epoch=3",
        "ltcbench train -m model=cfc,nothing task=har",
        "ltcbench reproduce ltc-3 --only task=nothing",
        "ltcbench table ltc-9",
        "ltcbench export RUN --to paper",
        "ltcbench experiment depth no.setting=1",
        "ltcbench frobnicate",
        "make nothing",
        "pip install 'ltcbench[nothing]'",
        "export LTCBENCH_NOTHING=1",
    ],
)
def test_a_wrong_command_is_seen(wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path))
    with pytest.raises((UserError, AssertionError)):
        typed.look_at(wrong)


def test_a_block_that_nobody_runs_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- not run: why -->\n\n    seconds: 3\n\nand\n\n    seconds: 4\n")
    assert [block.not_run for block in blocks.blocks(page)] == ["why", ""]
