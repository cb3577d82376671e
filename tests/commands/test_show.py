import re
from pathlib import Path

import pytest

from ltcbench import cli
from ltcbench.running.folder import RunFolder, fingerprint
from ltcbench.running.run import run_job
from ltcbench.settings.composition import composed

OWN = "who,speed,kind\n" + "".join(f"{who},{0.1 * who},{'AB'[who % 2]}\n" for who in range(20))


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LTCBENCH_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.delenv("LTCBENCH_MIRROR", raising=False)


def test_a_task_is_shown_as_the_protocol_has_it(mirror: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = f"mirror={mirror}"
    assert cli.run(["data", "fetch", "traffic", "--mirror", str(mirror)]) == 0
    assert cli.run(["show", "task=traffic", at]) == 0
    paper = capsys.readouterr().out
    assert "sequences of 32 steps x 7 features" in paper
    assert "sequences: train 9033, valid 1204, test 1806" in paper
    assert "[on] random_split: windows" in paper
    assert cli.run(["show", "task=traffic", at, "protocol=clean"]) == 0
    clean = capsys.readouterr().out
    assert "sequences of 32 steps x 8 features" in clean
    assert "[off] random_split: windows" in clean


def test_a_task_is_shown_without_its_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["show", "task=traffic"]) == 0
    told = capsys.readouterr().out
    assert "fetch the data first (ltcbench data fetch traffic)" in told
    assert "RUN not started: the data are not here" in told


def test_a_table_of_the_users_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["show", "task=csv"]) == 2
    assert "task.path is not set" in capsys.readouterr().err
    (tmp_path / "my.csv").write_text(OWN)
    columns = ["task.id=who", "task.values=[speed]", "task.label=kind", f"task.path={tmp_path / 'my.csv'}"]
    assert cli.run(["show", "task=csv", *columns]) == 0
    told = capsys.readouterr().out
    assert "sequences of 1 steps x 1 features; target 2 classes (A, B)" in told
    assert "sequences: train 14, valid 2, test 4" in told


def test_a_run_that_failed_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = composed(["task=gesture", "task.source=synthetic"])
    head = {"task": "gesture", "model": "cfc", "seed": 0, "source": "synthetic", "device": "cpu"}
    RunFolder.of(job, fingerprint(job, {})).write_result({**head, "status": "failed", "note": "no"})
    assert cli.run(["show", "task=gesture", "task.source=synthetic"]) == 0
    assert ": failed [SYNTHETIC" in capsys.readouterr().out


def test_a_finished_run_is_shown_with_what_its_network_costs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["task=gesture", "task.source=synthetic", "model=lstm", "model.hidden_size=4", "trainer.epochs=1"]
    result = run_job(composed([*small, "tracker=none", "device=cpu"]))
    assert cli.run(["show", result["fingerprint"][:6]]) == 0
    told = capsys.readouterr().out
    assert f"RUN {tmp_path}" in told and ": finished, test accuracy" in told and "without a network: " in told
    parameters, features, classes = result["parameters"], result["spec"]["features"], result["spec"]["output_size"]
    assert f"size: {4 * parameters:,} bytes, {parameters:,} parameters" in told
    assert f"multiply-adds a step: {16 * (features + 4) + 12 + 4 * classes:,}" in told
    assert re.search(r"latency of a step at batch 1: [1-9]\d* us, by the stepper on \w", told)
    assert cli.run(["show", "000000"]) == 2 and "there is no run 000000" in capsys.readouterr().err
    assert cli.run(["show", result["fingerprint"], "seed=1"]) == 2 and "one run alone" in capsys.readouterr().err
