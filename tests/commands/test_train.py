"""The command line as a process: a small task, generated, so nothing is downloaded."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from ltcbench.commands import train

SMALL = ["model=lstm", "task=cheetah", "task.source=synthetic", "model.hidden_size=4"]
COMMAND = [sys.executable, "-m", "ltcbench"]


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """An environment with folders of its own."""
    own = {"LTCBENCH_RUNS": str(tmp_path / "runs"), "LTCBENCH_DATASETS": str(tmp_path / "datasets")}
    return {**os.environ, **own, "LTCBENCH_MIRROR": "", "OMP_NUM_THREADS": "1"}


def ltcbench(places: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], env=places, capture_output=True, text=True, timeout=240)


def run_folders(places: dict[str, str]) -> list[Path]:
    return sorted(path.parent for path in Path(places["LTCBENCH_RUNS"]).glob("*/*/*/config.yaml"))


def result(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "result.json").read_text())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["model=cfq"], "unknown model 'cfq': did you mean cfc"),
        (["task=hra"], "unknown task 'hra': did you mean har"),
        (["protocol=cleen"], "unknown protocol 'cleen': did you mean clean"),
        (["recipe=quik"], "unknown recipe 'quik': did you mean quick"),
        (["trainer.epochz=1"], "unknown setting 'trainer.epochz': did you mean trainer.epochs"),
        (["trainer.epochs=-1"], "trainer.epochs=-1 is out of range"),
        (["trainer.epochs=1.5"], "trainer.epochs=1.5 is not a whole number"),
        (["trainer.learning_rate=abc"], "trainer.learning_rate=abc is not a number"),
        (["trainer.optimizer=adan"], "unknown trainer.optimizer 'adan': did you mean adam"),
        (["task.quirks.no_validation=maybe"], "task.quirks.no_validation=maybe is not true or false"),
        (["task.source=nowhere"], "task.source=nowhere does not exist for xor"),
        (["device=tpu"], "device=tpu does not exist"),
        (["epochs"], "write overrides as key=value"),
        (["-m", "model=lstm,nosuch"], "unknown model 'nosuch'"),
        (["model=lstm,gru"], "add -m to `ltcbench train`"),
        (["--frobnicate"], "unrecognized arguments: --frobnicate"),
        (["seed=1", "--resolve"], "add --cfg job"),
        (["seed=1", "--cfg", "job", "-m"], "not allowed with argument"),
        (["seed=1", "--config-dir", "nowhere"], "--config-dir nowhere is not a folder"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(places: dict[str, str], arguments: list[str], sentence: str) -> None:
    done = ltcbench(places, "train", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not run_folders(places)


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        (["a=1", "-m", "b=2"], ["--multirun"]),
        (["a=1", "--cfg", "job", "b=2", "--resolve"], ["--resolve", "--cfg=job"]),
        (["a=1", "b=2", "-cd", "."], ["--config-dir=."]),
        (["-p", "model", "a=1", "b=2", "-c", "job"], ["--package=model", "--cfg=job"]),
        (["a=1", "b=2", "--info"], ["--info=all"]),
        (["a=1", "--hydra-help", "b=2"], ["--hydra-help"]),
    ],
)
def test_flags_are_read_at_every_place(arguments: list[str], first: list[str]) -> None:
    assert train.flags_first(arguments) == [*first, "--", "a=1", "b=2"]


def test_options_of_every_group_come_from_a_folder_of_the_users(places: dict[str, str], tmp_path: Path) -> None:
    own = tmp_path / "o'wn, ${x} = 100%?"
    for group, option in {"model": "mine", "trainer": "quick", "recipe": "mine"}.items():
        (own / group).mkdir(parents=True)
        (own / group / f"{option}.yaml").write_text(OWN[group], encoding="utf-8")
    chosen = ["model=mine", "trainer=quick", "task=cheetah", "task.source=synthetic", "tracker=none", "seed=1"]
    done = ltcbench(places, "train", *chosen, "recipe=mine", "--config-dir", str(own))
    assert done.returncode == 0, done.stderr
    (folder,) = run_folders(places)
    assert result(folder)["epochs"] == 1
    config = OmegaConf.load(folder / "config.yaml")
    assert (config.recipe, config.model.name, config.trainer.learning_rate) == ("mine", "gru", 0.25)
    assert "did you mean mine" in ltcbench(places, "train", *chosen, "recipe=mina", f"--config-dir={own}").stderr
    assert "did you mean mine" in ltcbench(places, "train", "model=mina", "-cd", str(own)).stderr


OWN = {
    "model": "# @package model\nname: gru\nhidden_size: 2\n",
    "trainer": "# @package trainer\ndefaults:\n  - default\nepochs: 1\n",
    "recipe": "# @package _global_\ntrainer:\n  learning_rate: 0.25\n  epochs: 1\n",
}


def test_a_run_leaves_its_files_and_is_skipped_the_second_time(places: dict[str, str]) -> None:
    done = ltcbench(places, "train", *SMALL, "trainer.epochs=2")
    assert done.returncode == 0, done.stderr
    (folder,) = run_folders(places)
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert names == {"config.yaml", "metrics.csv", "result.json", "checkpoint.pt", "log.txt"}
    first = result(folder)
    assert first["status"] == "finished"
    assert first["source"] == "synthetic"
    assert first["schema"] == 1
    assert first["fingerprint"] == folder.name
    assert first["best"]["test"]["mse"] == first["test_metric"] > 0
    assert first["last"]["epoch"] == first["epochs"] == 2
    assert "[synthetic data]" in done.stderr
    assert len((folder / "metrics.csv").read_text().splitlines()) == 3

    again = ltcbench(places, "train", *SMALL, "trainer.epochs=2", "threads=2", "tracker=none")
    assert again.returncode == 0
    assert "done before" in again.stderr
    assert result(folder) == first

    forced = ltcbench(places, "train", *SMALL, "trainer.epochs=2", "force=true")
    assert forced.returncode == 0
    assert {**result(folder), "wall_seconds": 0, "seconds_per_epoch": 0} == {
        **first,
        "wall_seconds": 0,
        "seconds_per_epoch": 0,
    }


def test_a_sweep_tells_its_jobs_apart_and_ends_with_their_table(places: dict[str, str]) -> None:
    other = ltcbench(places, "train", *SMALL, "trainer.epochs=1", "tracker=none", "trainer.learning_rate=0.5")
    assert other.returncode == 0, other.stderr
    done = ltcbench(places, "train", "-m", *SMALL, "trainer.epochs=1", "trainer.learning_rate=0.01,0.02", "seed=3")
    assert done.returncode == 0, done.stderr
    for rate in ("0.01", "0.02"):
        assert f"cheetah/lstm seed 3 trainer.learning_rate={rate}: finished, test mse" in done.stderr
    told = [line.split()[:2] for line in done.stdout.splitlines() if line.startswith("lstm ")]
    assert sorted(told) == [["lstm", "0.01"], ["lstm", "0.02"]], "no other runs than these"
    assert not list(Path(places["LTCBENCH_RUNS"]).glob(".sweep-*"))
    names = {run.info.run_name for run in mlflow_runs(places)}
    usual = "source=synthetic hidden_size=4 epochs=1"
    assert {tuple(sorted(name.split())) for name in names} == {
        tuple(sorted(["lstm-3", *usual.split(), f"learning_rate={rate}"])) for rate in ("0.01", "0.02")
    }


def test_mlflow_shows_parameters_curves_and_files(places: dict[str, str]) -> None:
    assert ltcbench(places, "train", *SMALL, "trainer.epochs=3").returncode == 0
    (folder,) = run_folders(places)
    (run,) = mlflow_runs(places)
    assert run.info.status == "FINISHED"
    assert run.data.tags["ltcbench.fingerprint"] == folder.name
    assert run.data.tags["ltcbench.source"] == "synthetic"
    assert run.data.params["trainer.epochs"] == "3"
    assert run.data.metrics["best.test.mse"] == pytest.approx(result(folder)["test_metric"])
    client = mlflow_client(places)
    assert [m.step for m in client.get_metric_history(run.info.run_id, "valid_mse")] == [1, 2, 3]
    assert {"config.yaml", "checkpoint.pt", "result.json"} <= {f.path for f in client.list_artifacts(run.info.run_id)}


def uri(places: dict[str, str]) -> str:
    return f"sqlite:///{places['LTCBENCH_RUNS']}/mlflow.db"


def mlflow_client(places: dict[str, str]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's and SQLAlchemy's own
        from mlflow import MlflowClient

        client = MlflowClient(uri(places))
        client.search_experiments()
        return client


def mlflow_runs(places: dict[str, str]) -> list[Any]:
    client = mlflow_client(places)
    return list(client.search_runs([e.experiment_id for e in client.search_experiments()]))


def test_two_processes_in_an_empty_folder_both_finish_and_stand_in_mlflow(places: dict[str, str]) -> None:
    both = [
        subprocess.Popen([*COMMAND, "train", *SMALL, "trainer.epochs=1", f"seed={seed}"], env=places, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for seed in (0, 1)
    ]  # fmt: skip
    errors = [process.communicate(timeout=240)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert not any("does not take this run" in error for error in errors)
    assert len(mlflow_runs(places)) == len(run_folders(places)) == 2


def test_the_same_run_twice_at_once_is_done_once(places: dict[str, str]) -> None:
    command = [*COMMAND, "train", *SMALL, "trainer.epochs=30", "tracker=none"]
    first = subprocess.Popen(command, env=places, stderr=subprocess.PIPE, text=True)
    second = subprocess.Popen(command, env=places, stderr=subprocess.PIPE, text=True)
    errors = [process.communicate(timeout=240)[1] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0]
    assert sum("done before" in error for error in errors) == 1


def test_a_sweep_goes_on_after_a_failing_job(places: dict[str, str]) -> None:
    done = ltcbench(places, "train", "-m", *SMALL, "trainer.epochs=1", "tracker=none", "device=tpu,cpu", "seed=0,1")
    assert done.returncode == 1
    assert done.stderr.count("device=tpu does not exist") == 2
    assert [result(folder)["status"] for folder in run_folders(places)] == ["finished"] * 2
    assert "Traceback" not in done.stderr


def test_a_sweep_without_a_folder_to_write_is_told_in_one_sentence(places: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file in the way", encoding="utf-8")
    done = ltcbench(places, "train", *SMALL, "seed=0,1", "-m")
    assert done.returncode == 1
    assert f"cannot write {tmp_path / 'runs' / 'sweeps'} (Not a directory)" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_diverged_run_says_why_and_counts_as_failed(places: dict[str, str]) -> None:
    done = ltcbench(places, "train", *SMALL, "trainer.epochs=3", "trainer.learning_rate=1e30", "tracker=none")
    assert done.returncode == 1
    (folder,) = run_folders(places)
    assert result(folder)["status"] == "diverged"
    assert "stopped being finite" in result(folder)["note"]
    assert "Traceback" not in done.stderr


LONG = [*SMALL, "trainer.epochs=40", "tracker=none"]


def comparable(folder: Path) -> tuple[list[list[str]], bytes]:
    """Metrics without the seconds, and the weights."""
    import torch

    rows = [line.split(",")[:-1] for line in (folder / "metrics.csv").read_text().splitlines()]
    saved = torch.load(folder / "checkpoint.pt", weights_only=True)
    weights = {**saved["network"], **{f"best.{k}": v for k, v in saved["progress"]["best_weights"].items()}}
    return rows, b"".join(value.numpy().tobytes() for value in weights.values())


def wait_for(count: Callable[[dict[str, str]], int], places: dict[str, str], target: int) -> None:
    end = time.monotonic() + 120
    while count(places) < target:
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def test_killed_three_times_and_gone_on_with_equals_an_undisturbed_run(places: dict[str, str], tmp_path: Path) -> None:
    undisturbed = {**places, "LTCBENCH_RUNS": str(tmp_path / "undisturbed")}
    assert ltcbench(undisturbed, "train", *LONG).returncode == 0
    epochs = 0
    for more in (1, 4, 9):
        process = subprocess.Popen([*COMMAND, "train", *LONG], env=places, stderr=subprocess.DEVNULL)
        wait_for(rows, places, epochs + more)
        process.kill()
        process.wait()
        assert rows(places) >= epochs  # nothing that was written is lost
        epochs = rows(places)
    assert 0 < epochs < 40
    assert ltcbench(places, "train", *LONG).returncode == 0
    assert comparable(run_folders(places)[0]) == comparable(run_folders(undisturbed)[0])


def rows(places: dict[str, str]) -> int:
    for folder in run_folders(places):
        if (folder / "metrics.csv").exists():
            return len((folder / "metrics.csv").read_text().splitlines()) - 1
    return 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_marks_the_run_interrupted_and_it_can_be_resumed(
    places: dict[str, str], number: signal.Signals
) -> None:
    process = subprocess.Popen([*COMMAND, "train", *LONG], env=places, stderr=subprocess.PIPE, text=True)
    wait_for(rows, places, 2)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert "Traceback" not in error
    (folder,) = run_folders(places)
    assert result(folder)["status"] == "interrupted"
    assert result(folder)["epochs"] == rows(places)
    assert ltcbench(places, "train", *LONG).returncode == 0
    assert result(folder)["status"] == "finished"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_sweep(places: dict[str, str], number: signal.Signals) -> None:
    process = subprocess.Popen(
        [*COMMAND, "train", "-m", *LONG, "seed=0,1"], env=places, stderr=subprocess.PIPE, text=True
    )
    wait_for(rows, places, 2)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert "Traceback" not in error
    assert error.endswith("epochs; the same command goes on.\n")
    (folder,) = run_folders(places)  # the second seed was not begun
    assert result(folder)["status"] == "interrupted"


@pytest.mark.parametrize(
    "bad", ["sqlite:////proc/nowhere/mlflow.db", "http://127.0.0.1:9"], ids=["unwritable", "dead port"]
)
def test_a_tracker_that_fails_costs_one_warning(places: dict[str, str], bad: str) -> None:
    done = ltcbench(places, "train", *SMALL, "trainer.epochs=2", f"tracking_uri={bad}")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("does not take this run") == 1
    assert "Traceback" not in done.stderr
    (folder,) = run_folders(places)
    assert result(folder)["status"] == "finished"

    assert ltcbench(places, "sync").returncode == 0  # and nothing is lost
    assert [run.data.tags["ltcbench.fingerprint"] for run in mlflow_runs(places)] == [folder.name]
    assert ltcbench(places, "sync").returncode == 0
    assert len(mlflow_runs(places)) == 1


def test_a_broken_mlflow_database_does_not_stop_training(places: dict[str, str]) -> None:
    database = Path(places["LTCBENCH_RUNS"]) / "mlflow.db"
    database.parent.mkdir()
    with sqlite3.connect(database) as connection:
        connection.execute("create table runs (other text)")
    connection.close()
    done = ltcbench(places, "train", *SMALL, "trainer.epochs=1")
    assert done.returncode == 0
    assert done.stderr.count("does not take this run") == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ['o\'neil "a" ${x}', "100%20?b#c=d,e{[", " -a\nünï\\"])
def test_single_runs_and_sweeps_work_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    here = tmp_path / name
    here.mkdir()
    own = {"LTCBENCH_RUNS": str(here / "runs"), "LTCBENCH_DATASETS": str(here / "data"), "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **own}
    for arguments in (["seed=0"], ["seed=1,2", "-m", "tracker=none"]):
        command = [*COMMAND, "train", *SMALL, "trainer.epochs=1", *arguments]
        done = subprocess.run(command, env=environment, cwd=here, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        assert "does not take this run" not in done.stderr
    assert {path.name for path in here.iterdir()} <= {"runs", "data"}
    assert len(run_folders(own)) == 3
    assert (here / "runs" / "mlflow.db").is_file()
    assert (here / "runs" / "sweeps").is_dir()
