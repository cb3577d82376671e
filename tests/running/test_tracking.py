"""MLflow as a view of run folders, whatever they and their places are called."""

import csv
import os
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
import sqlalchemy.event
import yaml

from ltcbench import cli
from ltcbench.running import tracking
from ltcbench.running.folder import RunFolder, folders
from ltcbench.settings import groups

NASTY = ["o'neil", "a?b#c", "%20"]
NASTIER = [
    'a"b',
    "${x}",
    "${",
    "100%",
    "?uri=true",
    "a=b,c",
    "{[]}",
    "a\\",
    " a b ",
    "-a",
    "ünï",
    "%(x)s",
    "a:b@c",
    "a\nb",
]


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's and SQLAlchemy's own
        yield


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def made(
    runs: Path, task: str = "xor", name: str = "0123456789ab", seconds: tuple[float, ...] = (2.0, 3.0)
) -> RunFolder:
    """A run folder whose last epoch ended at the moment 1000."""
    folder = RunFolder(runs / "task" / "gru" / name)
    folder.path.mkdir(parents=True)
    config = {"task": {"name": task}, "model": {"name": "gru"}, "seed": 0}
    (folder.path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with (folder.path / "metrics.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", "train_loss", "seconds"])
        writer.writerows([epoch, 1 / epoch, each] for epoch, each in enumerate(seconds, 1))
    os.utime(folder.path / "metrics.csv", (1000, 1000))
    head = {"status": "finished", "task": task, "model": "gru", "seed": 0, "source": "official", "device": "cpu"}
    numbers = {"metric": "mse", "test_metric": 0.5, "best_epoch": 1, "seconds_per_epoch": 2.5, "parameters": 10}
    folder.write_result({**head, **numbers, "versions": {}, "best": {"epoch": 1}})
    return folder


def mirrored(uri: str | None = None) -> list[Any]:
    client = tracking.Store(uri or tracking.default_uri()).client
    return list(client.search_runs([experiment.experiment_id for experiment in client.search_experiments()]))


@pytest.mark.parametrize("name", [*NASTY, *(pytest.param(name, marks=pytest.mark.slow) for name in NASTIER)])
def test_database_and_artifacts_lie_in_a_folder_of_any_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, elsewhere = tmp_path / name / "runs", tmp_path / name / "elsewhere"
    monkeypatch.setenv("LTCBENCH_RUNS", str(runs))
    elsewhere.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    folder = made(runs)
    tracking.Store(tracking.default_uri()).mirror(folder, folder.result())
    assert [run.data.tags["ltcbench.fingerprint"] for run in mirrored()] == [folder.path.name]
    assert (runs / "mlflow.db").is_file()
    copies = {path.name for path in (runs / "mlflow" / "artifacts").rglob("*.*")}
    assert copies == {"config.yaml", "metrics.csv", "result.json"}
    assert list(tmp_path.iterdir()) == [tmp_path / name]
    assert list(elsewhere.iterdir()) == []


def test_only_the_tables_of_a_new_database_are_not_waited_for(runs: Path) -> None:
    seen: set[int] = set()

    def look(connection: sqlalchemy.Connection, *_: object) -> None:
        seen.update(connection.connection.execute("PRAGMA synchronous").fetchone())  # type: ignore[attr-defined]

    def how() -> set[int]:
        found = set(seen)
        seen.clear()
        return found

    with closing(sqlite3.connect(runs.parent / "plain.db")) as plain:
        off, usual = {0}, set(plain.execute("PRAGMA synchronous").fetchone())
    assert usual != off
    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", look)
    try:
        store = tracking.Store(tracking.default_uri())
        assert how() == off
        store.experiment("xor")
        assert how() == usual
        tracking.Store(tracking.default_uri()).experiment("har")
        assert how() == usual
        tracking.Store(tracking.database_uri(runs / "other.db"))
        assert how() == usual
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", look)


def test_the_times_are_those_of_the_training(runs: Path) -> None:
    folder = made(runs, seconds=(2.0, 3.0, 0.5))
    tracking.Store(tracking.default_uri()).mirror(folder, folder.result())
    (run,) = mirrored()
    assert (run.info.start_time, run.info.end_time) == (994_500, 1_000_000)
    client = tracking.Store(tracking.default_uri()).client
    history = client.get_metric_history(run.info.run_id, "train_loss")
    assert [(metric.step, metric.timestamp) for metric in history] == [(1, 996_500), (2, 999_500), (3, 1_000_000)]


def test_a_run_without_an_epoch_has_the_moment_of_its_configuration(runs: Path) -> None:
    folder = made(runs)
    (folder.path / "metrics.csv").unlink()
    os.utime(folder.path / "config.yaml", (7, 7))
    tracking.Store(tracking.default_uri()).mirror(folder, folder.result())
    (run,) = mirrored()
    assert (run.info.start_time, run.info.end_time) == (7000, 7000)


def test_a_deleted_experiment_is_filled_again(runs: Path) -> None:
    made(runs)
    assert cli.run(["sync"]) == 0
    client = tracking.Store(tracking.default_uri()).client
    client.delete_experiment(client.get_experiment_by_name("xor").experiment_id)
    made(runs, name="ba9876543210")
    assert cli.run(["sync"]) == 0
    assert len(mirrored()) == 2


def test_sync_goes_on_after_what_cannot_be_mirrored(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, task in (("a", ""), ("b", "xor"), ("c", "xor"), ("d", "xor"), ("e", "x'\"; -- ../\n")):
        made(runs, task, name)
    (runs / "task/gru/b/config.yaml").write_text("a: [", encoding="utf-8")
    (runs / "task/gru/c/result.json").write_text("{", encoding="utf-8")
    assert cli.run(["sync"]) == 1
    told = capsys.readouterr()
    assert "2 runs mirrored into" in told.out
    assert ", 3 not." in told.out
    assert [line.partition(" is not mirrored: ")[0] for line in told.err.splitlines()] == [
        str(runs / "task/gru" / name) for name in "abc"
    ]
    assert len(mirrored()) == 2


@pytest.mark.parametrize("name", ["it's", "a`b", "both ' and \"", "%s", "ü", "a b"])
def test_a_run_folder_of_another_name_is_found_again(runs: Path, name: str) -> None:
    folder = made(runs, name=name)
    for _ in range(2):
        tracking.Store(tracking.default_uri()).mirror(folder, folder.result())
    assert len(mirrored()) == 1


def test_names_that_mlflow_refuses_are_mended(runs: Path) -> None:
    folder = made(runs)
    config = {
        "task": {"name": "xor", "a/../b": 1, "": 2, ".x": 3},
        "model": {"name": "gru"},
        "seed": 0,
        "..": "x" * 9999,
    }
    (folder.path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    tracking.Store(tracking.default_uri()).mirror(folder, folder.result())
    (run,) = mirrored()
    assert {"task.a_.._b", "task..x", "task.name"} < set(run.data.params)


def test_the_environment_names_the_store_where_nothing_else_does(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = f"sqlite:///{tmp_path / 'other.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    made(runs)
    assert cli.run(["sync"]) == 0
    assert len(mirrored(uri)) == 1
    assert not (runs / "mlflow.db").exists()
    tracking.prepare(None, ["har"])
    assert tracking.Store(uri).client.get_experiment_by_name("har")
    assert tracking.Tracker(next(folders()), None, True).uri == uri
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://host:5000")
    assert cli.run(["ui"]) == 2
    assert "mirrored into http://host:5000" in capsys.readouterr().err


def test_an_experiment_is_one_of_training_and_keeps_what_its_user_wrote(runs: Path) -> None:
    store = tracking.Store(tracking.default_uri())
    old = store.client.create_experiment("xor", tags={"mlflow.note.content": "mine"})
    assert store.experiment("xor") == old
    tags = store.client.get_experiment(old).tags
    assert tags == {"mlflow.note.content": "mine", "mlflow.experimentKind": "custom_model_development"}
    new = store.client.get_experiment(store.experiment("har"))
    assert new.tags["mlflow.note.content"] == groups.comment("task", "har")


@pytest.mark.parametrize(
    ("own", "disabled"),
    [
        ({}, "true"),
        ({"DO_NOT_TRACK": "1"}, "true"),
        ({"DO_NOT_TRACK": "0"}, None),
        ({"MLFLOW_DISABLE_TELEMETRY": "false"}, "false"),
    ],
)
def test_no_telemetry_unless_the_user_wants_it(own: dict[str, str], disabled: str | None) -> None:
    script = "import os, ltcbench.running.tracking; print(os.environ.get('MLFLOW_DISABLE_TELEMETRY'))"
    env = {key: value for key, value in os.environ.items() if key not in ("DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY")}
    done = subprocess.run([sys.executable, "-c", script], env=env | own, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(disabled)


def test_a_run_that_paused_lasted_as_long_as_it_was_trained(runs: Path) -> None:
    folder = made(runs, seconds=(2.0, 3.0))
    store = tracking.Store(tracking.default_uri())
    store.mirror(folder)
    rows = folder.metrics()
    folder.write_metrics([*rows, {"epoch": 3, "train_loss": 0.1, "seconds": 4.0}])
    os.utime(folder.path / "metrics.csv", (5000, 5000))
    store.mirror(folder, folder.result())
    (run,) = mirrored()
    assert (run.info.start_time, run.info.end_time) == (995_000, 1_004_000)
