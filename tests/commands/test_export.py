"""Files for other programs."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ltcbench
from ltcbench import cli
from tests.commands.test_predict import REGRESSION, log_of_a_sensor, own_runs, trained

__all__ = ["own_runs"]  # a fixture


def test_the_same_numbers_from_onnxruntime(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """One recording with times, missing values and a number three rows ahead, from training to the other program."""
    from onnxruntime import InferenceSession

    folder = trained(log_of_a_sensor(tmp_path / "old.csv", 200), *REGRESSION)
    file = tmp_path / "net.onnx"
    capfd.readouterr()
    assert cli.run(["export", str(folder), "--to", "onnx", "--out", str(file)]) == 0
    said, run = capfd.readouterr(), ltcbench.load(folder)
    assert said.out.startswith(
        f"{file}: {file.stat().st_size} bytes, {run.network.size()} parameters, outputs compared"
    )
    assert run.network.size() > 0 and not said.err
    session = InferenceSession(file)
    x, elapsed, observed = torch.randn(4, 9, 2), torch.rand(4, 9), torch.rand(4, 9, 2) > 0.5
    given = [part.numpy() for part in (x, elapsed, observed)]
    (theirs,) = session.run(None, dict(zip((one.name for one in session.get_inputs()), given, strict=True)))
    with torch.no_grad():
        ours = run.network(x, elapsed=elapsed, mask=observed)[0]
    np.testing.assert_allclose(theirs, ours, atol=1e-5)
    told = json.loads(session.get_modelmeta().custom_metadata_map["ltcbench"])
    assert told["spec"]["scaling"] == [*map(list, run.spec.scaling)] and told["config"]["task"]["horizon"] == 3


def test_steps_and_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.torch import load_file

    folder = trained(log_of_a_sensor(tmp_path / "old.csv", 200, gaps=False), *REGRESSION)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["export", str(folder), "--form", "step"]) == 0
    assert cli.run(["export", str(folder), "--to", "safetensors"]) == 0
    run, step = ltcbench.load(folder), torch.export.load("lstm-csv.pt2").module()
    weights = load_file("lstm-csv.safetensors")
    assert all(torch.equal(weights[name], value) for name, value in run.network.state_dict().items())
    x, elapsed = torch.randn(2, 3, 2), torch.rand(2, 3)
    state: Any = (torch.zeros(2, 8), torch.zeros(2, 8))
    for t in range(3):
        *state, y = step(*state, x[:, t], elapsed[:, t])
        torch.testing.assert_close(y, run.network(x, elapsed=elapsed)[0][:, t].detach())


def test_what_is_not_installed_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = trained(log_of_a_sensor(tmp_path / "old.csv", 200), *REGRESSION)
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "onnx" else found(name, *rest))
    capsys.readouterr()
    assert cli.run(["export", str(folder), "--to", "onnx", "--out", str(tmp_path / "net.onnx")]) == 2
    assert "ltcbench export needs onnx: pip install 'ltcbench[export]'" in capsys.readouterr().err
    assert not (tmp_path / "net.onnx").exists()
