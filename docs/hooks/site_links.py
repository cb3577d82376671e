"""A hook of MkDocs: links of the repository's Markdown lead to the pages of the site.

Every page says where other files are as seen from its own place in the repository. What is no page, a picture or a
file of code, is taken into the site as it is.
"""

import os
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
# Code stands first, so that what looks like a link in it is left alone.
_LINK = re.compile(
    r"^```.*?^```|^(?: {4}|\t).*?$|`[^`\n]*`|\[([^][]*)\]\((?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?\)",
    re.MULTILINE | re.DOTALL,
)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The text of a page with links that are right where the page stands in the site."""
    source = Path(page.file.abs_src_path or "/")
    if not source.is_relative_to(ROOT):
        return markdown  # written for the site
    pages = {Path(file.abs_src_path): file.src_uri for file in files if file.abs_src_path}

    def lead(found: re.Match[str]) -> str:
        text, link, anchor = found.groups()
        if link is None:
            return found[0]
        target = Path(os.path.normpath(source.parent / link))
        uri = pages.get(target) or of_settings(target) or _taken(target, config, files)
        start = posixpath.dirname(page.file.src_uri)
        if text == link and target in pages:
            text = title(target)
        return f"[{text}]({posixpath.relpath(uri, start) if uri else link}{anchor or ''})"

    return _LINK.sub(lead, markdown)


def title(page: Path) -> str:
    """The first heading of a page."""
    return page.read_text(encoding="utf-8").partition("# ")[2].partition("\n")[0]


def of_settings(target: Path) -> str | None:
    """The page of a file or folder of ``conf/``."""
    parts = target.relative_to(ROOT).parts if target.is_relative_to(ROOT) else ()
    if not target.exists() or parts[:1] != ("conf",):
        return None
    group = parts[1] if len(parts) > 1 and not parts[1].endswith(".yaml") else "index"
    return f"reference/settings/{group}.md"


def _taken(target: Path, config: MkDocsConfig, files: Files) -> str | None:
    """The place in the site of a file that is no page."""
    if not target.is_file() or not target.is_relative_to(ROOT):
        return None
    uri = f"files/{target.relative_to(ROOT).as_posix()}"
    if uri not in files.src_uris:
        files.append(File.generated(config, uri, abs_src_path=str(target)))
    return uri
