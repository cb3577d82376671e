import csv
import io
import json
import os
import random
import time
from pathlib import Path

import pytest

from ltcbench import cli
from ltcbench.paper import tables
from ltcbench.paper.tables import Cell
from tests.reporting import fake

TABLE = tables.table("ltc-6")


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "runs"))
    for model, mean in (("lstm", 2.5), ("ltc", 2.3)):
        for seed in range(3):
            overrides = Cell(TABLE, TABLE.columns["cheetah"], model).overrides("paper")
            fake.folder(tmp_path / "runs", overrides, seed, mean + seed / 100)
    return tmp_path / "runs"


def table(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.run(["table", *arguments]) == 0
    return capsys.readouterr().out


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.usefixtures("runs")
def test_runs_stand_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(table(capsys, "ltc-6", "--format", "csv"))
    assert {row["model"]: row["ours_n"] for row in found if row["ours_n"] != "0"} == {"lstm": "3", "ltc": "3"}
    assert "2.510 ± 0.010 (3)" in table(capsys, "ltc-6")
    assert "| lstm |" in table(capsys, "ltc-6", "--format", "md")
    assert r"\toprule" in table(capsys, "ltc-6", "--format", "tex")
    assert table(capsys, "ltc-6", "--format", "html").startswith("<!doctype html>")
    assert "lstm & 2.510 {\\tiny $\\pm$ 0.010} \\\\" in table(capsys, "ltc-6", "--format", "tex", "--layout", "matrix")
    assert "| lstm | 2.510 ± 0.010 |" in table(capsys, "ltc-6", "--format", "md", "--layout", "matrix")


@pytest.mark.usefixtures("runs")
def test_only_and_overrides(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = rows(table(capsys, "ltc-6", "--format", "csv", "--only", "model=ltc"))
    assert [(row["model"], row["ours_n"]) for row in chosen] == [("ltc", "3")]
    other = rows(table(capsys, "ltc-6", "--format", "csv", "model.hidden_size=8"))
    assert {row["ours_n"] for row in other} == {"0"}
    both = rows(table(capsys, "ltc-6", "--format", "csv", "--protocol", "both"))
    assert len(both) == 12


def test_published_runs_make_the_same_table_anywhere(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = table(capsys, "ltc-6")
    assert table(capsys, "ltc-6", "--publish").strip() == str(runs / "published" / "ltc-6.csv")
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "elsewhere"))
    assert table(capsys, "ltc-6", "--from", str(runs / "published")) == here
    assert table(capsys, "ltc-6", "--from", str(runs)) == here
    assert "6 not run" in table(capsys, "ltc-6")


def test_runs_with_other_settings_have_a_published_file_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path))
    switched = ["trainer.learning_rate=0.02", "trainer.epochs=1"]
    overrides = [*Cell(TABLE, TABLE.columns["cheetah"], "lstm").overrides("paper"), *switched]
    for seed in range(3):
        fake.folder(tmp_path, overrides, seed, 2.5 + seed)
    command = ["ltc-6", *switched]
    here = table(capsys, *command)
    assert "3.500 ± 1.000 (3) [cut short, 1 of 200 epochs]" in here

    path = Path(table(capsys, *command, "--publish").strip())
    assert path.name == "ltc-6+trainer.learning_rate=0.02+trainer.epochs=1.csv"
    lines = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [line["command"] for line in lines] == [
        f"ltcbench train {' '.join(overrides)} seed={seed}" for seed in range(3)
    ]
    assert table(capsys, *command, "--from", str(path.parent)) == here
    assert "1 not run" in table(capsys, "ltc-6", "--only", "model=lstm", "--from", str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ltc-7"], "unknown table 'ltc-7': did you mean"),
        (["ltc-6", "--format", "htm"], "unknown format 'htm': did you mean html"),
        (["ltc-6", "--layout", "matrx"], "unknown layout 'matrx': did you mean matrix"),
        (["ltc-2", "--layout", "matrix"], "leave out --layout"),
        (["ltc-6", "--protocol", "papr"], "unknown protocol 'papr': did you mean paper"),
        (["ltc-6", "--from", "/nowhere"], "/nowhere is not a folder"),
        (["ltc-6", "model=ltc"], "use --only model=..."),
        (["ltc-6", "--publish", "--only", "model=ltc"], "--publish writes a whole table"),
        ([], "see `ltcbench table --help`"),
    ],
)
@pytest.mark.usefixtures("runs")
def test_a_mistake_is_told_in_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["table", *arguments]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.splitlines()) == 1


def test_tables_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["list", "tables"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in tables.names())


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten thousand run folders, all of them in the cells of one table."""
    runs, rng = tmp_path_factory.mktemp("many"), random.Random(1)
    for model, number in TABLE.columns["cheetah"].numbers.items():
        overrides = Cell(TABLE, TABLE.columns["cheetah"], model).overrides("paper")
        first = fake.folder(runs, overrides, 0, number.mean)
        config, result = (first / "config.yaml").read_text(), json.loads((first / "result.json").read_text())
        for seed in range(1, 2000):
            path = first.parent / f"{seed:012x}"
            path.mkdir()
            value = rng.gauss(number.mean, number.std)
            (path / "config.yaml").write_text(config.replace("seed: 0", f"seed: {seed}"))
            (path / "result.json").write_text(json.dumps({**result, "test_metric": value}))
            lines = "".join(f"{epoch},{value},{value + 1 / epoch},0.5\n" for epoch in range(1, 201))
            (path / "metrics.csv").write_text(f"epoch,train_loss,valid_mse,seconds\n{lines}")
    return runs


@pytest.mark.slow
def test_ten_thousand_runs_are_no_burden(
    many: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LTCBENCH_RUNS", str(many))
    first = table(capsys, "ltc-6", "--format", "csv")  # builds the index
    assert {row["ours_n"] for row in rows(first) if row["paper_mean"]} == {"2000"}
    for command, limit in ((["table", "ltc-6"], 3), (["report"], 10)):
        began = os.times()
        start = time.monotonic()
        assert cli.run(command) == 0
        spent = os.times()
        # What it computed counts, not what else the machine was doing.
        assert min(time.monotonic() - start, spent.user + spent.system - began.user - began.system) < limit


@pytest.mark.usefixtures("runs")
def test_what_became_of_all_tables(capsys: pytest.CaptureFixture[str]) -> None:
    found = {row["table"]: row for row in rows(table(capsys, "all", "--summary", "--format", "csv"))}
    assert set(found) == {*tables.names(), "sum"}
    assert (found["ltc-6"]["run"], found["ltc-6"]["whole"], found["ltc-6"]["not run"]) == ("2", "2", "3")
    assert found["sum"]["run"] == "2"
    assert "nothing to rank" in table(capsys, "all", "--ranks")
    assert "Mean ranks" in table(capsys, "all", "--ranks", "--format", "svg")


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["all"], "have no common form"),
        (["ltc-6", "--ranks"], "have no common form"),
        (["all", "--summary", "--only", "model=ltc"], "are of whole tables"),
        (["all", "--duel", "ltc"], "does not name two models"),
        (["all", "--duel", "ltc,ltc"], "does not name two models"),
        (["all", "--duel", "ltc,lstn"], "did you mean lstm"),
        (["all", "--duel", "ltc,lstm", "--summary"], "have no common form"),
        (["ltc-6", "--switches", "--layout", "matrix"], "leave out --layout"),
        (["ltc-6", "--switches", "sideways"], "one of off, on"),
    ],
)
def test_of_whole_tables_no_parts(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    assert cli.run(["table", *arguments]) == 2
    assert said in capsys.readouterr().err
