"""``ltcbench reproduce`` as a process, on a small generated task."""

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ltcbench import cli
from ltcbench.errors import UserError
from ltcbench.paper import tables
from ltcbench.reporting.jobs import of_cells
from tests.terminal import CTRL_C, Terminal

SMALL = ["--only", "model=lstm", "task.source=synthetic", "model.hidden_size=4", "tracker=none"]
COMMAND = [sys.executable, "-m", "ltcbench", "reproduce", "ltc-6", *SMALL]


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    own = {"LTCBENCH_RUNS": str(tmp_path / "runs"), "LTCBENCH_DATASETS": str(tmp_path / "datasets")}
    return {**os.environ, **own, "LTCBENCH_MIRROR": "", "OMP_NUM_THREADS": "1"}


def reproduce(places: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], env=places, capture_output=True, text=True, timeout=240)


def run_folders(places: dict[str, str]) -> list[Path]:
    return sorted(path.parent for path in Path(places["LTCBENCH_RUNS"]).glob("*/*/*/config.yaml"))


def result(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "result.json").read_text())


def rows(folder: Path) -> int:
    file = folder / "metrics.csv"
    return len(file.read_text().splitlines()) - 1 if file.exists() else 0


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def cells() -> list[tables.Cell]:
    return list(tables.table("ltc-6").cells())


def test_jobs_are_cells_times_seeds_a_seed_after_the_other(cells: list[tables.Cell]) -> None:
    jobs = of_cells(cells[:2], ["paper", "clean"], ["trainer.epochs=3"], 2)
    assert [(job.seed, job.protocol, job.model) for job in jobs] == [
        (seed, protocol, model) for seed in (0, 1) for protocol in ("paper", "clean") for model in ("lstm", "ctrnn")
    ]
    assert {job.trainer.epochs for job in jobs} == {3}


def test_a_job_behind_two_cells_is_one() -> None:
    cells = [cell for cell in tables.table("cfc-xor").cells() if cell.model == "cfc" and cell.column.task == "xor"]
    assert len(cells) == 2  # accuracy and time
    assert len(of_cells(cells, ["paper"], [], 1)) == 1


def test_a_column_of_one_protocol_has_no_jobs_under_the_other() -> None:
    cells = [cell for cell in tables.table("ltc-3").cells() if cell.column.name == "traffic-transposed"][:1]
    assert [job.protocol for job in of_cells(cells, ["paper", "clean"], [], 1)] == ["paper"]


def test_a_cell_without_code_cannot_be_run() -> None:
    cell = next(iter(tables.table("ltc-5").cells()))
    without = dataclasses.replace(cell, column=dataclasses.replace(cell.column, not_run="no code was released"))
    with pytest.raises(UserError, match=r"nothing of ltc-5 can be run here \(no code was released\)"):
        of_cells([without], ["paper"], [], 1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ltc-7"], "unknown table 'ltc-7': did you mean"),
        (["ltc-6", "--only", "model"], "--only model is not a choice: expected key=value"),
        (["ltc-6", "--only", "modl=ltc"], "unknown key of --only 'modl': did you mean model"),
        (["ltc-6", "--only", "model=lct"], "unknown model of the table 'lct': did you mean"),
        (["ltc-3", "--only", "task=har", "--only", "column=ozone"], "no cell fits"),
        (["ltc-6", "--protocol", "claen"], "unknown protocol 'claen': did you mean clean"),
        (["ltc-6", "--seeds", "0"], "--seeds=0 is out of range: expected a number from 1 to 1000"),
        (["ltc-6", "--jobs", "0"], "--jobs=0 is out of range"),
        (["ltc-6", "--retries", "-1"], "--retries=-1 is out of range"),
        (["ltc-6", "--frobnicate"], "see `ltcbench reproduce --help`"),
        (["ltc-6", "model=ltc"], "model=ltc is what tells the cells of a table apart: use --only model=..."),
        (["ltc-6", "seed=1"], "use --seeds"),
        (["ltc-6", "trainer.epochz=1"], "unknown setting 'trainer.epochz': did you mean trainer.epochs"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["reproduce", *arguments, "--dry-run"]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.splitlines()) == 1


def test_a_dry_run_shows_the_plan_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LTCBENCH_DATASETS", str(tmp_path / "datasets"))
    assert cli.run(["reproduce", "ltc-6", "--dry-run", "--protocol", "both"]) == 0
    *_, last = capsys.readouterr().out.splitlines()
    assert re.match(r"60 runs: 60 missing\. Time left with 1 side by side: \d.*published runs", last)
    assert not list(tmp_path.rglob("*result.json"))
    assert not list(tmp_path.rglob("*.npy"))


@pytest.mark.slow
def test_runs_what_is_missing_goes_on_after_a_failure_and_skips_what_is_done(places: dict[str, str]) -> None:
    first = reproduce(places, "--seeds", "1", "trainer.epochs=2")
    assert first.returncode == 0, first.stderr
    assert "1 runs: 1 missing." in first.stdout
    assert "cheetah/lstm seed 0: finished" in first.stdout
    second = reproduce(places, "--seeds", "3", "--jobs", "2", "trainer.epochs=2")
    assert second.returncode == 0, second.stderr
    assert "3 runs: 1 finished, 2 missing." in second.stdout
    assert re.search(r"side by side: \d+ s\.", second.stdout)  # measured by the first
    assert second.stdout.count(": finished, test mse") == 2
    assert len(run_folders(places)) == 3
    assert list((Path(places["LTCBENCH_RUNS"]) / "cheetah" / "baselines").glob("*-synthetic.json"))

    broken = reproduce(places, "--seeds", "2", "trainer.epochs=2", "device=tpu", "trainer.learning_rate=1")
    assert broken.returncode == 1
    assert broken.stdout.count("mistake, device=tpu does not exist") == 2
    assert "2 failed." in broken.stdout
    diverged = reproduce(places, "--seeds", "2", "trainer.epochs=2", "trainer.learning_rate=1e30", "--fail-fast")
    assert diverged.returncode == 1
    assert "1 diverged, 1 not begun." in diverged.stdout
    nowhere = {**places, "LTCBENCH_MIRROR": str(Path(places["LTCBENCH_RUNS"]) / "nowhere")}
    absent = reproduce(nowhere, "--seeds", "2", "task.source=official")
    assert absent.returncode == 1
    assert absent.stdout.count("2 runs without data: the mirror") == 1
    assert "2 failed." in absent.stdout
    assert "Traceback" not in broken.stdout + broken.stderr + diverged.stdout + diverged.stderr


LONG = ["--seeds", "2", "--jobs", "2", "trainer.epochs=30"]


def started(places: dict[str, str]) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [*COMMAND, *LONG],
        env=places,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.default_int_handler
        ),  # a job in the background ignores it
    )
    wait_for(lambda: len(run_folders(places)) == 2 and min(map(rows, run_folders(places))) > 2)
    return process


def interruptible(places: dict[str, str], epochs: int) -> Terminal:
    """Two runs on a terminal, both past their first epoch."""
    command = [*COMMAND, "--seeds", "2", "--jobs", "2", f"trainer.epochs={epochs}"]
    terminal = Terminal(command, {**places, "TQDM_MININTERVAL": "0"})
    for seed in (0, 1):
        terminal.wait_for(rf"cheetah/lstm seed {seed}: .*[1-9]\d*/{epochs} \[\d\d:\d\d<[\d:]+,[^\r]*train_mse=[\d.]+")
    return terminal


@pytest.mark.slow
def test_a_table_interrupted_at_a_terminal_goes_on_and_is_rendered(places: dict[str, str]) -> None:
    with interruptible(places, 40) as terminal:
        assert terminal.wait_for(r"(\d+)/2 \[")[1] == "0"
        terminal.press(CTRL_C)
        terminal.wait_for("waiting for cheetah/lstm seed [01] and cheetah/lstm seed [01] to write their checkpoints")
        assert terminal.end() == 130, terminal.text
    assert "interrupted; the same command goes on" in terminal.text
    assert "Traceback" not in terminal.text
    before = {folder: rows(folder) for folder in run_folders(places)}
    assert [result(folder)["status"] for folder in before] == ["interrupted"] * 2
    assert all(0 < done < 40 for done in before.values())

    again = reproduce(places, "--seeds", "2", "--jobs", "2", "trainer.epochs=40")
    assert again.returncode == 0, again.stderr
    assert "2 runs: 2 resumable." in again.stdout and "2 finished." in again.stdout
    assert not re.search(r"\r|\d/40 \[", again.stdout + again.stderr), "no bars in a file"
    assert [rows(folder) for folder in before] == [40, 40]

    show = [sys.executable, "-m", "ltcbench", "table", "ltc-6", *SMALL[:4], "trainer.epochs=40", "--format", "md"]
    table = subprocess.run(show, env=places, capture_output=True, text=True, timeout=140)
    assert table.returncode == 0, table.stderr
    (line,) = (line for line in table.stdout.splitlines() if "lstm" in line.lower() and "|" in line)
    tests = [result(folder)["test_metric"] for folder in before]
    assert float(line.split("|")[3].partition("±")[0]) == pytest.approx(sum(tests) / 2, abs=1e-3)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
@pytest.mark.slow
def test_a_second_ctrl_c_stops_at_once(places: dict[str, str]) -> None:
    with interruptible(places, 10_000) as terminal:
        workers = workers_of(terminal.process.pid)
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)  # one that does not answer, as in a very long update
        terminal.press(CTRL_C)
        terminal.wait_for("Ctrl-C again to stop now")
        terminal.press(CTRL_C)
        assert terminal.end() == 130, terminal.text
    assert "stopped; the same command goes on after the last whole epochs" in terminal.text
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def workers_of(pid: int) -> list[int]:
    """The processes that a process has for its runs: forks of one that it has started."""
    (forking,) = (child for child in children(pid) if b"forkserver" in Path(f"/proc/{child}/cmdline").read_bytes())
    return children(forking)


def comparable(folder: Path) -> tuple[Any, ...]:
    """What a run came to, without times."""
    lines = (folder / "metrics.csv").read_text().splitlines()
    return result(folder)["best"], result(folder)["last"], [line.rpartition(",")[0] for line in lines]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
def test_killed_parent_leaves_no_orphan_and_the_next_call_ends_as_if_undisturbed(
    places: dict[str, str], tmp_path: Path
) -> None:
    undisturbed = {**places, "LTCBENCH_RUNS": str(tmp_path / "undisturbed")}
    assert reproduce(undisturbed, *LONG).returncode == 0

    process = started(places)
    helpers, workers = children(process.pid), workers_of(process.pid)
    assert len(workers) == 2
    process.kill()
    process.communicate()
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in [*workers, *helpers]))
    before = {folder: rows(folder) for folder in run_folders(places)}
    assert all(0 < done < 30 for done in before.values())
    time.sleep(1)
    assert {folder: rows(folder) for folder in run_folders(places)} == before

    again = reproduce(places, *LONG)
    assert again.returncode == 0, again.stderr
    assert "2 runs: 2 resumable." in again.stdout
    for one, other in zip(run_folders(places), run_folders(undisturbed), strict=True):
        assert comparable(one) == comparable(other)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "all_of_them"), [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGTERM, False)]
)
def test_a_signal_marks_the_runs_and_they_can_be_resumed(
    places: dict[str, str], number: signal.Signals, all_of_them: bool
) -> None:
    process = started(places)
    if all_of_them:  # as the terminal does
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    output, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert "the same command goes on" in error
    assert "Traceback" not in output + error
    assert output.count("interrupted after") == 2
    assert [result(folder)["status"] for folder in run_folders(places)] == ["interrupted"] * 2


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
def test_a_killed_worker_is_one_failure_and_is_tried_again(places: dict[str, str]) -> None:
    process = subprocess.Popen([*COMMAND, *LONG, "--retries", "1"], env=places, stdout=subprocess.PIPE, text=True)
    wait_for(lambda: len(run_folders(places)) == 2 and min(map(rows, run_folders(places))) > 2)
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0, output
    assert output.count("its process died with exit status -9. It is tried again.") == 1
    assert [result(folder)["status"] for folder in run_folders(places)] == ["finished"] * 2


@pytest.mark.slow
def test_a_budget_ends_in_time_and_the_next_call_goes_on(places: dict[str, str]) -> None:
    dear = ["trainer.epochs=100000", "--seeds", "2", "--budget", "15s", "--long"]
    began = time.monotonic()
    done = reproduce(places, *dear)
    assert 14 < time.monotonic() - began < 80
    assert done.returncode == 0 and "1 interrupted, 1 not begun." in done.stdout
    (folder,) = run_folders(places)
    before = rows(folder)
    assert result(folder)["status"] == "interrupted" and before > 0 and "1 resumable" in done.stdout
    assert reproduce(places, *dear).returncode == 0
    assert run_folders(places) == [folder] and rows(folder) > before


def test_what_cannot_end_within_the_budget_is_not_begun_unless_asked(
    places: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reproduce(places, "trainer.epochs=2", "--seeds", "1").returncode == 0
    dear = ["trainer.epochs=1000000", "--seeds", "1", "--budget", "5s"]
    done = reproduce(places, *dear)
    assert done.returncode == 0 and "1 not begun." in done.stdout and len(run_folders(places)) == 1
    assert "1 interrupted" in reproduce(places, *dear, "--long").stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ltc-6", "--budget", "2x"], "--budget 2x is no duration"),
        (["ltc-6", "--budget", ""], "is no duration"),
        (["ltc-6", "--long"], "--long says what to begin within a budget"),
        (["trainer.epochs=2"], "no table in trainer.epochs=2: expected all, or one of"),
        (["ltc-6", "nosuch"], "unknown table 'nosuch'"),
        (["ltc-6", "model.unfolds=2.5", "--only", "model=ltc", "--dry-run"], "model.unfolds=2.5 is not a whole number"),
    ],
)
def test_a_mistake_in_what_is_asked_for(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["reproduce", *arguments]) == 2
    told = capsys.readouterr().err
    assert sentence in told and told.count("\n") == 1


def test_all_tables_are_one_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["reproduce", "all", "--only", "model=cfc", "--seeds", "1", "--budget", "1h", "--dry-run"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert "cfc-imdb" in last and "ltc-3" in last
