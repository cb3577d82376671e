"""Tables, curves and pictures of measurements."""

import csv
import io
import re
from dataclasses import fields, replace
from xml.etree import ElementTree

import pytest

from ltcbench.bench import error_plot, listing, measurements, scaling, speed_claim
from ltcbench.bench.cases import Case
from ltcbench.bench.measurements import Row

from .rows import CASE, epoch, row

MACHINE = ["cpu", "threads", "cores", "python", "torch", "ltcbench", "git", "measured"]


def test_csv_has_every_field_and_the_machine() -> None:
    found = list(csv.DictReader(io.StringIO(measurements.to_csv([row(CASE, 0.25)]))))
    assert list(found[0]) == [*(field.name for field in fields(Row)), *MACHINE]
    assert (found[0]["median"], found[0]["ratio"], found[0]["units"]) == ("0.25", "", "32")
    assert all(found[0][key] for key in MACHINE)


def test_a_table_names_a_case_once_and_says_what_is_missed() -> None:
    fast = replace(row(CASE, 0.002, "fused"), ratio=1.0, gemm=0.456, limit=0.0008)
    slow = replace(row(CASE, 0.006, "ncps 1"), ratio=3.0, goal=4.0)
    text = listing.text([fast, slow])
    assert text.count("cfc 16x32x17x32") == 1
    assert re.search(r"fused +2.00 ms +2.00 ms - 2.00 ms +3 +1.00 +800 us x 2.5 +46%", text)
    assert re.search(r"ncps 1 +6.00 ms .* 3.00 +>= 4 missed", text)
    memory = replace(row(CASE, 2**20), what="memory", unit="byte", n=1, ratio=1.2, goal=1.3)
    assert re.search(r"1.0 MB +1.20 +<= 1.3$", listing.text([memory]), flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(123.4, "s", "123 s"), (0.1, "s", "100 ms"), (2e-7, "s", "0.200 us"), (2**21, "byte", "2.0 MB")],
)
def test_amounts(value: float, unit: str, text: str) -> None:
    assert listing.amount(value, unit) == text


def measured_curve() -> list[Row]:
    """A cost of 1 + time x batch / 1000."""
    cases = [case for model in ("cfc", "ltc") for case in scaling.cases(Case(model, scaling.BASE))]
    return [row(case, 1 + case.shape.steps * case.shape.batch / 1000, case.engines[0]) for case in cases]


def test_the_slope_of_a_curve() -> None:
    rows = measured_curve()
    assert {row.who for row in rows} == {"fused", "compiled"}
    along = scaling.along([row for row in rows if row.model == "cfc"], "time")
    assert [row.time for row in along] == list(scaling.SIZES["time"])
    line = [replace(row, median=float(row.time or 0) ** 2) for row in along]
    assert scaling.slope(line, "time") == pytest.approx(2)
    assert "ltc compiled: from batch 256 to 512 the cost grows as batch^0." in scaling.text(rows)


def test_claims_put_each_solver_over_the_closed_form() -> None:
    rows = []
    for case in (case for group in speed_claim.groups() for case in group):
        seconds = case.shape.steps * case.shape.units * case.options.get("unfolds", 1) * 1e-6
        rows += [row(case, seconds, "compiled"), row(case, 10 * seconds if case.model == "cfc" else 2 * seconds)]
    text = speed_claim.text(rows)
    steps = text[text.index("over solver steps") :].splitlines()[3:7]
    assert [line.split()[0] for line in steps] == ["1", "3", "6", "12"]
    assert [line.split()[3:5] for line in steps] == [[f"{n}.0", f"({n / 5:.1f})"] for n in (1, 3, 6, 12)]
    assert "64.0 ms" in steps[0]  # 1000 / 16 training steps of 32 x 32 us
    assert_picture(speed_claim.picture(rows), ["cfc", "ltc_ode", "solver steps"])


def test_pictures_are_whole_files() -> None:
    assert_picture(scaling.picture(measured_curve()), ["cfc fused", "ltc compiled", "time steps"])
    rows = [
        epoch("ltc", "compiled", 0.5, 2.2),
        epoch("ltc", "ncps 1.0", 4.0, 2.2, False),
        epoch("lstm", "fused", 0.1, None),
    ]
    found = error_plot.error_against_seconds(rows, "mean squared error")
    assert found is not None
    assert_picture(found, ["ltc, compiled", "ltc, ncps 1.0", "mean squared error"])
    assert found.count(b"<circle") == 2
    assert error_plot.error_against_seconds(rows[2:], "mean squared error") is None


def assert_picture(svg: bytes, texts: list[str]) -> None:
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    shown = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert set(texts) <= set(shown)
    assert "--accent" in (root.findtext("{http://www.w3.org/2000/svg}style") or "")
