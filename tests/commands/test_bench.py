import csv
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ltcbench import cli
from ltcbench.bench import memory

JAX = ["JAX"] if find_spec("jax") else []
TINY = ["--shape", "2x3x2x4", "--repeats", "2"]


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path))
    monkeypatch.setenv("LTCBENCH_DATASETS", str(tmp_path / "datasets"))
    return tmp_path / "bench"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_as_a_process(folder: Path) -> None:
    command = [sys.executable, "-m", "ltcbench", "bench", "--model", "ltc", *TINY]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == str(folder / "shapes.csv")
    found = rows(folder / "shapes.csv")
    by_kind = {
        what: [row["who"].split()[0] for row in found if row["what"] == what]
        for what in ("step", "update", "inference", "memory")
    }
    assert by_kind["step"] == ["compiled", "eager", "ncps", "torch.nn.LSTM", "torchdiffeq", *JAX]
    assert by_kind["update"] == by_kind["step"]
    assert by_kind["inference"] == ["stepper", "compiled", *by_kind["step"][1:]]
    assert by_kind["memory"] == (["compiled", "eager"] if memory.FORGET.exists() else [])
    for row in found:
        assert float(row["low"]) <= float(row["median"]) <= float(row["high"])
        assert row["threads"] == "1"
    ours = [float(row["ratio"]) for row in found if row["ours"] == "True" and row["what"] != "memory"]
    assert min(ours) == 1
    assert all(len(line) < 140 for line in done.stdout.splitlines())


def test_without_ncps(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "ncps.torch", None)
    assert cli.run(["bench", "--model", "cfc,cfc_s", "--what", "inference", *TINY, "model.backbone_units=6"]) == 0
    out = capsys.readouterr().out
    assert out.count("ncps cannot be imported and is left out") == 1
    found = rows(folder / "shapes.csv")
    assert {row["who"].split()[0] for row in found} == {"stepper", "eager", "torch.nn.LSTM", *JAX}
    assert {row["settings"] for row in found} == {"backbone_units=6"}


@pytest.mark.slow
def test_epochs_with_the_error_of_finished_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["task.source=synthetic", "model.hidden_size=4", "trainer.batch_size=485"]
    epochs = ["bench", "--task", "cheetah", "--model", "ltc", "--repeats", "2", *settings]
    assert cli.run(epochs) == 0
    assert "no run of cheetah with these settings is finished" in capsys.readouterr().out
    assert not (folder / "cheetah.svg").exists()
    assert cli.run(["train", "task=cheetah", "model=ltc", *settings, "tracker=none", "trainer.epochs=1"]) == 0
    assert cli.run(epochs) == 0
    found = rows(folder / "cheetah.csv")
    assert [row["who"].split()[0] for row in found] == ["compiled", "eager", "ncps", "torch.nn.LSTM"]
    *same, lstm = (row["error"] for row in found)
    assert len(set(same)) == 1
    assert float(same[0]) > 0
    assert lstm == ""  # it computes something else
    ElementTree.fromstring((folder / "cheetah.svg").read_bytes())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--model", "ltd", *TINY], "did you mean ltc"),
        (["--shape", "16x32x17"], "expected batch x time x features x units"),
        (["--shape", "16x32x17x0"], "is not a shape"),
        (["--task", "cheeta"], "did you mean cheetah"),
        (["--what", "stp", *TINY], "did you mean step"),
        (["--what", "step", "--curve"], "leave it out"),
        (["--curve", "--claims"], "not allowed with"),
        (["--claims", "--model", "cfc"], "leave out --model"),
        (["--campaign", "ltc-6", "--model", "cfc"], "leave out --model"),
        (["--campaign", "ltc-7"], "did you mean ltc-"),
        (["--repeats", "0"], "expected a number from 1"),
        (["model.unfolds=3"], "does not fit cases that are given"),
        (["--model", "ltc", "model.unfold=3"], "unknown setting 'model.unfold'"),
    ],
)
def test_mistakes(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["bench", *arguments]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("number", ["0", "-1", "10001", "1000000000000000000000"])
def test_samples_out_of_range_are_told(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["bench", "--repeats", number]) == 2
    assert "is out of range: expected a number from 1 to 10000" in capsys.readouterr().err
