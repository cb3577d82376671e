"""Differences, Holm over the quirks of a cell, verdicts; formats; published files of their own; the picture."""

import csv
import dataclasses
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from scipy import stats

from ltcbench.paper import tables
from ltcbench.paper.tables import Cell
from ltcbench.reporting import effect_formats, effects, merging, published, switches, waterfall
from ltcbench.reporting.effects import Turns
from ltcbench.reporting.index import Run
from ltcbench.reporting.statistics import Summary, contrast, interval, summary
from ltcbench.reporting.wanted import Composer

from . import fake

TABLE = tables.table("ltc-3")
CELL = Cell(TABLE, TABLE.columns["ozone"], "ltc")
OWN = [0.24, 0.25, 0.26, 0.23, 0.27]
TURNED = {
    "transposed_windows": [0.31, 0.33, 0.30],
    "random_split": [0.20, 0.19, 0.21],
    "scaled_over_all_days": [0.25, 0.24, 0.255],
    "missing_as_zero": [0.4],
}
CLEAN = [0.29, 0.31, 0.26]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path))
    return tmp_path


def runs(overrides: list[str], values: list[float], **changed: object) -> list[Run]:
    found = [fake.run(overrides, seed, value, metric="f1", **changed) for seed, value in enumerate(values)]
    return [dataclasses.replace(run, fingerprint=f"{run.settings[:8]}{run.seed}") for run in found]


def every() -> list[Run]:
    paper = CELL.overrides("paper")
    turned = [run for quirk, values in TURNED.items() for run in runs([*paper, override(quirk)], values)]
    return [*runs(paper, OWN), *turned, *runs(CELL.overrides("clean"), CLEAN)]


def override(quirk: str) -> str:
    return switches.override(quirk, "off")


def compared(runs: list[Run], way: str = "off") -> list[Turns]:
    return effects.compare(TABLE, list(TABLE.cells()), runs, way, Composer())


def test_differences_intervals_and_holm_are_scipys() -> None:
    (turns,) = compared(every())
    found = {effect.quirk: effect for effect in turns.effects}
    p = {}
    for quirk, values in TURNED.items():
        if len(values) > 1:
            wanted = stats.ttest_ind(values, OWN, equal_var=False)
            low, high = wanted.confidence_interval(0.95)
            its = found[quirk].found
            assert its is not None
            assert (its.low, its.high, its.p) == (pytest.approx(low), pytest.approx(high), pytest.approx(wanted.pvalue))
            p[quirk] = wanted.pvalue
    # Holm 1979: the smallest p times 3, the next times 2, the largest as it is, never falling
    smallest, middle, largest = sorted(p, key=p.__getitem__)
    steps = [3 * p[smallest], max(3 * p[smallest], 2 * p[middle])]
    wanted_p = {smallest: steps[0], middle: steps[1], largest: max(steps[1], p[largest])}
    assert {quirk: found[quirk].corrected for quirk in p} == {q: pytest.approx(v) for q, v in wanted_p.items()}
    assert turns.whole is not None and turns.whole.value == pytest.approx(sum(CLEAN) / 3 - 0.25)


def test_verdicts() -> None:
    (turns,) = compared(every())
    assert {effect.quirk: effect.verdict for effect in turns.effects} == {
        "transposed_windows": "decides",  # the largest of two that are sure
        "random_split": "matters",
        "scaled_over_all_days": "not told apart",
        "missing_as_zero": "inconclusive",  # one run, however far away
        "one_scale_for_all": "not run",
        "time_ignored": "not run",
        "last_epoch_ignored": "not run",
    }
    assert turns.decisive is not None and turns.decisive.quirk == "transposed_windows"


def test_holm_decides_what_matters() -> None:
    """A quirk that alone would be told apart is not where others were tried beside it."""
    paper, weak = CELL.overrides("paper"), [0.265, 0.288, 0.279]
    alone = [*runs(paper, OWN), *runs([*paper, override("random_split")], weak)]
    p = stats.ttest_ind(weak, OWN, equal_var=False).pvalue
    assert 0.05 / 3 < p < 0.05
    (turns,) = compared(alone)
    assert turns.decisive is not None
    others = [run for quirk in ("missing_as_zero", "time_ignored")
              for run in runs([*paper, override(quirk)], [0.25, 0.24, 0.26])]  # fmt: skip
    (turns,) = compared([*alone, *others])
    assert turns.decisive is None
    assert {effect.verdict for effect in turns.effects} == {"not told apart", "not run"}


@pytest.mark.parametrize("changed", [{"source": "synthetic"}, {"epochs": 100}])
def test_runs_of_other_data_or_length_are_not_tested(changed: dict[str, object]) -> None:
    paper = CELL.overrides("paper")
    (turns,) = compared([*runs(paper, OWN), *runs([*paper, override("random_split")], [0.1, 0.11, 0.12], **changed)])
    effect = next(effect for effect in turns.effects if effect.row.runs)
    assert effect.verdict == "inconclusive" and effect.found is not None and effect.found.low is None
    assert effect.row.marks and effect.corrected is None
    assert f"[{effect.row.marks[0]}]" in effect_formats.printed(TABLE, [turns], "off", 1, "term")


def test_switches_turned_on_stand_beside_the_clean_cell() -> None:
    clean = CELL.overrides("clean")
    leak = runs([*clean, "task.quirks.random_split=true"], [0.6, 0.61, 0.62])
    (turns,) = compared([*runs(clean, CLEAN), *leak], "on")
    assert turns.decisive is not None and turns.decisive.quirk == "random_split"
    assert turns.own.protocol == "clean" and not turns.other.runs
    assert not compared([*runs(clean, CLEAN), *leak], "off")


def test_runs_without_switches_give_no_cell() -> None:
    paper = CELL.overrides("paper")
    assert not compared([*runs(paper, OWN), *runs([*paper, "trainer.learning_rate=0.02"], [0.5, 0.6])])
    text = effect_formats.printed(TABLE, [], "off", 5, "term")
    assert "0 of 5 cells have runs with a switch turned off: ltcbench reproduce ltc-3 --switches off" in text


def test_every_format_tells_the_same() -> None:
    found = compared(every())
    text = {form: effect_formats.printed(TABLE, found, "off", 1, form) for form in ("term", "md", "tex", "csv", "html")}
    for form in ("term", "md", "tex", "html"):
        plain = text[form].replace("\\", "")
        assert "transposed_windows decides the number" in plain
        assert "0.250 ± 0.016 (5)" in plain.replace("$pm$", "±") and "decides, better" in plain
    assert text["html"].count("<svg") == 1
    rows = list(csv.DictReader(io.StringIO(text["csv"])))
    assert len(rows) == 7 and [row["verdict"] for row in rows].count("not run") == 3
    row = next(row for row in rows if row["quirk"] == "random_split")
    assert (row["own_n"], row["turned_n"], row["turned"]) == ("5", "3", "off")
    assert float(row["p_holm"]) >= float(row["p_value"]) > 0


def test_published_files_of_switches_give_the_same_and_merge_in_any_order(folder: Path) -> None:
    found = compared(every())
    files = effects.lines(found)
    assert [*files] == [(), *((override(quirk),) for quirk in TURNED)]
    for extra, lines in files.items():
        path = published.file(folder, "ltc-3", extra)
        for some in (lines[1:], lines[:1], lines):
            merging.merged(path, some, Composer()).write()
    assert not (folder / "earlier").exists()
    assert len(list(folder.glob("ltc-3*.csv"))) == 1 + len(TURNED)
    command = published.read_lines(published.file(folder, "ltc-3", [override("random_split")]))[0].command
    assert command.endswith("task.quirks.random_split=false seed=0")
    read = [*published.runs_in(folder, "ltc-3"), *effects.apart(folder, TABLE)]
    again = compared(read)
    assert again[0].effects == found[0].effects


def test_the_waterfall_shows_papers_ours_quirks_and_clean() -> None:
    (turns,) = compared(every())
    root = ElementTree.fromstring(waterfall.picture(turns))
    names = [text.text for text in root.iter("text") if text.get("class") == "name"]
    assert names == ["the paper", "ours, paper", *(f"{quirk} off" for quirk in names_of(turns)), "ours, clean"]
    kinds = [circle.get("class") or "" for circle in root.iter("circle")]
    assert sum("hollow" in kind for kind in kinds) == 2  # not told apart, one run
    starts, widths = zip(*((rect.get("x"), float(rect.get("width"))) for rect in root.iter("rect")), strict=True)
    assert len(starts) == len(TURNED) and all(width >= 0 for width in widths)
    assert "transposed_windows off: +0.063" in re.sub(r"\s+", " ", waterfall.picture(turns))
    assert waterfall.section([turns]).count("<svg") == 1 and waterfall.section([]) == ""


def names_of(turns: Turns) -> list[str]:
    return [effect.quirk for effect in turns.effects if effect.found]


def test_the_interval_of_a_mean_is_scipys() -> None:
    low, high = stats.t.interval(0.95, 4, loc=0.25, scale=stats.sem(OWN))
    assert interval(summary(OWN)) == (pytest.approx(low), pytest.approx(high))
    assert interval(Summary(1.0, None, 5)) is None and interval(Summary(1.0, 0.1, 1)) is None


def test_a_contrast_needs_two_runs_on_both_sides() -> None:
    assert contrast(Summary(1.0, None, 1), Summary(2.0, 0.1, 3)).low is None
    assert contrast(Summary(1.0, 0.1, 3), Summary(2.0, None, 1)).low is None
    assert contrast(Summary(1.0, 0.1, 3), Summary(2.0, 0.1, 3)).assumed is False
