"""From a table of one's own to predictions on another."""

import csv
import io
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

import ltcbench
from ltcbench import cli
from ltcbench.errors import UserError

TRAIN = ["train", "task=csv", "model=lstm", "model.hidden_size=8", "trainer.epochs=2", "tracker=none", "device=cpu"]


@pytest.fixture(autouse=True)
def own_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LTCBENCH_DATASETS", str(tmp_path / "datasets"))


def log_of_a_sensor(path: Path, rows: int, gaps: bool = True, offset: float = 0.0) -> Path:
    """One recording with dates, missing values and a number that is told three rows ahead."""
    rng = np.random.default_rng(rows)
    lines = ["when,load,heat"]
    for row in range(rows):
        heat = "" if gaps and row % 11 == 5 else f"{math.sin(row / 5) + offset:.4f}"
        lines.append(f"2026-03-{1 + row // 24:02} {row % 24:02}:00:00,{1000 + 50 * rng.normal():.2f},{heat}")
    path.write_text("\n".join(lines) + "\n")
    return path


def trained(table: Path, *settings: str) -> Path:
    """The folder of the run."""
    assert cli.run([*TRAIN, f"task.path={table}", *settings]) == 0
    (folder,) = (path.parent for path in Path(table.parent / "runs").glob("csv/*/*/result.json"))
    return folder


REGRESSION = ("task.time=when", "task.values=[load,heat]", "task.target=heat", "task.horizon=3")


def test_numbers_ahead(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = trained(log_of_a_sensor(tmp_path / "old.csv", 400), *REGRESSION)
    new, out = log_of_a_sensor(tmp_path / "new.csv", 100), tmp_path / "pred.csv"
    capsys.readouterr()
    assert cli.run(["predict", str(folder), str(new), "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert [row["when"] for row in rows] == [line.split(",")[0] for line in new.read_text().splitlines()[1:]]
    assert all(abs(float(row["heat"])) < 3 for row in rows)
    assert cli.run(["predict", folder.name[:8], str(new)]) == 0
    assert capsys.readouterr().out == out.read_text()


def test_predictions_on_the_test_part_have_the_metric_of_the_run(tmp_path: Path) -> None:
    """The last rows of the table of training are a recording of their own, as in training."""
    old = log_of_a_sensor(tmp_path / "old.csv", 400, offset=100.0)
    run = ltcbench.load(trained(old, *REGRESSION))
    header, *lines = old.read_text().splitlines()
    (tmp_path / "rest.csv").write_text("\n".join([header, *lines[320:]]) + "\n")
    said = [row["heat"] for row in run.predict(tmp_path / "rest.csv")]
    heat = [float(line.split(",")[2] or "nan") for line in lines[320:]]
    errors = (np.array(said[:-3]) - np.array(heat[3:])) ** 2
    assert np.nanmean(errors) == pytest.approx(run.result["test_metric"], rel=1e-4)


def test_classes_of_sequences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["who,speed,kind", *(f"r{row % 40},{row % 40 % 2 + row / 1e4},{'AB'[row % 40 % 2]}" for row in range(400))]
    table = tmp_path / "t.csv"
    table.write_text("\n".join(lines) + "\n")
    folder = trained(table, "task.id=who", "task.values=speed", "task.label=kind", "trainer.learning_rate=0.05")
    told = json.loads((folder / "result.json").read_text())
    assert np.sum(told["classes"]["confusion"]) == 8 and set(told["classes"]["recall"]) == {"A", "B"}
    (tmp_path / "new.csv").write_text("speed,who\n1,x\n0,y\n1,x\n")
    capsys.readouterr()
    assert cli.run(["predict", str(folder), str(tmp_path / "new.csv")]) == 0
    x, y = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (x["who"], x["class"], y["who"], y["class"]) == ("x", "B", "y", "A")
    assert float(x["p(A)"]) + float(x["p(B)"]) == pytest.approx(1) and float(x["p(B)"]) > 0.5


def test_mistakes_get_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = trained(log_of_a_sensor(tmp_path / "old.csv", 200, gaps=False), *REGRESSION)

    def told(run: str, text: str) -> str:
        (tmp_path / "new.csv").write_text(text)
        capsys.readouterr()
        assert cli.run(["predict", run, str(tmp_path / "new.csv")]) == 2
        out, err = capsys.readouterr()
        assert not out and err.count("\n") == 1
        return err

    day = "2026-03-01 01:00:00"
    assert "unknown column" in told(str(folder), f"when,load\n{day},1\n")
    assert "holds numbers, but the network was trained on times that were dates" in told(
        str(folder), "when,load,heat\n3,1,1\n4,1,1\n"
    )
    assert "line 2, column heat: '': missing, and the network was trained on a table without gaps" in told(
        str(folder), f"when,load,heat\n{day},1,\n"
    )
    assert "there is no run nowhere" in told("nowhere", "a\n1\n")
    shutil.copytree(folder, tmp_path / "half")
    (tmp_path / "half" / "result.json").unlink()
    assert "is not finished" in told(str(tmp_path / "half"), "a\n1\n")
    result = json.loads((folder / "result.json").read_text())
    del result["spec"]
    shutil.copytree(folder, tmp_path / "old")
    (tmp_path / "old" / "result.json").write_text(json.dumps(result))
    assert "made by another version" in told(str(tmp_path / "old"), "a\n1\n")


def test_a_code_for_missing_that_is_a_number(tmp_path: Path) -> None:
    """config.yaml holds ``missing: [-200]`` as a number."""
    table = log_of_a_sensor(tmp_path / "old.csv", 200)
    run = ltcbench.load(trained(table, *REGRESSION, "task.missing=[-200]"))
    (tmp_path / "new.csv").write_text("when,load,heat\n2026-03-01 00:00:00,-200.0,1\n2026-03-01 01:00:00,,1\n")
    first, second = run.predict(tmp_path / "new.csv")
    assert math.isfinite(first["heat"]) and first["heat"] != second["heat"]


def test_a_class_that_training_did_not_have_is_told(tmp_path: Path) -> None:
    rows = [f"r{row % 40},{row % 40 % 2},{'AB'[row % 40 % 2]}" for row in range(200)]
    (tmp_path / "t.csv").write_text("\n".join(["who,speed,kind", *rows]) + "\n")
    run = ltcbench.load(trained(tmp_path / "t.csv", "task.id=who", "task.values=speed", "task.label=kind"))
    (tmp_path / "new.csv").write_text("who,speed,kind\nx,1,A\ny,1,\n")
    assert len(list(run.predict(tmp_path / "new.csv"))) == 2
    (tmp_path / "new.csv").write_text("who,speed,kind\nx,1,A\ny,1,C\n")
    with pytest.raises(UserError, match="line 3, column kind: 'C': a class that the network was not trained on"):
        next(run.predict(tmp_path / "new.csv"))


@pytest.mark.parametrize("unit", ["auto", "10"])
def test_times_in_another_unit_are_told(tmp_path: Path, unit: str) -> None:
    """Seconds in training, milliseconds now."""
    rows = [f"{row / 2},{math.sin(row)}" for row in range(100)]
    (tmp_path / "t.csv").write_text("\n".join(["t,y", *rows]) + "\n")
    settings = ["task.time=t", "task.values=y", "task.target=y", "task.horizon=1", f"task.time_unit={unit}"]
    run = ltcbench.load(trained(tmp_path / "t.csv", *settings))
    (tmp_path / "new.csv").write_text("t,y\n0,1\n500,1\n1000,1\n")
    with pytest.raises(UserError, match=r"usual gap of 500, but the table of training one of 0\.5: expected times in"):
        next(run.predict(tmp_path / "new.csv"))
    (tmp_path / "new.csv").write_text("t,y\n0,1\n2,1\n4,1\n")
    assert len(list(run.predict(tmp_path / "new.csv"))) == 3


def test_a_run_of_a_benchmark_is_loaded_and_predicts_no_table(tmp_path: Path) -> None:
    assert (
        cli.run(["train", "task=occupancy", "task.source=synthetic", "model=rnn", "trainer.epochs=1", "tracker=none"])
        == 0
    )
    (result,) = (tmp_path / "runs").glob("occupancy/*/*/result.json")
    run = ltcbench.load(result.parent)
    assert run.spec.labels and not run.network.training
    with pytest.raises(UserError, match="learnt occupancy, not a table"):
        next(run.predict(tmp_path / "t.csv"))
