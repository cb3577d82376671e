"""Links of the repository's Markdown, as they are where a page stands in the site."""

from pathlib import Path

import pytest
import site_links
import site_pages
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin, PluginCollection
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from tests.conftest import ROOT


class Hooks(BasePlugin):
    """MkDocs calls our functions so, and knows then who made a file."""

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        return site_pages.on_files(files, config)

    def on_page_markdown(self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        return site_links.on_page_markdown(markdown, page, config, files)


@pytest.fixture(scope="module")
def config() -> MkDocsConfig:
    config = MkDocsConfig(str(ROOT / "mkdocs.yml"))
    config.load_dict({"site_name": "ltcbench", "docs_dir": str(ROOT / "docs"), "use_directory_urls": False})
    config.plugins = PluginCollection()
    config.plugins["hooks"] = Hooks()
    config.nav = []
    return config


@pytest.fixture(scope="module")
def files(config: MkDocsConfig) -> Files:
    return config.plugins.on_files(Files([]), config=config)


def rewritten(text: str, page: str, config: MkDocsConfig, files: Files) -> str:
    file = files.get_file_from_path(page)
    assert file is not None
    return config.plugins.on_page_markdown(text, page=Page(None, file, config), config=config, files=files)


@pytest.mark.parametrize(
    ("page", "before", "after"),
    [
        ("index.md", "[a](CHANGELOG.md#unreleased)", "[a](changelog.md#unreleased)"),
        ("index.md", "[CONTRIBUTING.md](CONTRIBUTING.md)", "[Contributing](contributing.md)"),
        ("index.md", "[conf/train.yaml](conf/train.yaml)", "[conf/train.yaml](reference/settings/index.md)"),
        ("datasets/index.md", "[s](../conf/search)", "[s](../reference/settings/search.md)"),
        ("datasets/index.md", "[a](../README.md)", "[a](../index.md)"),
        ("published.md", "![p](../../docs/ltc-6-cheetah.svg)", "![p](files/docs/ltc-6-cheetah.svg)"),
        ("index.md", "[a](https://arxiv.org), [b](#two-commands)", "[a](https://arxiv.org), [b](#two-commands)"),
        ("index.md", "[a](nowhere.md)", "[a](nowhere.md)"),
        (
            "index.md",
            "`x[0](CHANGELOG.md)`\n\n    y[0](CHANGELOG.md)",
            "`x[0](CHANGELOG.md)`\n\n    y[0](CHANGELOG.md)",
        ),
    ],
)
def test_a_link(config: MkDocsConfig, files: Files, page: str, before: str, after: str) -> None:
    assert rewritten(before, page, config, files) == after


def test_what_is_no_page_is_taken_along(config: MkDocsConfig, files: Files) -> None:
    rewritten("[a](ltcbench/cli.py)", "contributing.md", config, files)
    taken = files.get_file_from_path("files/ltcbench/cli.py")
    assert taken is not None and Path(taken.abs_src_path or "") == ROOT / "ltcbench" / "cli.py"


def test_a_folder_in_the_navigation_stands_for_its_pages() -> None:
    pages = ["a/z.md", "a/b.md", "a/index.md", "other.md"]
    nav = [{"A": "a/"}, {"None": "b/"}, {"In": [{"A": "a/"}, "other.md"]}, "other.md"]
    found = ["a/index.md", "a/z.md", "a/b.md"]
    assert site_pages._entries(nav, pages) == [{"A": found}, {"In": [{"A": found}, "other.md"]}, "other.md"]
