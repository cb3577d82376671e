"""``ltcbench experiment`` as a user runs it."""

import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ltcbench import cli

SMALL = ["draws=2", "width=8"]
ONE = {"trajectory": ["panels=[2C,3B]"], "lower-bounds": ["tolerances=[1e-2,1e-6]"]}


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path))
    return tmp_path


def ltcbench(*words: str, runs: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LTCBENCH_RUNS": str(runs)}
    command = [sys.executable, "-m", "ltcbench", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_an_experiment_as_a_process(runs: Path) -> None:
    done = ltcbench("experiment", "depth", *SMALL, "--jobs", "2", runs=runs)
    assert done.returncode == 0, done.stderr
    assert "12 cells under the paper's protocol, draws=2, width=8:" in done.stdout
    picture = Path(done.stdout.splitlines()[-1])
    assert ET.fromstring(picture.read_text()).tag.endswith("svg")
    again = ltcbench("experiment", "depth", *SMALL, runs=runs)
    assert again.stdout == done.stdout


def test_a_killed_experiment_goes_on(runs: Path) -> None:
    words = ["experiment", "depth", "draws=40", "width=60", "activations=[relu]", "--jobs", "1"]
    environment = {**os.environ, "LTCBENCH_RUNS": str(runs)}
    process = subprocess.Popen([sys.executable, "-m", "ltcbench", *words], env=environment, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not (found := list(runs.glob("experiments/depth/*/draws.csv"))) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (path,) = found
    names, *lines = path.read_text().splitlines()
    marked = lines[0].split(",")
    marked[names.split(",").index("depth")] = "0.123"
    path.write_text("\n".join([names, ",".join(marked), *lines[1:]]) + "\n")
    assert 0 < len(lines) < 120 and not (path.parent / "result.json").exists()
    assert ltcbench(*words, runs=runs).returncode == 0
    after = path.read_text().splitlines()
    assert len(after) == 121 and ",".join(marked) in after


@pytest.mark.parametrize("name", ["trajectory", "lower-bounds"])
@pytest.mark.parametrize("protocol", ["paper", "clean"])
def test_the_others_on_small_networks(runs: Path, capsys: pytest.CaptureFixture[str], name: str, protocol: str) -> None:
    assert cli.run(["experiment", name, *SMALL, *ONE[name], f"protocol={protocol}", "--jobs", "2"]) == 0
    printed = capsys.readouterr().out
    assert "unfinished" in printed
    assert ET.fromstring(Path(printed.splitlines()[-1]).read_text()).tag.endswith("svg")


def test_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["list", "experiments"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^depth +1,200 +ltc-2 +Computational depth", printed, flags=re.MULTILINE)
    assert cli.run(["show", "experiment=depth", "protocol=clean"]) == 0
    printed = capsys.readouterr().out
    assert "EXPERIMENT depth, protocol clean" in printed
    assert "[off] step_limit: MATLAB's longest step" in printed and "[on] absolute_decay" in printed
    assert "not there yet, 1,200 draws" in printed


def test_the_table_of_the_paper_without_and_with_ours(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["table", "ltc-2"]) == 0
    out, err = capsys.readouterr()
    assert out.count("not run") == 12 and "56.9 ± 9.03" in out
    assert err == "ours is not there yet: ltcbench experiment depth protocol=paper makes it.\n"
    assert cli.run(["experiment", "depth", *SMALL]) == 0
    own = capsys.readouterr().out
    assert cli.run(["table", "ltc-2", *SMALL]) == 0
    assert own.startswith(capsys.readouterr().out)
    signs = {"md": "| NODE | 0.56", "tex": r"\toprule", "csv": "section,model,paper", "html": "<table"}
    for kind, sign in signs.items():
        assert cli.run(["table", "ltc-2", *SMALL, "--format", kind]) == 0
        assert sign in capsys.readouterr().out


def test_a_result_is_published_and_found(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["experiment", "depth", *SMALL, "--publish"]) == 0
    path = Path(capsys.readouterr().out.splitlines()[-1])
    assert path.parent == runs / "published" / "experiments" / "depth"
    assert {file.name for file in path.iterdir()} == {"result.json", "picture.svg"}
    for file in (runs / "experiments").rglob("result.json"):
        file.unlink()
    for source in ([], ["--from", str(runs / "published")]):
        assert cli.run(["table", "ltc-2", *SMALL, *source]) == 0
        out, err = capsys.readouterr()
        assert "0 of 2" in out and not err
    assert cli.run(["table", "ltc-2", "width=8", "draws=5"]) == 0
    assert "draws=2, width=8. LTC paper" in capsys.readouterr().out
    assert cli.run(["experiment", "depth", "draws=1", "width=8", "--jobs", "1"]) == 0  # fewer, of one's own
    capsys.readouterr()
    assert cli.run(["table", "ltc-2", *SMALL]) == 0
    assert "0 of 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["table", "ltc-2", "--only", "model=ltc"], "--only and --row choose runs, and ltc-2 is made by an experiment"),
        (["table", "ltc-2", "--publish"], "ltcbench experiment depth --publish"),
        (["table", "ltc-2", "drawz=3"], "unknown setting 'drawz'"),
        (["reproduce", "ltc-2"], "no training stands behind ltc-2: ltcbench experiment depth makes it."),
        (["show", "experiment=dept"], "unknown experiment 'dept'"),
    ],
)
def test_mistakes(capsys: pytest.CaptureFixture[str], words: list[str], sentence: str) -> None:
    assert cli.run(words) == 2
    error = capsys.readouterr().err
    assert sentence in error and error.count("\n") == 1
