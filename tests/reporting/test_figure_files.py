"""Pictures as files: plain SVG, and PDF."""

import dataclasses
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ltcbench.paper import tables
from ltcbench.reporting import figure_files, ink, pdf, pictures, published
from ltcbench.reporting.charts import figure, marker
from ltcbench.reporting.comparison import Comparison, compare
from ltcbench.reporting.learning_curves import Curves
from ltcbench.reporting.wanted import Composer
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def cheetah() -> Comparison:
    table = tables.table("ltc-6")
    runs = published.runs_in(ROOT / "runs" / "published", "ltc-6")
    return compare(table, list(table.cells()), runs, ("paper", "clean"), Composer())


def test_the_picture_of_the_readme_is_what_the_tool_makes(cheetah: Comparison) -> None:
    ((name, svg),) = figure_files.DRAWERS[0]([cheetah], Curves(Path("nowhere")))
    assert name == "ltc-6-cheetah"
    assert ink.text(ink.plain(svg)) == (ROOT / "docs" / "ltc-6-cheetah.svg").read_bytes()


def test_colours_are_written_out_and_the_same_picture_is_the_same_file() -> None:
    svg = figure(
        100, 50, "a < b", [marker(10, 20, "point hollow", "x & y", diamond=True), '<text class="name">n</text>']
    )
    tree = ink.plain(svg)
    path = next(element for element in tree.iter() if element.tag.endswith("path"))
    assert (path.get("fill"), path.get("stroke")) == ("#fdfdfc", "#0c5a6b")
    assert b"var(" not in ink.text(tree)
    made = pdf.converted(tree)
    assert made.startswith(b"%PDF") and made == pdf.converted(tree)
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+)", made)
    assert box and (float(box[1]), float(box[2])) == (75, 37.5)  # points


def test_what_has_no_form_in_pdf_is_told() -> None:
    root = ET.fromstring(f'<svg xmlns="{ink.SVG}" width="10" height="10"><ellipse/></svg>')
    with pytest.raises(ValueError, match="ellipse"):
        pdf.converted(root)


def test_marked_runs_are_hollow_and_named_and_seconds_are_of_one_machine(cheetah: Comparison) -> None:
    rows = [row for row in cheetah.rows if row.protocol == "paper"]
    assert "hollow" not in pictures.models(rows)
    cut = dataclasses.replace(rows[0], marks=("cut short, 5 of 200 epochs",))
    assert "hollow" in pictures.models([cut, *rows[1:]]) and ">cut short<" in pictures.models([cut, *rows[1:]])
    slow = [dataclasses.replace(run, machine="another", seconds=9e5) for run in rows[0].runs]
    mixed = [dataclasses.replace(rows[0], runs=tuple(slow)), *rows[1:]]
    machine, others = pictures.timed(mixed)
    assert others == {"another, cpu"} and machine != "another, cpu"
    assert f"{rows[0].cell.model}, paper" not in pictures.error_against_time(mixed)
