import importlib.util
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ltcbench import cli

GIVEN = ["model=lstm", "task=gesture", "task.source=synthetic", "trainer.epochs=6", "tracker=none"]
SEARCH = [*GIVEN, "search=gated", "model.hidden_size=8", "tune.trials=4"]


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.run(["tune", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (["search=gatd"], "unknown search 'gatd': did you mean gated"),
        (["search=cfc"], "unknown setting of a training of lstm 'model.backbone_units'"),
        (["search=gated", "tune.trials=0"], "tune.trials=0 is out of range"),
        (["search=gated", "tune.trials=x"], "tune.trials=x is not a whole number"),
        (["search=gated", "tune.trials=[1"], "tune.trials=[1 is not a whole number"),
        (["search=gated", "tune.sampler=x"], "unknown tune.sampler 'x': expected one of random, tpe"),
        (["search=gated", "tune.seed=-1"], "tune.seed=-1 is out of range"),
        (["search=gated", "tune.trails=3"], "did you mean tune.trials"),
        (["search=gated", "--jobs", "0"], "--jobs=0 is out of range"),
        (["search=gated", "force=true"], "force=true does a run again"),
        (["tune.trials=3"], "no search is named: write search=NAME with one of cfc, gated, ltc"),
        (["search=gated", "model=lstm,gru"], "model=lstm,gru"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(capsys: pytest.CaptureFixture[str], wrong: list[str], sentence: str) -> None:
    pytest.importorskip("optuna")
    given = [word for word in GIVEN if word.partition("=")[0] not in {one.partition("=")[0] for one in wrong}]
    assert sentence in told(capsys, *given, *wrong)


def test_without_a_validation_part_there_is_nothing_to_choose_by(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("optuna")
    error = told(capsys, "model=lstm", "task=xor", "search=gated")
    assert "xor has no validation part under protocol=paper" in error and "protocol=clean" in error


def test_without_optuna_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "optuna" else there(name, *rest)
    )
    assert "needs Optuna: pip install 'ltcbench[tune]'" in told(capsys, *SEARCH)


class Tune:
    """A search in a process of its own."""

    def __init__(self, runs: Path, *arguments: str) -> None:
        environment = {**os.environ, "LTCBENCH_RUNS": str(runs)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ltcbench", "tune", *arguments],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # else ignored in the background
        )  # fmt: skip

    def lines(self) -> Iterator[str]:
        assert self.process.stdout
        return iter(self.process.stdout.readline, "")

    def until(self, text: str) -> None:
        assert any(text in line for line in self.lines())

    def end(self) -> tuple[int, str]:
        text = "".join(self.lines())
        assert self.process.stdout
        self.process.stdout.close()
        return self.process.wait(200), text


def outcome(text: str) -> list[str]:
    """The table and what comes behind it, but for the folder."""
    found = text[text.index("\ntrial  ") :].splitlines()
    return [line for line in found if not line.startswith("Picture")]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A search that nobody disturbed."""
    pytest.importorskip("optuna")
    runs = tmp_path_factory.mktemp("whole")
    status, text = Tune(runs, *SEARCH).end()
    assert status == 0, text
    return runs, outcome(text)


@pytest.mark.slow
def test_a_search_ends_with_a_table_a_picture_and_the_line_to_type(
    whole: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, lines = whole
    text = "\n".join(lines)
    assert len(re.findall(r"(?m)^\d+ .*(finished|stopped)  ", text)) == 4
    assert "synthetic data" in text and "cut short, 6 of 200 epochs" in text
    (picture,) = (runs / "studies").glob("gesture-lstm-*.svg")
    assert ET.parse(picture).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    command = shlex.split(lines[-1])
    assert command[:3] == ["ltcbench", "train", "-m"] and command[-1] == "seed=0,1,2"
    assert {"model=lstm", "task=gesture", "model.hidden_size=8"} < set(command)
    monkeypatch.setenv("LTCBENCH_RUNS", str(runs))
    assert cli.run(["runs", "task=gesture", "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5


@pytest.mark.slow
def test_twice_the_same(whole: tuple[Path, list[str]], runs: Path) -> None:
    status, text = Tune(runs, *SEARCH).end()
    assert (status, outcome(text)) == (0, whole[1])
    again = Tune(runs, *SEARCH).end()[1]
    assert "4 of 4 trials are done" in again and outcome(again) == whole[1]


@pytest.mark.slow
@pytest.mark.parametrize(("how", "status"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_broken_off_in_the_middle_it_ends_with_the_same(
    whole: tuple[Path, list[str]], runs: Path, how: Any, status: int
) -> None:
    broken = Tune(runs, *SEARCH)
    broken.until("trial 2 of 4")
    time.sleep(1)
    broken.process.send_signal(how)
    began = time.monotonic()
    found, text = broken.end()
    assert found == status and time.monotonic() - began < 20
    assert "Traceback" not in text
    assert text.count("the same command goes on") == (how == signal.SIGINT)
    assert outcome(Tune(runs, *SEARCH).end()[1]) == whole[1]
