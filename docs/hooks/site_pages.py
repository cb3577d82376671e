"""A hook of MkDocs: the pages that are made of what they describe, and the navigation that names them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import site_cards
import site_commands
import site_settings
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]

# Pages of the repository that stand outside docs/.
TAKEN = {
    "index.md": "README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "datasets/index.md": "datasets/README.md",
    "published.md": "runs/published/README.md",
    "runs.md": "runs/README.md",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages, and put them into the navigation."""
    for page, source in TAKEN.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    for page, text in written().items():
        files.append(File.generated(config, page, content=text))
    config.nav = _entries(config.nav or [], [file.src_uri for file in files.documentation_pages()])
    return files


def written() -> dict[str, str]:
    """The text of every generated page."""
    return {**site_commands.pages(), **site_settings.pages(), **site_cards.pages()}


def _entries(nav: list[Any], pages: list[str]) -> list[Any]:
    """The navigation with the pages of a folder in the place of its name."""
    return [entry for given in nav for entry in _entry(given, pages)]


def _entry(given: Any, pages: list[str]) -> Iterator[Any]:
    if isinstance(given, str):
        yield given
        return
    ((title, inside),) = given.items()
    if isinstance(inside, str) and inside.endswith("/"):
        inside = sorted((page for page in pages if page.startswith(inside)), key=lambda page: "index.md" not in page)
    elif isinstance(inside, list):
        inside = _entries(inside, pages)
    if inside:
        yield {title: inside}
