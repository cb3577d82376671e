"""Files that are damaged, in the way, read-only or other people's: passed over, built anew, or one sentence."""

import csv
import io
import json
import os
import random
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ltcbench import cli
from ltcbench.paper import tables
from ltcbench.paper.tables import Cell
from ltcbench.reporting import index, trivial, wanted
from tests.reporting import fake

TABLE = tables.table("ltc-6")
LSTM = Cell(TABLE, TABLE.columns["cheetah"], "lstm").overrides("paper")
PLAN = ["reproduce", "ltc-6", "--only", "model=lstm", "--seeds", "1", "task.source=synthetic", "--dry-run"]


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def noise(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(500))


def other_type(path: Path) -> None:
    path.write_text("[1, 2]\n")


def deep(path: Path) -> None:
    path.write_text("[" * 100_000)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


DAMAGES = [empty, cut, zeros, noise, other_type, deep, a_folder, a_loop]
Damage = Callable[[Path], None]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of runs, nothing in it yet."""
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LTCBENCH_DATASETS", str(tmp_path / "datasets"))
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


def count(capsys: pytest.CaptureFixture[str], *more: str) -> int:
    """How many runs of the LSTM stand in the table."""
    capsys.readouterr()
    assert cli.run(["table", "ltc-6", "--format", "csv", *more]) == 0
    rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
    (row,) = (row for row in rows if row["model"] == "lstm")
    return int(row["ours_n"])


def test_odd_run_folders_are_passed_over_by_every_table(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake.folder(runs, LSTM, 0, 2.5)
    counted = 1
    for i, damage in enumerate(DAMAGES):
        for j, name in enumerate(("result.json", "config.yaml", "metrics.csv")):
            damage(fake.folder(runs, LSTM, 100 + 10 * i + j, 2.5) / name)
            counted += name == "metrics.csv"  # it holds nothing that a table needs
    for folder in (runs, runs / "cheetah", runs / "cheetah" / "lstm"):
        (folder / "loop").symlink_to("loop")
    for _ in range(2):  # with and without the index
        assert count(capsys) == counted
        assert cli.run(["report"]) == 0
        assert cli.run(PLAN) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_plan_needs_no_file_of_a_run(damage: Damage, runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(PLAN) == 0
    from ltcbench.running.folder import RunFolder, fingerprint

    job = fake.job(*LSTM, "task.source=synthetic")
    folder = RunFolder.of(job, fingerprint(job, {}))
    shutil.copytree(fake.folder(runs / "other", LSTM, 0, 2.5), folder.path)
    shutil.rmtree(runs / "other")
    capsys.readouterr()
    assert cli.run(PLAN) == 0
    assert "1 finished" in capsys.readouterr().out
    for path in sorted(folder.path.iterdir()):
        damage(path)
    assert cli.run(PLAN) == 0
    assert "1 missing" in capsys.readouterr().out


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [index.INDEX, wanted.FILE])
def test_what_is_only_remembered_is_built_anew(
    name: str, damage: Damage, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.folder(runs, LSTM, 0, 2.5)
    assert count(capsys) == 1
    whole = (runs / name).read_bytes()
    damage(runs / name)
    assert count(capsys) == 1
    assert (runs / name).is_dir() or (runs / name).read_bytes() == whole


@pytest.mark.parametrize("old,new", [('"cheetah"', "3"), ("2.5", '"2.5"'), ("2.5", "7.5"), ("[[", "["), ("[", "{}, [")])
def test_an_index_that_says_something_else_is_built_anew(
    old: str, new: str, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.folder(runs, LSTM, 0, 2.5)
    assert count(capsys) == 1
    whole = (runs / index.INDEX).read_text()
    (runs / index.INDEX).write_text(whole.replace(old, new))
    assert count(capsys) == 1
    assert (runs / index.INDEX).read_text() == whole


@pytest.mark.parametrize("jobs", ["3", '{"x": 3}', '{"x": [1, 2, 3]}', "[[1, 2]]"])
def test_compositions_of_another_type_are_made_anew(jobs: str, runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake.folder(runs, LSTM, 0, 2.5)
    assert count(capsys) == 1
    saved = json.loads((runs / wanted.FILE).read_text())
    key = next(iter(saved["jobs"]))
    (runs / wanted.FILE).write_text(f'{{"state": "{saved["state"]}", "jobs": {jobs.replace("x", key)}}}')
    assert count(capsys) == 1


def baseline(**changed: object) -> dict[str, object]:
    run = fake.run(LSTM, 0, 3.0, model="constant", status="baseline", recipe="none", fingerprint="")
    return {**vars(run), "settings": index.data_digest({"task": {"name": "cheetah"}}), **changed}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_baselines_count_as_none(damage: Damage, runs: Path) -> None:
    path = runs / "cheetah" / index.BASELINES / "x-official.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps([baseline()]))
    assert [run.model for run in index.load(runs)] == ["constant"]
    damage(path)
    assert index.load(runs) == []


@pytest.mark.parametrize(
    "changed",
    [{"value": "3"}, {"model": "<b>"}, {"model": ["x"]}, {"more": 1}, {"status": "finished"}, {"value": 1e99}],
)
def test_a_baseline_that_is_none_is_passed_over(changed: dict[str, object], runs: Path) -> None:
    path = runs / "cheetah" / index.BASELINES / "x-official.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps([baseline(**changed)]))
    assert index.load(runs) == []


def read_only(*arguments: object, **options: object) -> None:
    raise OSError(30, "Read-only file system")


def test_runs_on_a_disk_that_may_only_be_read(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.folder(runs, LSTM, 0, 2.5)
    before = sorted(runs.rglob("*"))

    with monkeypatch.context() as patch:
        for name in ("write_bytes", "unlink", "mkdir"):
            really = getattr(Path, name)
            patch.setattr(
                Path, name, lambda path, *given, really=really, **more: read_only() if runs in (path, *path.parents)
                else really(path, *given, **more)
            )  # fmt: skip
        assert count(capsys) == 1
        assert cli.run(["report", "--out", str(tmp_path / "report.html")]) == 0
        assert cli.run(PLAN) == 0
        capsys.readouterr()
        for command in (["report"], ["table", "ltc-6", "--publish"]):
            assert cli.run(command) == 1
            told = capsys.readouterr().err
            assert "cannot write" in told and "Read-only file system" in told and told.count("\n") == 1
    assert sorted(runs.rglob("*")) == before


EVIL = "<script>alert(1)</script>\"'&|\\_{}$%#~^"
TEXTS = ("task", "model", "protocol", "recipe", "source", "metric", "status", "device", "note")


class Tags(HTMLParser):
    """Every element of a page but the page's own style and script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        assert all(not name.startswith("on") for name, _ in attrs)


def outputs(runs: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    found = {}
    for form in ("term", "md", "tex", "html"):
        capsys.readouterr()
        assert cli.run(["table", "ltc-6", "--format", form, "--from", str(runs)]) == 0
        found[form] = capsys.readouterr().out
    assert cli.run(["report", "--from", str(runs), "--out", str(runs / "page.html")]) == 0
    return found | {"report": (runs / "page.html").read_text()}


@pytest.mark.parametrize("end", [EVIL, f"{EVIL}\n| a |", f"{EVIL}\x1b[31m", "]]>\0", "\u202e<b>"])
def test_no_text_of_a_run_becomes_part_of_a_page(end: str, runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake.folder(runs, LSTM, 0, 2.5)
    usual = outputs(runs, capsys)
    for seed, name in enumerate(TEXTS, start=100):
        path = fake.folder(runs, LSTM, seed, 2.5, **{name: end})
        for old in ("name: cheetah", "name: lstm", "recipe: none")[: seed - 100]:
            path = fake.folder(runs, LSTM, seed + 50, 2.5)
            config = (path / "config.yaml").read_text().replace(old, f"{old.partition(' ')[0]} {json.dumps(end)}")
            (path / "config.yaml").write_text(config)
    made = dict.fromkeys(("machine", "python", "torch", "ltcbench", "git"), end)
    fake.folder(runs, LSTM, 200, 2.5, versions=made)
    path = runs / "cheetah" / index.BASELINES / "x.json"
    path.parent.mkdir()
    path.write_text(json.dumps([{**vars(fake.run(LSTM, 0, 3.0)), "model": end, "status": "baseline"}]))
    found = outputs(runs, capsys)
    for form, text in found.items():
        assert not any(mark in text for mark in ("\x1b", "\0", "\u202e", "<script>alert", "| a |")), form
        if form in ("html", "report"):
            assert set(Tags(text).names) <= set(Tags(usual[form]).names)
            assert text.count("<script") == usual[form].count("<script")


def test_no_text_of_a_published_file_becomes_part_of_a_page(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake.folder(runs, LSTM, 0, 2.5)
    assert cli.run(["table", "ltc-6", "--publish"]) == 0
    usual = outputs(runs / "published", capsys)
    path = runs / "published" / "ltc-6.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    texts = ("table", "column", "command", "recipe", "device", "machine", "python", "torch", "ltcbench", "git")
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows([row | dict.fromkeys(texts, EVIL) for row in rows])
    for form, text in outputs(runs / "published", capsys).items():
        assert "<script>alert" not in text
        if form in ("html", "report"):
            assert Tags(text).names == Tags(usual[form]).names


def test_no_name_of_a_run_leaves_the_folder_of_runs(runs: Path, tmp_path: Path) -> None:
    evil = fake.folder(runs, LSTM, 0, 2.5)
    config = (evil / "config.yaml").read_text()
    for name in ("../../x", "..", "/etc", "a/b", ".", ""):
        (evil / "config.yaml").write_text(config.replace("name: lstm", f"name: {name!r}"))
        os.utime(evil / "result.json")
        assert index.load(runs) == []
    (evil / "config.yaml").write_text(config)
    os.utime(evil / "result.json")
    assert len(index.load(runs)) == 1
    assert trivial.file(fake.job(*LSTM)).is_relative_to(runs)
