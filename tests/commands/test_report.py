"""The report, read as a user would read it."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ltcbench import cli
from ltcbench.paper import tables
from ltcbench.settings import groups
from tests.conftest import ROOT
from tests.reporting import fake
from tests.reporting.browser import Browser

CELLS = {
    (cell.table.name, cell.column.name, cell.model): cell
    for name in tables.names()
    for cell in tables.table(name).cells()
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that reproduce, differ and were cut."""
    folder = tmp_path_factory.mktemp("report")
    for (table, column, model), mean, metric, more in (
        (("ltc-6", "cheetah", "lstm"), 2.5, "mse", []),
        (("ltc-6", "cheetah", "ctrnn"), 6.0, "mse", []),
        (("ltc-6", "cheetah", "ltc"), 2.3, "mse", []),
        (("ltc-3", "gesture", "ltc"), 0.5, "accuracy", []),
        (("cfc-walker", "walker", "cfc"), 0.65, "mse", ["trainer.epochs=5"]),
    ):
        for protocol in ("paper", "clean"):
            overrides = [*CELLS[table, column, model].overrides(protocol), *more]
            for seed in range(3):
                fake.folder(
                    folder, overrides, seed, mean * (1 + seed / 500) + (protocol == "clean") * 0.1, metric=metric
                )
    return folder


@pytest.fixture(scope="module")
def page(runs: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LTCBENCH_RUNS", str(runs))
        assert cli.run(["report"]) == 0
    return runs / "report" / "index.html"


class Reader(HTMLParser):
    """Checks that elements are closed in order and collects ids and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.outside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in ("meta", "input"):
            self.open.append(tag)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given["href"] or ""] if tag == "a" else []
        self.outside += [key for key in ("src", "srcset", "data", "action") if key in given]
        self.outside += [tag] if tag in ("link", "iframe", "img", "object") else []

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(page: Path) -> None:
    text = page.read_text()
    reader = Reader(text)
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    assert {link[1:] for link in reader.links} <= set(reader.ids)
    assert reader.outside == []
    assert not re.search(r"https?://|url\(|@import|fetch\(|XMLHttpRequest", text)


def test_every_table_model_quirk_and_run_is_on_it(page: Path, runs: Path) -> None:
    text = page.read_text()
    for table in map(tables.table, tables.names()):
        assert f'<section id="{table.name}">' in text
        assert all(f'<th scope="row">{model}</th>' in text for model in table.models)
    assert all(f"<code>{quirk}</code>" in text for quirk in groups.quirk_notes("physionet"))
    for path in runs.glob("*/*/*/result.json"):
        assert path.parent.name in text
    assert "ltcbench reproduce ltc-6 --only column=cheetah --protocol both" in text
    assert "cut short, 5 of 50 epochs" in text


def colours(css: str) -> list[dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", css, flags=re.DOTALL)
    return [dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block)) for block in blocks[:2]]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "muted", "accent", "good", "bad"])
def test_text_can_be_read(page: Path, mode: int, ink: str) -> None:
    found = colours(page.read_text())[mode]
    for ground in ("paper", "panel"):
        dark, light = sorted((luminance(found[ink]), luminance(found[ground])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG AA


@pytest.fixture
def seen(chromium: Browser, page: Path) -> Browser:
    chromium.devtools("Emulation.clearDeviceMetricsOverride")
    chromium.open("about:blank")
    chromium.open(f"file://{page}")
    chromium.js("(document.documentElement.style.scrollBehavior = 'auto')")
    return chromium


SHOWN = (
    "[...document.querySelectorAll('#ltc-6 table.cells tbody th')].filter(e => e.checkVisibility())"
    ".map(e => e.textContent)"
)
VISIBLE = "[...document.querySelectorAll('section.column')].filter(e => e.offsetParent).map(e => e.dataset.name)"


@pytest.mark.slow
def test_sorting_by_a_column(seen: Browser) -> None:
    heading = "#ltc-6 table.cells thead tr:last-child th:nth-child(3)"
    assert seen.js(SHOWN) == ["lstm", "ctrnn", "ltc"]  # the others were not run: they are folded
    seen.click(f"{heading} button")
    assert seen.js(SHOWN) == ["ltc", "lstm", "ctrnn"]
    assert seen.js(f"document.querySelector('{heading}').getAttribute('aria-sort')") == "ascending"
    seen.click(f"{heading} button")
    assert seen.js(SHOWN) == ["ctrnn", "lstm", "ltc"]
    assert seen.js(f"document.querySelector('{heading}').getAttribute('aria-sort')") == "descending"
    assert seen.js("document.querySelectorAll('#ltc-6 [aria-sort]').length") == 1


@pytest.mark.slow
def test_filtering_by_text_verdict_and_protocol(seen: Browser) -> None:
    everything = seen.js(VISIBLE)
    assert len(everything) == sum(len(tables.table(name).columns) for name in tables.names())
    seen.type("#search", "cheetah ctrnn")
    assert seen.js(VISIBLE) == ["ltc-6 cheetah cheetah"]
    assert seen.js(SHOWN) == ["ctrnn"]
    assert seen.js("document.querySelector('#shown').textContent") == "1 cells"
    seen.type("#search", "")
    seen.js("document.querySelector('#search').dispatchEvent(new Event('input', {bubbles: true}))")
    assert seen.js(VISIBLE) == everything
    seen.click("#verdict option[value=reproduced]")
    assert seen.js(VISIBLE) == ["ltc-6 cheetah cheetah"]
    seen.click("#verdict option[value='']")
    seen.click("#run")
    assert seen.js(VISIBLE) == [
        "ltc-3 gesture gesture",
        "ltc-6 cheetah cheetah",
        "cfc-walker walker walker",
        "cfc-walker time walker",
    ]
    seen.click("input[value=clean]")
    assert not seen.js("document.querySelector('#ltc-6 td.paper').offsetParent")
    assert seen.js("!!document.querySelector('#ltc-6 td.clean').offsetParent")


@pytest.mark.slow
def test_from_a_cell_to_its_runs(seen: Browser) -> None:
    target = "document.getElementById('runs-ltc-6-cheetah-ltc-paper')"
    assert not seen.js(f"{target}.checkVisibility()")
    seen.click("a[href='#runs-ltc-6-cheetah-ltc-paper']")
    assert seen.js("location.hash") == "#runs-ltc-6-cheetah-ltc-paper"
    assert seen.js(f"{target}.checkVisibility() && {target}.closest('details').open")
    top = seen.js(f"{target}.getBoundingClientRect().top")
    assert 0 <= top < seen.js("innerHeight")
    assert seen.js(f"{target}.textContent").startswith("ltcpaper0finished2.300")


@pytest.mark.slow
def test_nothing_is_wider_than_a_phone(seen: Browser, page: Path) -> None:
    seen.devtools("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
    seen.open(f"file://{page}?phone")
    assert seen.js("[innerWidth, document.documentElement.scrollWidth]") == [360, 360]
    assert seen.js("document.querySelector('form.controls').elements.protocol.value") == "paper"
    size = seen.js("parseFloat(getComputedStyle(document.querySelector('#ltc-6 td')).fontSize)")
    assert size >= 12


@pytest.mark.slow
def test_dark_is_dark(seen: Browser) -> None:
    seen.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    ground = seen.js("getComputedStyle(document.body).backgroundColor")
    seen.devtools("Emulation.setEmulatedMedia", features=[])
    assert max(map(int, re.findall(r"\d+", ground)[:3])) < 40


@pytest.mark.slow
def test_printing_leaves_the_controls_out(seen: Browser) -> None:
    seen.devtools("Emulation.setEmulatedMedia", media="print")
    controls = "'.controls, nav, .tools, details:not(.fold, .pictures)'"
    hidden = seen.js(f"[...document.querySelectorAll({controls})].some(e => e.checkVisibility())")
    seen.devtools("Emulation.setEmulatedMedia", media="")
    assert not hidden
    assert seen.print().startswith(b"%PDF")


@pytest.mark.slow
def test_the_page_has_no_complaints_and_names_for_everything(seen: Browser) -> None:
    assert seen.errors() == []
    assert seen.js("document.querySelectorAll('table').length == document.querySelectorAll('table > caption').length")
    assert seen.js("[...document.querySelectorAll('svg')].every(e => e.getAttribute('aria-label') !== null)")
    assert seen.js("[...document.querySelectorAll('input, select')].every(e => e.labels.length)")
    assert seen.js("[...document.querySelectorAll('th')].every(e => e.scope)")


def test_a_page_without_runs_says_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "published").mkdir()
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "runs"))
    out = tmp_path / "page.html"
    assert cli.run(["report", "--from", str(tmp_path / "published"), "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert "0 runs" in out.read_text()
    assert cli.run(["report", "--from", "/nowhere"]) == 2


def test_pictures_are_written_as_svg_and_pdf(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LTCBENCH_RUNS", str(runs))
    figures = tmp_path / "figures"
    assert cli.run(["report", "--out", str(tmp_path / "page.html"), "--figures", str(figures)]) == 0
    names = {path.name for path in figures.iterdir()}
    assert {"ltc-6-cheetah.svg", "ltc-6-cheetah.pdf", "ltc-6-cheetah-time.svg", "ltc-6-cheetah-curves-clean.svg",
            "paper-against-ours-errors.pdf"} <= names  # fmt: skip
    assert all((figures / name).read_bytes().startswith(b"%PDF") for name in names if name.endswith("pdf"))
    text = (figures / "cfc-walker-walker.svg").read_text()
    assert "cut short" in text and "var(" not in text and "class=" not in text


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of all published runs, with its pictures in a folder beside it."""
    out = tmp_path_factory.mktemp("published") / "page.html"
    figures = ["--figures", str(out.parent / "figures")]
    assert cli.run(["report", "--from", str(ROOT / "runs" / "published"), "--out", str(out), *figures]) == 0
    return out


def test_published_runs_have_learning_curves(published: Path) -> None:
    assert '<figure class="panels paper">' in published.read_text()


def test_waterfalls_and_ranks_are_a_column_wide(published: Path) -> None:
    names = {path.name for path in (published.parent / "figures").glob("*")}
    assert {"ltc-3-gesture-ltc-switches.pdf", "ranks-printed.pdf"} <= names
    for name in ("ltc-3-gesture-ltc-switches.svg", "ranks-printed.svg"):
        text = (published.parent / "figures" / name).read_text()
        assert 'width="340"' in text and "currentColor" not in text


@pytest.mark.slow
def test_what_was_not_run_takes_a_line(chromium: Browser, published: Path) -> None:
    chromium.devtools("Emulation.setDeviceMetricsOverride", width=1400, height=900, deviceScaleFactor=1, mobile=False)
    chromium.open(f"file://{published}")
    columns = (
        "[...document.querySelectorAll('.columns > .column')]"
        ".filter(e => e.checkVisibility() && !e.querySelector(':scope > .fold > summary h3'))"
    )
    rows = f"{columns}.flatMap(e => [...e.querySelectorAll('tr')].filter(row => row.checkVisibility()))"
    most = 1500 + 120 * chromium.js(f"{columns}.length") + 30 * chromium.js(f"{rows}.length")
    assert chromium.js("document.documentElement.scrollHeight") < most  # 8,430 for 16 columns with 167 rows
    cut = "[...document.querySelectorAll('.half table.cells')].filter(e => e.offsetWidth > e.parentElement.clientWidth)"
    assert chromium.js(f"{cut}.filter(e => e.checkVisibility()).length") == 0
    folded = chromium.js(
        "[...document.querySelectorAll('main > section > details.fold > summary')].map(e => e.offsetHeight)"
    )
    assert folded and max(folded) < 40
    assert chromium.js("document.getElementById('ltc-2').checkVisibility()")  # a table of an experiment


@pytest.mark.slow
def test_a_table_can_be_copied_and_kept(seen: Browser) -> None:
    table = "document.querySelector('#ltc-6 table.cells')"
    head, *lines = seen.js(f"formats.tsv(rows({table}))").splitlines()
    assert head.split("\t")[:3] == ["model", "paper", "ours (the paper's protocol; 3 of the paper's 5 seeds)"]
    assert [line.split("\t")[0] for line in lines] == ["lstm", "ctrnn", "ltc"]
    assert all(len(line.split("\t")) == len(head.split("\t")) for line in lines)
    assert seen.js(f"formats.md(rows({table}))").splitlines()[1].startswith("| --- | --- |")
    assert seen.js("formats.csv([['a', 'b,\"c\"']])") == 'a,"b,""c"""\r\n'
    assert seen.js("document.querySelectorAll('.tools button').length % 3") == 0


@pytest.mark.slow
def test_axe_finds_nothing_serious(seen: Browser) -> None:
    axe = pytest.importorskip("axe_core_python", reason="axe-core-python brings the script of axe-core")
    script = (Path(axe.__file__).parent / "axe.min.js").read_text()
    seen.devtools("Runtime.evaluate", expression=script)
    found = seen.devtools(
        "Runtime.evaluate",
        expression="axe.run(document.querySelector('main'), {resultTypes: ['violations']})"
        ".then(found => found.violations.map(it => [it.id, it.impact]))",
        awaitPromise=True,
        returnByValue=True,
    )["result"]["value"]
    assert [it for it in found if it[1] in ("serious", "critical")] == []
