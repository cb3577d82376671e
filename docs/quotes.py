"""What pages quote of the tool, made anew: ``python docs/quotes.py`` (``make quotes``).

A quote stands between two comments, the command in the first, and is a table or several with what is said of each::

    <!-- ltcbench table all --summary -->
    ...
    <!-- end -->

The commands read ``runs/published``. The title and the notes on how to read a table are left out: a page has its own.
"""

import contextlib
import io
import re
import shlex
import sys
from pathlib import Path

from ltcbench.commands import table
from ltcbench.reporting import census, duels, effect_formats, matrix, ranking

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "findings.md")
READING_NOTES = {part.EXPLANATION for part in (census, duels, effect_formats, matrix, ranking)}
QUOTE = re.compile(r"(<!-- ltcbench (table .+?) -->\n).*?(<!-- end -->)", flags=re.DOTALL)


def printed(command: str) -> str:
    """What ``ltcbench table ...`` prints of the published runs in Markdown, without title and reading notes.

    Raises:
        SystemExit: the command failed.
    """
    said = io.StringIO()
    arguments = [*shlex.split(command)[1:], "--format", "md", "--from", str(ROOT / "runs" / "published")]
    with contextlib.redirect_stdout(said):
        status = table.main(arguments)
    if status:
        raise SystemExit(status)
    _, *paragraphs = said.getvalue().strip().split("\n\n")
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph not in READING_NOTES)


def renewed(page: str) -> str:
    """A page with its quotes as the tool says them now."""
    return QUOTE.sub(lambda quote: f"{quote[1]}\n{printed(quote[2])}\n\n{quote[3]}", page)


def main() -> None:
    """Write the pages anew, and say which have changed."""
    for path in PAGES:
        before = path.read_text()
        after = renewed(before)
        if after != before:
            path.write_text(after)
            print(path.relative_to(ROOT), file=sys.stderr)


if __name__ == "__main__":
    main()
