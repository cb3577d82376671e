import csv
import io
import re

import pytest

from ltcbench.paper import tables
from ltcbench.paper.tables import Cell
from ltcbench.reporting import formats
from ltcbench.reporting.comparison import Comparison, compare
from ltcbench.reporting.index import Run, data_digest
from ltcbench.reporting.wanted import Composer
from ltcbench.settings.job import tree

from . import fake

TABLE = tables.table("ltc-6")
COLUMN = TABLE.columns["cheetah"]


def overrides(model: str, protocol: str = "paper") -> list[str]:
    return Cell(TABLE, COLUMN, model).overrides(protocol)


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    means = {"lstm": 2.5, "ctrnn": 3.4, "ltc": 2.3}
    found = [
        fake.run(overrides(model, protocol), seed, mean + 0.01 * seed + 0.5 * (protocol == "clean"))
        for model, mean in means.items()
        for protocol in ("paper", "clean")
        for seed in range(5)
    ]
    found.append(fake.run(overrides("node"), 0, 3.9, source="subset", status="diverged"))
    settings = data_digest(tree(fake.job(*overrides("lstm"))))
    return [*found, fake.run(overrides("lstm"), 0, 3.501, model="linear", status="baseline", settings=settings)]


@pytest.fixture(scope="module")
def one(runs: list[Run]) -> Comparison:
    return compare(TABLE, list(TABLE.cells()), runs, ["paper"], Composer())


@pytest.fixture(scope="module")
def both(runs: list[Run]) -> Comparison:
    return compare(TABLE, list(TABLE.cells()), runs, ["paper", "clean"], Composer())


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_the_columns_that_were_agreed_on_and_numbers_in_full(one: Comparison) -> None:
    text = formats.to_csv([one])
    assert text.splitlines()[0] == (
        "table,task,setting,model,metric,unit,paper_mean,paper_std,paper_n,paper_source,ours_mean,ours_std,ours_n,"
        "ours_failed,protocol,data_source,difference,ci_low,ci_high,p_value,verdict,note"
    )
    by_model = {row["model"]: row for row in rows_of(text)}
    assert list(by_model) == ["lstm", "ctrnn", "node", "ctgru", "ltc", "cfc"]
    lstm = by_model["lstm"]
    assert float(lstm["ours_mean"]) == pytest.approx(2.52)
    assert float(lstm["difference"]) == float(lstm["ours_mean"]) - 2.5
    assert float(lstm["ci_low"]) < float(lstm["difference"]) < float(lstm["ci_high"])
    assert (lstm["ours_n"], lstm["ours_failed"], lstm["data_source"]) == ("5", "0", "official")
    assert (by_model["ctrnn"]["verdict"], by_model["ctrnn"]["note"]) == ("differs", "differs, worse")
    node = by_model["node"]
    assert (node["ours_n"], node["ours_failed"], node["verdict"]) == ("1", "1", "inconclusive")
    assert "subset data; 1 of 1 diverged" in node["note"]
    assert {by_model["ctgru"][key] for key in ("ours_mean", "ours_std", "p_value", "data_source")} == {""}
    assert "decay_bug" in by_model["ctgru"]["note"]
    assert by_model["cfc"]["paper_mean"] == ""


def test_csv_of_both_protocols_has_a_line_for_each(both: Comparison) -> None:
    rows = rows_of(formats.to_csv([both]))
    assert [row["protocol"] for row in rows] == ["paper"] * 6 + ["clean"] * 6


def test_the_terminal_shows_numbers_verdicts_notes_and_the_sum(one: Comparison) -> None:
    text = formats.term(one)
    assert re.search(
        r"lstm +2\.500 ± 0\.140 +2\.520 ± 0\.016 \(5\) +\+0\.020 \[-0\.\d{3}, \+0\.\d{3}\] +reproduced", text
    )
    assert re.search(r"ltc +2\.308 ± 0\.015 \* +2\.320 ± 0\.016 \(5\) \* ", text)
    assert re.search(r"node .* 3\.900 \(1\) \[subset data\] \[1 of 1 diverged\] +\+0\.095 +inconclusive +1 2", text)
    assert re.search(r"\(linear\) +3\.501$", text, re.MULTILINE)
    assert "[1] 1 of the paper's 5 seeds" in text
    assert "LTC less LSTM, ours under the paper's protocol: -0.200 [-0.223, -0.177], better." in text
    assert "the paper's protocol [subset data; 1 of 1 diverged]: Kendall's tau +1.00, a single seed" in text
    assert "6 cells under the paper's protocol: 2 reproduced, 1 differs, worse, 1 inconclusive, 2 not run." in text


def test_both_protocols_stand_side_by_side(both: Comparison) -> None:
    text = formats.term(both)
    assert re.search(r"lstm +2\.500 ± 0\.140 +2\.520 ± \S+ \(5\) +reproduced +3\.020 ± \S+ \(5\) +differs, worse", text)
    assert "Our ranking under both protocols: Kendall's tau +1.00 [+1.00, +1.00]." in text
    assert "6 cells under a clean protocol: 3 differs, worse, 3 not run." in text


def test_markdown_is_a_table_with_bold_bests(one: Comparison) -> None:
    lines = formats.md(one).splitlines()
    grid = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in grid} == {7}
    assert any(line.startswith("| ltc | **2.308 ± 0.015** | **2.320 ± 0.016 (5)** |") for line in grid)
    assert any("decay\\_bug" in line for line in lines)


def test_latex_is_balanced_and_escaped(both: Comparison) -> None:
    text = formats.tex(both)
    assert text.count("{") == text.count("}")
    assert re.findall(r"\\(begin|end)\{(\w+)\}", text) == [
        ("begin", "table"), ("begin", "tabular"), ("end", "tabular"), ("end", "table"),
    ]  # fmt: skip
    assert r"\textbf{2.308 $\pm$ 0.015}" in text
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    assert {line.count("&") for line in body.splitlines() if "&" in line} == {6}
    assert not re.search(r"(?<!\\)[%_#]", "".join(text.splitlines()[1:]).replace(r"$^", ""))


@pytest.mark.parametrize("name", tables.names())
@pytest.mark.parametrize("protocols", [("paper",), ("paper", "clean")])
def test_every_table_is_written_in_every_format(name: str, protocols: tuple[str, ...]) -> None:
    from ltcbench.reporting import html

    table = tables.table(name)
    empty = compare(table, list(table.cells()), [], protocols, Composer())
    for write in (formats.term, formats.md, formats.tex, html.standalone):
        assert all(model.replace("_", "") in re.sub(r"[_\\]", "", write(empty)) for model in table.models)
    numbers = sum(
        len(column.numbers) * len(set(column.protocols) & set(protocols)) for column in table.columns.values()
    )
    assert sum(row["paper_mean"] != "" for row in rows_of(formats.to_csv([empty]))) == numbers


def test_small_numbers_show_two_digits() -> None:
    table = tables.table("ltc-3")
    cell = Cell(table, table.columns["power"], "lstm")
    found = [fake.run(cell.overrides("paper"), seed, 0.000536 + seed * 1e-5) for seed in range(3)]
    text = formats.term(compare(table, [cell], found, ["paper"], Composer()))
    assert "0.00055 ± 0.00001 (3)" in text
