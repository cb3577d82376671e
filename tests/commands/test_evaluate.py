import json
from pathlib import Path

import pytest

from ltcbench import cli

TRAIN = ["train", "model=cfc", "task=cheetah", "task.source=synthetic", "model.hidden_size=4", "trainer.epochs=3"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has been trained."""
    runs = tmp_path_factory.mktemp("evaluate")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LTCBENCH_RUNS", str(runs))
        assert cli.run([*TRAIN, "tracker=none", "trainer.class_weights=null"]) == 0
    (path,) = runs.glob("*/*/*")
    return path


def evaluate(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("LTCBENCH_RUNS", str(folder.parents[2]))
    return cli.run(["evaluate", name])


def test_the_numbers_are_those_of_the_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = json.loads((folder / "result.json").read_text())
    for name in (str(folder), folder.name, folder.name[:5]):
        assert evaluate(folder, name, monkeypatch) == 0
        text = capsys.readouterr().out
        numbers = {line.split()[0]: float(line.split()[-1]) for line in text.splitlines()[2:5]}
        assert numbers["test"] == pytest.approx(result["test_metric"], rel=1e-5)
        assert numbers["valid"] == pytest.approx(result["best"]["valid"]["mse"], rel=1e-5)
        assert f"said {result['test_metric']:.6g}" in text


@pytest.mark.parametrize("name", ["n" * 300, "a**", "[", "../*", "?" * 12])
def test_a_name_is_no_pattern(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(folder, name, monkeypatch) == 2
    assert f"there is no run {name}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nope", ""])
def test_no_such_run(
    folder: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(folder, name or str(tmp_path), monkeypatch) == 2
    assert ("there is no run nope" if name else "has no network") in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"no", b"\0" * 1000, b"PK\3\4" + b"x" * 100], ids=["empty", "no", "0", "PK"])
def test_a_broken_checkpoint_is_told(
    content: bytes,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "config.yaml").write_bytes((folder / "config.yaml").read_bytes())
    (tmp_path / "checkpoint.pt").write_bytes(content)
    assert evaluate(folder, str(tmp_path), monkeypatch) == 1
    assert "holds no network of this run" in capsys.readouterr().err
