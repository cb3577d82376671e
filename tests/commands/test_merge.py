"""``ltcbench merge`` and publishing, on folders of the test's own."""

import shutil
from pathlib import Path

import pytest

from ltcbench import cli
from ltcbench.paper import tables
from ltcbench.paper.tables import Cell
from ltcbench.reporting import published
from tests.conftest import ROOT
from tests.reporting import fake

PUBLISHED = ROOT / "runs" / "published"
TABLE = tables.table("ltc-6")
LSTM = Cell(TABLE, TABLE.columns["cheetah"], "lstm").overrides("paper")


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of runs that holds nothing but what is published, as in a fresh clone."""
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "runs"))
    shutil.copytree(PUBLISHED, tmp_path / "runs" / "published")
    return tmp_path / "runs"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.csv"))}


@pytest.mark.parametrize("table", ["ltc-3", "ltc-6", "cfc-walker"])
def test_publishing_in_a_fresh_clone_changes_nothing(
    runs: Path, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["table", table, "--publish"]) == 0
    assert files(runs / "published") == files(PUBLISHED)
    assert " kept" in capsys.readouterr().err


def test_a_run_of_ones_own_is_added_to_what_is_published(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (runs / "published" / "ltc-6.csv").read_text().splitlines()
    fake.folder(runs, LSTM, 7, 2.4)
    assert cli.run(["table", "ltc-6", "--publish"]) == 0
    after = (runs / "published" / "ltc-6.csv").read_text().splitlines()
    (added,) = set(after) - set(before)
    assert set(before) < set(after) and "seed=7" in added
    assert f"{len(before) - 1} kept" in capsys.readouterr().err and len(after) == len(before) + 1


def test_nothing_to_publish_is_told_and_leaves_no_file(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["table", "ltc-6", "trainer.learning_rate=0.5", "--publish"]) == 2
    assert "there is no run of ltc-6 trainer.learning_rate=0.5 to publish" in capsys.readouterr().err
    assert files(runs / "published") == files(PUBLISHED)


def test_a_fresh_clone_plans_only_what_nobody_has_run(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["reproduce", "ltc-6", "--dry-run"]) == 0
    assert "30 runs: 30 published." in capsys.readouterr().out
    assert cli.run(["reproduce", "ltc-6", "--dry-run", "--again"]) == 0
    assert "30 runs: 30 missing. Time left" in capsys.readouterr().out
    assert cli.run(["reproduce", "ltc-6", "--dry-run", "--seeds", "6", "--only", "model=lstm"]) == 0
    assert "6 runs: 5 published, 1 missing." in capsys.readouterr().out


def test_a_table_without_runs_names_the_published_ones(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["table", "ltc-6"]) == 0
    shown = capsys.readouterr()
    assert "6 not run" in shown.out and "30 published runs stand in cells that have none here" in shown.err
    assert cli.run(["table", "ltc-6", "--from", str(runs / "published")]) == 0
    assert capsys.readouterr().err == ""


def test_files_and_run_folders_of_others_are_merged(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    shutil.move(runs / "published" / "ltc-6.csv", theirs)
    folders = tmp_path / "folders"
    fake.folder(folders, LSTM, 7, 2.4)
    lines = len(published.read(theirs / "ltc-6.csv")) + 1
    assert cli.run(["merge", str(theirs), str(folders)]) == 0
    assert f"{lines} lines: {lines} added" in capsys.readouterr().out
    assert cli.run(["merge", str(theirs / "ltc-6.csv")]) == 0
    assert f"{lines} lines: {lines} kept" in capsys.readouterr().out


@pytest.mark.parametrize("spoilt", ["soon", "nan", "inf", ""])
def test_a_bad_file_is_refused_and_nothing_is_written(
    runs: Path, tmp_path: Path, spoilt: str, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "ltc-3.csv", tmp_path / "ltc-6.csv"
    shutil.copy(PUBLISHED / "ltc-3.csv", good)
    bad.write_text((PUBLISHED / "ltc-6.csv").read_text().replace(",200,finished", f",{spoilt},finished", 1))
    (runs / "published" / "ltc-3.csv").unlink()
    before = files(runs)
    assert cli.run(["merge", str(good), str(bad)]) == 2
    assert f"{bad} is not a file of published runs (line 2: epochs is {spoilt!r})" in capsys.readouterr().err
    assert files(runs) == before


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_nothing_to_merge_is_told(runs: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert cli.run(["merge", str(tmp_path / name)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
