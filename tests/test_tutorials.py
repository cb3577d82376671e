"""The tutorials say what happens: each is typed from its first command to its last."""

import shutil
from pathlib import Path

import pytest

from . import blocks
from .conftest import ROOT

PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial(page: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "runs" / "published", tmp_path / "runs" / "published")  # as in a clone
    blocks.run(page, tmp_path)


def test_what_a_page_prints_is_compared(tmp_path: Path) -> None:
    def page(said: str) -> Path:
        path = tmp_path / "page.md"
        path.write_text(f"Say it.\n\n```sh\nx=1\necho $((x + 1)) seconds of 3.1415\n```\n\n```text\n{said}\n```\n")
        return path

    for same in ("2 seconds of 3.1415", "... seconds   of 3.1...", "2 seconds\n...\nof ...\n..."):
        blocks.run(page(same), tmp_path)
    head = tmp_path / "head.md"
    head.write_text("```sh\nprintf 'model  mse\\n------  ---\\n'\n```\n\n```text\nmodel mse\n-------- -----\n```\n")
    blocks.run(head, tmp_path)
    with pytest.raises(AssertionError, match="and what is printed"):
        blocks.run(page("3 seconds of 3.1415"), tmp_path)


def test_a_command_that_fails_ends_a_page(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("```sh\nfalse\necho on\n```\n")
    with pytest.raises(AssertionError, match="failed"):
        blocks.run(path, tmp_path)
