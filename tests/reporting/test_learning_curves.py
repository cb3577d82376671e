"""Learning curves of run folders, and thinned ones beside the published results."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltcbench import cli
from ltcbench.errors import UserError
from ltcbench.paper import tables
from ltcbench.reporting import learning_curves
from ltcbench.reporting.learning_curves import POINTS, Curve, Curves

from . import fake

CELL = next(cell for cell in tables.table("cfc-walker").cells() if cell.model == "cfc").overrides("paper")


@given(st.integers(1, 500), st.integers(1, 500))
def test_a_thinned_curve_keeps_its_ends_and_the_epochs_of_its_cell(asked: int, ended: int) -> None:
    ended = min(asked, ended)
    whole = Curve("valid_mse", tuple(range(1, asked + 1)), tuple(map(float, range(asked))))
    short = Curve("valid_mse", whole.epochs[:ended], whole.values[:ended])
    found, other = short.thinned(asked), whole.thinned(asked)
    assert len(found.epochs) == len(found.values) <= POINTS
    assert (found.epochs[0], found.epochs[-1]) == (1, ended)
    assert set(found.epochs[:-1]) <= set(other.epochs)
    assert found == short or asked > POINTS - 1


def test_published_curves_are_those_of_the_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fake.folder(tmp_path / "runs", CELL, 0, 0.5)
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "runs"))
    assert cli.run(["table", "cfc-walker", "--publish"]) == 0
    published = tmp_path / "runs" / "published"
    run = fake.run(CELL, 0, 0.5, fingerprint=folder.name)
    found = Curves(published).of(run)
    assert found == Curve("valid_mse", (1, 2, 3, 4, 5), (1.5, 1.0, 0.8333, 0.75, 0.7))

    # Other people's curves come along with their runs.
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "mine"))
    assert cli.run(["merge", str(published)]) == 0
    assert Curves(tmp_path / "mine" / "published").of(run) == found


def test_a_curve_ends_where_its_values_are_no_numbers_any_more(tmp_path: Path) -> None:
    folder = fake.folder(tmp_path, CELL, 0, 0.5)
    run = fake.run(CELL, 0, 0.5, fingerprint=folder.name)
    text = (folder / "metrics.csv").read_text()
    *before, last = text.splitlines()
    (folder / "metrics.csv").write_text("\n".join([*before, last.replace("0.7", "nan")]))
    found = learning_curves.measured(run, tmp_path)
    assert found is not None and found.epochs == (1, 2, 3, 4)
    assert learning_curves.measured(dataclasses.replace(run, metric="f1"), tmp_path) is None
    (folder / "metrics.csv").write_text(text.replace("\n2,", "\n1,"))
    assert learning_curves.measured(run, tmp_path) is None


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"a": 1}', '{"a": {"series": "x", "epochs": [1]}}',
     '{"a": {"series": "x", "epochs": [2, 1], "values": [1, 1]}}',
     '{"a": {"series": "x", "epochs": [1], "values": [1, 2]}}'],
)  # fmt: skip
def test_a_damaged_file_of_curves_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ltc-3.json"
    path.write_text(text)
    with pytest.raises(UserError, match=r"ltc-3\.json is not a file of published curves"):
        learning_curves.read(path)
