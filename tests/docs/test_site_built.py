"""The site as `make docs` builds it: nothing of it leads nowhere, nothing is asked of the network."""

import functools
import http.server
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.reporting.browser import Browser

pytestmark = pytest.mark.slow


def build(tree: Path, out: Path) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("mkdocs", reason="needs the extra docs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    done = build(ROOT, out)
    assert done.returncode == 0, done.stderr
    return out


class Reader(HTMLParser):
    """What a page fetches, where it leads, and the places in it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.text = ""
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value is not None}
        self.ids |= {given["id"]} if "id" in given else set()
        if tag == "a":
            self.links += [given["href"]] if "href" in given else []
        elif tag != "base":
            self.fetched += [given[name] for name in ("src", "href", "srcset", "data", "action") if name in given]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_nothing_is_asked_of_the_network_and_nothing_leads_nowhere(site: Path) -> None:
    pages = {page.resolve(): Reader(page) for page in site.rglob("*.html") if page.name != "404.html"}
    assert len(pages) > 50
    for page, read in pages.items():
        for link in read.fetched:
            assert not re.match(r"(https?:)?//", link), (page, link)
            assert (page.parent / link).is_file(), (page, link)
        for link in read.links:
            if re.match(r"https?://", link):
                continue
            path, _, place = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.is_file(), (page, link)
            assert target not in pages or not place or place in pages[target].ids, (page, link)
        assert not re.search(r"\|[ -]*---|\n- |\]\(", read.text), page  # Markdown that was not understood
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", sheet.read_text()), sheet


def test_home_is_the_readme_with_links_that_are_pages(site: Path) -> None:
    read = Reader(site / "index.html")
    assert {"protocols.html", "findings.html", "contributing.html", "datasets/index.html", "published.html",
            "reference/settings/index.html"} <= set(read.links)  # fmt: skip
    assert "ltc-6-cheetah.svg" in read.fetched
    assert "from-python" in read.ids


def test_a_broken_link_or_place_fails_the_build(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for path in (*ROOT.glob("*.md"), *(ROOT / name for name in ("conf", "datasets", "ltcbench", "runs"))):
        (tree / path.name).symlink_to(path)
    shutil.copy(ROOT / "mkdocs.yml", tree)
    shutil.copytree(ROOT / "docs", tree / "docs")
    with (tree / "docs" / "cluster.md").open("a") as page:
        page.write("\n[one](nowhere.md), [two](speed.md#no-such-place), [three](../nowhere.yaml)\n")
    done = build(tree, tmp_path / "out")
    assert done.returncode == 1
    for link in ("nowhere.md", "#no-such-place", "../nowhere.yaml"):
        assert re.search(rf"'cluster.md' contains a link '[^']*{re.escape(link)}'", done.stderr), done.stderr


PAGES = ("index.html", "findings.html", "reference/commands/table.html", "reference/python.html", "datasets/har.html")


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Of a server of the site, for a page that is opened as a file does not tell what it fetched."""
    handler = functools.partial(Silent, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


def show(seen: Browser, page: str, width: int, scheme: str = "light", media: str = "") -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    seen.devtools("Emulation.setEmulatedMedia", media=media, features=features)
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    seen.devtools("Emulation.setDeviceMetricsOverride", **size)
    seen.open("about:blank")
    seen.open(page)


@pytest.mark.parametrize("width", [390, 1400])
def test_pages_fit_and_ask_for_nothing(chromium: Browser, address: str, width: int) -> None:
    for page in PAGES:
        show(chromium, f"{address}/{page}", width)
        assert chromium.js("document.documentElement.scrollWidth <= innerWidth"), page
        asked = chromium.js("performance.getEntriesByType('resource').map(it => it.name)")
        assert asked and all(name.startswith((address, "data:")) for name in asked), asked
    assert chromium.errors() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(chromium: Browser, site: Path, scheme: str) -> None:
    axe = pytest.importorskip("axe_core_python", reason="axe-core-python brings the script of axe-core")
    script = (Path(axe.__file__).parent / "axe.min.js").read_text()
    for page in ("index.html", "plugins.html", "reference/commands/table.html", "datasets/har.html"):
        show(chromium, f"file://{site / page}", 390, scheme)
        chromium.devtools("Runtime.evaluate", expression=script)
        found = chromium.devtools(
            "Runtime.evaluate",
            expression="axe.run(document, {resultTypes: ['violations']})"
            ".then(found => found.violations.map(it => [it.id, it.impact, it.nodes[0].html]))",
            awaitPromise=True,
            returnByValue=True,
        )["result"]["value"]
        assert [it for it in found if it[1] in ("serious", "critical")] == [], page


@pytest.mark.parametrize("served", [False, True], ids=["file", "server"])
def test_the_search_finds_a_setting(chromium: Browser, site: Path, address: str, served: bool) -> None:
    show(chromium, f"{address}/index.html" if served else f"file://{site}/index.html", 1400)
    chromium.click("[data-md-component=search-query]")
    chromium.type("[data-md-component=search-query]", "clip_norm")
    for _ in range(200):
        found = chromium.js("[...document.querySelectorAll('.md-search-result__link')].map(it => it.href)")
        if found:
            break
        time.sleep(0.05)
    assert any("reference/settings/trainer.html" in link for link in found)


def test_paper_is_white_and_without_navigation(chromium: Browser, site: Path) -> None:
    show(chromium, f"file://{site}/index.html", 1400, "dark", "print")
    ground = chromium.js("getComputedStyle(document.body).backgroundColor")
    around = "'.md-header, .md-sidebar, .md-footer'"
    shown = chromium.js(f"[...document.querySelectorAll({around})].some(it => it.checkVisibility())")
    assert min(map(int, re.findall(r"\d+", ground)[:3])) > 240
    assert not shown
