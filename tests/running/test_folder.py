import dataclasses
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from ltcbench.errors import Failure, UserError
from ltcbench.running import folder as folder_module
from ltcbench.running.folder import RunFolder, fingerprint
from ltcbench.settings.composition import composed
from ltcbench.settings.job import Job


@pytest.fixture(scope="module")
def job() -> Job:
    return composed(["model=lstm", "task=har"])


RESULT = {
    "status": "finished", "task": "har", "model": "lstm", "seed": 0, "source": "official", "device": "cpu",
    "metric": "accuracy", "test_metric": 0.5, "best_epoch": 2, "seconds_per_epoch": 1.5, "parameters": 10,
    "versions": {"git": None},
}  # fmt: skip
SUMS = {"X_train.txt": "abc"}


@pytest.mark.parametrize(
    "change",
    [
        {"device": "cuda"},
        {"engine": "eager"},
        {"threads": 2},
        {"mirror": "/elsewhere"},
        {"force": True},
        {"tracker": "none"},
        {"tracking_uri": "http://x"},
        {"recipe": "other name, same values"},
        {"task_options": {"path": "/elsewhere/my.csv"}},
    ],
)
def test_what_cannot_change_the_numbers_does_not_change_the_fingerprint(job: Job, change: dict[str, object]) -> None:
    assert fingerprint(dataclasses.replace(job, **change), SUMS) == fingerprint(job, SUMS)


@pytest.mark.parametrize(
    "change",
    [
        {"model": "cfc"},
        {"hidden_size": 33},
        {"model_options": {"forget_bias": 2.0}},
        {"task": "gesture"},
        {"source": "recomputed"},
        {"task_options": {"x": 1}},
        {"protocol": "clean"},
        {"quirks": {}},
        {"seed": 1},
        {"precision": "bfloat16_matmul"},
    ],
)
def test_everything_else_does(job: Job, change: dict[str, object]) -> None:
    assert fingerprint(dataclasses.replace(job, **change), SUMS) != fingerprint(job, SUMS)


def test_trainer_settings_and_data_do(job: Job) -> None:
    for field in dataclasses.fields(job.trainer):
        other = {"class_weights": (1.0, 2.0), "clip_norm": 3.0}.get(field.name, "another value")
        changed = dataclasses.replace(job, trainer=dataclasses.replace(job.trainer, **{field.name: other}))
        assert fingerprint(changed, SUMS) != fingerprint(job, SUMS), field.name
    assert fingerprint(job, {"X_train.txt": "abd"}) != fingerprint(job, SUMS)


def test_the_fingerprint_is_stable(job: Job) -> None:
    reordered = dataclasses.replace(job, quirks=dict(reversed(job.quirks.items())))
    assert fingerprint(reordered, SUMS) == fingerprint(job, SUMS)
    assert len(fingerprint(job, SUMS)) == 12


def test_files_come_back_as_they_were_written(tmp_path: Path, job: Job) -> None:
    folder = RunFolder(tmp_path / "a" / "b")
    assert folder.result() is None
    assert folder.metrics() == []
    folder.write_config(job)
    folder.write_metrics([{"epoch": 1, "loss": 0.1}, {"epoch": 2, "loss": 1e-9}])
    folder.write_result(RESULT)
    assert folder.metrics() == [{"epoch": 1.0, "loss": 0.1}, {"epoch": 2.0, "loss": 1e-9}]
    assert folder.result() == RESULT
    assert folder.config()["trainer"]["epochs"] == job.trainer.epochs
    json.dumps(folder.config())
    folder.clear()
    assert folder.result() is None


NOT_RESULTS = [
    "", "{", "null", "[]", "3", '"x"', "{}", "\0" * 100, "[" * 100_000, json.dumps(RESULT)[:-1],
    *(json.dumps({key: value for key, value in RESULT.items() if key != name}) for name in RESULT),
    *(json.dumps({**RESULT, name: [value]}) for name, value in RESULT.items()),
    *(json.dumps({**RESULT, "test_metric": value}) for value in ("0.5", True, float("nan"), float("inf"), 10**400)),
    json.dumps(RESULT).replace("0.5", "1e999"),
    json.dumps({**RESULT, "status": "done"}), json.dumps({**RESULT, "seed": 0.0}), json.dumps({"status": "failed"}),
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_RESULTS, ids=lambda text: text[:150])
def test_what_is_not_a_result_counts_as_none_but_can_be_told(text: str, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.result() is None and not folder.damaged()
    (tmp_path / "result.json").write_text(text)
    assert folder.result() is None and folder.damaged()
    folder.write_result(RESULT)
    assert folder.result() == RESULT and not folder.damaged()


def test_a_failed_run_needs_no_numbers(tmp_path: Path) -> None:
    head = {name: RESULT[name] for name in ("task", "model", "seed", "source", "device")}
    RunFolder(tmp_path).write_result({**head, "status": "failed", "note": "Traceback"})
    assert RunFolder(tmp_path).result() == {**head, "status": "failed", "note": "Traceback"}


ROWS = "epoch,loss\n1,0.5\n2,0.25\n"


@pytest.mark.parametrize(
    "text",
    ["", "\0" * 50, ROWS[:-1], ROWS[:-3], ROWS[:15], ROWS + "3\n", ROWS + "3,1,1\n", ROWS + "4,1\n", ROWS + "nan,1\n",
     ROWS.replace("0.5", "x"), ROWS.replace("epoch", "x"), ROWS + '3,"1\n', "1,0.5\n2,0.25\n"],
)  # fmt: skip
def test_damaged_metrics_count_as_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text(text)
    assert RunFolder(tmp_path).metrics() == []


CONFIG = """\
model: {name: lstm, hidden_size: 3}
task: {name: gesture}
protocol: paper
recipe: none
trainer: {epochs: 1}
seed: 0
"""


def test_a_configuration_is_read_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG.replace("none", "${oc.env:HOME}"))
    assert RunFolder(tmp_path).config()["recipe"] == "${oc.env:HOME}"


@pytest.mark.parametrize(
    "text",
    ["", "\0" * 50, "- a", "hello", "seed: 0", "model: [", CONFIG[:-8], CONFIG.replace("seed: 0", "seed: x"),
     CONFIG.replace("seed: 0", "seed: true"),
     CONFIG.replace("name: lstm", "nom: lstm"), CONFIG.replace("name: gesture", "name: [gesture]"),
     CONFIG.replace("{name: gesture}", "[1]"),
     CONFIG.replace("seed: 0", "seed: &a 0"), CONFIG.replace("recipe: none", "recipe: !!python/name:os.system ''")],
)  # fmt: skip
def test_a_damaged_configuration_is_told_with_its_name(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(UserError, match=f"^{tmp_path}/config.yaml is not the configuration of a run") as caught:
        RunFolder(tmp_path).config()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("made", [0, 1, 2])
def test_a_folder_that_stays_empty_is_taken_away_again(made: int, tmp_path: Path) -> None:
    path = tmp_path / "runs" / "task" / "model" / "run"
    existing = [tmp_path, tmp_path / "runs" / "task", path][made]
    existing.mkdir(parents=True, exist_ok=True)
    with RunFolder(path).lock("waiting"):
        assert path.is_dir()
    assert not path.exists()
    assert [*existing.parent.iterdir()] if made < 2 else not any(path.parent.iterdir())


def test_a_folder_with_something_in_it_stays(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with folder.lock("waiting"):
        folder.write_result(RESULT)
    assert folder.result() == RESULT


WORK = """
import sys
from pathlib import Path
from ltcbench.running.folder import RunFolder
folder, told = RunFolder(Path(sys.argv[1])), Path(sys.argv[2])
for _ in range(50):
    with folder.lock("waiting"):
        told.open("x").close()  # nobody else is inside
        told.unlink()
"""


def test_processes_that_take_turns_are_never_in_an_empty_folder_together(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORK, str(tmp_path / "task" / "model" / "run"), str(tmp_path / "inside")]
    working = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[1] for process in working] == ["", "", ""]
    assert not [*tmp_path.rglob("run"), *tmp_path.rglob("inside")]


def test_who_waits_goes_on_in_a_new_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, inside = RunFolder(tmp_path / "run"), threading.Event()

    def wait() -> None:
        with folder.lock("another works here"):
            inside.set()
            folder.write_result(RESULT)

    waiting = threading.Thread(target=wait)
    with folder.lock("not told"):
        waiting.start()
        assert not inside.wait(0.3)
    waiting.join()
    assert folder.result() == RESULT
    assert capsys.readouterr().out == f"another works here It is process {os.getpid()} on {socket.gethostname()}.\n"


def test_the_wait_for_another_has_an_end_and_says_who_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "WAIT", 0.2)
    folder = RunFolder(tmp_path / "run")
    who = f"process {os.getpid()} on {socket.gethostname()} has worked in {folder.path} for more than"
    with folder.lock("not told"):
        folder.write_result(RESULT)
        with pytest.raises(Failure, match=re.escape(who)), folder.lock("waiting."):
            pass
    assert [path.name for path in folder.path.iterdir() if path.name != ".lock"] == ["result.json"]


def test_who_was_killed_in_a_folder_holds_it_no_more(tmp_path: Path) -> None:
    killed = (
        "import os, sys, pathlib; from ltcbench.running.folder import RunFolder\n"
        "with RunFolder(pathlib.Path(sys.argv[1])).lock(''): os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", killed, str(tmp_path / "run")]).returncode == -9
    folder = RunFolder(tmp_path / "run")
    assert folder.holder.is_file()
    with folder.lock("not told"):
        assert f"process {os.getpid()} on" in folder.holder.read_text()
    assert not folder.path.exists()


def a_file(path: Path) -> None:
    path.write_text("x")


def a_dangling_link(path: Path) -> None:
    path.symlink_to("/nowhere/x")


def a_loop(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize("place", ["task", "task/model", "task/model/run", "task/model/run/.lock"])
@pytest.mark.parametrize("block", [a_file, a_dangling_link, a_loop])
def test_what_is_in_the_way_of_a_folder_is_told(block: Callable[[Path], None], place: str, tmp_path: Path) -> None:
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    block(tmp_path / place)
    if place.endswith("lock") and block is a_file:
        return  # an old lock
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(Failure, match=f"cannot write {tmp_path}/task"), RunFolder(tmp_path / "task/model/run").lock(""):
        raise AssertionError("not to be reached")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("path", ["/proc/nowhere/x", f"/tmp/{'x' * 300}/x"])
def test_where_no_folder_can_be_made(path: str) -> None:
    with pytest.raises(Failure, match="cannot write"), RunFolder(Path(path)).lock("waiting"):
        raise AssertionError("not to be reached")


@pytest.mark.parametrize("done", range(5))
def test_wherever_clearing_breaks_off_the_run_never_seems_finished(
    done: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(tmp_path)
    names = ["result.json", "metrics.csv", "checkpoint.pt", "log.txt"]
    folder.write_result(RESULT)
    for name in ["config.yaml", *names[1:]]:
        (tmp_path / name).write_text(name)
    unlink, calls = Path.unlink, itertools.count()

    def killed(self: Path, missing_ok: bool = False) -> None:
        if next(calls) == done:
            raise KeyboardInterrupt
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", killed)
    with pytest.raises(KeyboardInterrupt) if done < len(names) else nullcontext():
        folder.clear()
    # With the checkpoint the run goes on, without it begins anew; its rows are never there without it.
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["config.yaml", *names[done:]])
    assert (folder.result() is None) == (done > 0)


def test_what_cannot_be_cleared_is_told(tmp_path: Path) -> None:
    (tmp_path / "result.json").mkdir()
    with pytest.raises(Failure, match=f"cannot write {tmp_path}/result.json"):
        RunFolder(tmp_path).clear()
