"""Code blocks of Markdown pages, and a page whose blocks are run from the first to the last.

On such a page a block marked ``sh`` or ``python`` is run, one with ``title="FILE"`` is written into that file, and one
marked ``text`` is what the block before it prints, where ``...`` stands for anything, and blanks count alike however
many they are, and so do the dashes under a table's head: columns grow with what is published.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt

_NOT_RUN = re.compile(r"<!-- not run: (.+?) -->", flags=re.DOTALL)
_END = "\x1e"  # the shell prints it behind what a block prints


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        page: the file.
        line: the number of its first line there.
        language: as the page says, empty where it does not.
        title: the file that it is, if any.
        text: what it says.
        not_run: why no test runs it, from a comment ``<!-- not run: REASON -->`` before it.
    """

    page: Path
    line: int
    language: str
    title: str
    text: str
    not_run: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """The code blocks of a page, fenced or indented."""
    return list(_blocks(page))


def _blocks(page: Path) -> Iterator[Block]:
    tokens = MarkdownIt().parse(f"before\n\n{page.read_text(encoding='utf-8')}")
    for before, token in pairwise(tokens):
        if token.type in ("fence", "code_block"):
            reason = _NOT_RUN.search(before.content) if before.type == "html_block" else None
            language, _, rest = token.info.partition(" ")
            title = re.search(r'title="(.+?)"', rest)
            line = token.map[0] - 1 if token.map else 0
            yield Block(page, line, language, title[1] if title else "", token.content, reason[1] if reason else "")


def run(page: Path, folder: Path) -> None:
    """Run a page in a folder, as one shell of somebody who has installed ltcbench, and compare what it prints."""
    here = blocks(page)
    done = subprocess.run(
        ["bash", "-e"], input="\n".join(map(_script, here)), cwd=folder, env=environment(folder), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=280,
    )  # fmt: skip
    *printed, rest = done.stdout.split(_END)
    assert done.returncode == 0, f"{page.name} failed:\n{done.stdout}"
    assert rest == "", rest
    said = iter(printed)
    for block in here:
        if block.language != "text":
            got = next(said)
        elif not _alike(block.text, got):
            raise AssertionError(f"{block} says\n{block.text}\nand what is printed is\n{got}")


def _alike(said: str, got: str) -> bool:
    """Whether an output is what a page says; ``...`` stands for anything or nothing."""
    first, *pieces = map(_narrow, said.split("..."))
    got = _narrow(got)
    if not pieces or not got.startswith(first):
        return got == first
    *pieces, last = pieces
    place = len(first)
    for piece in pieces:
        found = got.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)
    return got.endswith(last) and len(got) >= place + len(last)


def _narrow(text: str) -> str:
    """A text with single blanks and short rules."""
    return " ".join(re.sub("-{3,}", "---", text).split())


def _script(block: Block) -> str:
    """What the shell does with a block."""
    if block.language == "text":
        return ""
    if block.title:
        command = f"cat > '{block.title}' <<'END OF THE BLOCK'\n{block.text}END OF THE BLOCK"
    elif block.language == "python":
        command = f"python - <<'END OF THE BLOCK'\n{block.text}END OF THE BLOCK"
    else:
        assert block.language == "sh", f"{block}: a tutorial has sh, python and text, and files with a title"
        command = block.text
    return f"{{ {command}\n}} 2>&1\nprintf '\\036'"


def environment(folder: Path) -> dict[str, str]:
    """Variables of a user who keeps data and runs in this folder, and has no mirror."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"LTCBENCH_RUNS": str(folder / "runs"), "LTCBENCH_DATASETS": str(folder / "datasets"), "PATH": path}
    fixed = {"LTCBENCH_MIRROR": "", "OMP_NUM_THREADS": "1", "COLUMNS": "120"}
    foreign = ("LTCBENCH_", "PYTEST_")  # what these tests are run with is not for the commands on a page
    return {key: value for key, value in os.environ.items() if not key.startswith(foreign)} | own | fixed
