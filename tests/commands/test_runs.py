import csv
import io
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from ltcbench import cli
from tests.reporting import fake


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path))
    return tmp_path


def trained(
    runs: Path, *overrides: str, seed: int = 0, test: float = 0.5, valid: float | None = None, **more: Any
) -> Path:
    measured = {} if valid is None else {"valid": {"accuracy": valid}}
    result = {"metric": "accuracy", "direction": "max", "best": measured, **more}
    return fake.folder(runs, ["task=gesture", *overrides], seed, test, **result)


def table(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, str]]:
    assert cli.run(["runs", *arguments, "--format", "csv"]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.run(["runs", *arguments]) == 2
    return capsys.readouterr().err


def test_a_sweep_is_told_over_seeds_with_what_differs_the_best_validation_first(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for rate, valid in (("0.01", 0.6), ("0.02", 0.9)):
        for seed in (0, 1):
            trained(runs, f"trainer.learning_rate={rate}", seed=seed, test=0.9 - valid + seed / 10, valid=valid)
    first, second = table(capsys)
    assert (first["trainer.learning_rate"], second["trainer.learning_rate"]) == ("0.02", "0.01")
    assert (first["test_mean"], first["test_n"], first["valid_mean"], first["finished"]) == ("0.05", "2", "0.9", "2")
    assert float(first["test_std"]) == pytest.approx(0.1 / 2**0.5)
    assert "model.hidden_size" not in first and "seed" not in first
    assert cli.run(["runs"]) == 0
    text = capsys.readouterr().out
    assert "gesture: accuracy, higher is better; best validation first" in text
    assert "0.9000 ± 0.0000 (2)  0.050 ± 0.071 (2)" in text
    assert cli.run(["runs", "--format", "md"]) == 0
    assert "| cfc | 0.02 |" in capsys.readouterr().out


def test_without_a_validation_part_the_test_metric_sorts_and_lower_can_be_better(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for rate, value in (("0.01", 2.0), ("0.02", 1.0)):
        trained(runs, f"trainer.learning_rate={rate}", test=value, direction="min", metric="mse")
    assert [row["trainer.learning_rate"] for row in table(capsys)] == ["0.02", "0.01"]
    assert cli.run(["runs"]) == 0
    assert "best test first" in capsys.readouterr().out


def test_settings_that_a_model_or_its_recipe_brings_with_it_are_no_columns(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for model in ("cfc", "lstm", "ltc"):  # the recipe of the last has a learning rate of its own
        trained(runs, f"model={model}")
    rows = table(capsys)
    assert list(rows[0])[3:5] == ["model", "valid_mean"]
    trained(runs, "model=ltc", "model.unfolds=3")
    assert {row["model.unfolds"] for row in table(capsys) if row["model"] == "ltc"} == {"3", "6"}
    assert {row["model.unfolds"] for row in table(capsys) if row["model"] == "cfc"} == {""}


def test_filters_take_several_values_and_numbers_however_written(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for rate in ("0.01", "0.02", "0.03"):
        trained(runs, f"trainer.learning_rate={rate}")
    trained(runs, "model=lstm", "trainer.class_weights=[1,2,1,1,1]")
    assert len(table(capsys, "trainer.learning_rate=1e-2,0.03")) == 2
    assert [row["model"] for row in table(capsys, "trainer.class_weights=[1.0,2.0,1.0,1.0,1.0]")] == ["lstm"]
    assert [row["model"] for row in table(capsys, "model=lstm,ltc")] == ["lstm"]
    assert len(table(capsys, "seed=0", "--by", "trainer.learning_rate")) == 4
    assert len(table(capsys, "--by", "model")) == 2


def test_states_marks_and_data_are_told(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed, status in enumerate(("finished", "interrupted", "diverged")):
        trained(runs, seed=seed, test=0.5, valid=0.5, status=status)
    trained(runs, seed=3, status="failed", metric="", test_metric=None)
    trained(runs, seed=4, source="subset")
    trained(runs, "trainer.epochs=3", seed=5, source="synthetic")
    whole, subset, cut = sorted(table(capsys), key=lambda row: row["note"])
    assert [whole[state] for state in ("finished", "interrupted", "diverged", "failed")] == ["1", "1", "1", "1"]
    assert (whole["test_n"], whole["note"]) == ("2", "")
    assert subset["note"] == "subset data"
    assert cut["note"] == "synthetic data; cut short, 3 of 200 epochs"


def test_damaged_folders_are_passed_over_and_nothing_in_them_steers_the_terminal(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for damage in ("", "[1, 2", "model: 3\n", "a: *b\n"):
        (trained(runs, "trainer.beta1=0.5") / "config.yaml").write_text(damage)
        trained(runs)
        assert [row["model"] for row in table(capsys)] == ["cfc"]
    shutil.rmtree(runs / "gesture")
    odd = trained(runs)
    text = (odd / "config.yaml").read_text()
    (odd / "config.yaml").write_text(text.replace("optimizer: adam", 'optimizer: "\\e[31m|<b>"'))
    trained(runs, seed=1)
    for form in ("term", "md", "csv"):
        assert cli.run(["runs", "--format", form]) == 0
        text = capsys.readouterr().out
        assert "\x1b" not in text and "[31m" in text.replace("\\", "")
    assert cli.run(["runs", "--format", "md"]) == 0
    assert "\\|\\<b>" in capsys.readouterr().out


def test_a_mistake_is_told_in_one_sentence(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no run in" in told(capsys)
    trained(runs)
    assert "no run in" in told(capsys, "task=har")
    assert "unknown setting of these runs 'modle': did you mean model" in told(capsys, "modle=cfc")
    assert "did you mean trainer.learning_rate" in told(capsys, "--by", "trainer.learnin_rate")
    assert "'gesture' is not a condition" in told(capsys, "gesture")
    assert "unknown format 'html'" in told(capsys, "--format", "html")


@pytest.mark.slow
def test_ten_thousand_runs_take_seconds(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = trained(runs, valid=0.5)
    config, result = ((first / name).read_text() for name in ("config.yaml", "result.json"))
    for i in range(10_000):
        path = first.parent / f"{i:012x}"
        path.mkdir()
        rate, seed = f"learning_rate: 0.0{1001 + i // 10}", f"seed: {i % 10}"
        (path / "config.yaml").write_text(config.replace("learning_rate: 0.001", rate).replace("seed: 0", seed))
        (path / "result.json").write_text(result)
    assert len(table(capsys)) == 1001  # writes the index
    began = time.monotonic()
    assert len(table(capsys)) == 1001
    assert time.monotonic() - began < 8
