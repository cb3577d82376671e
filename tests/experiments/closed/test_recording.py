"""Recordings and their surrogate."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.io import savemat

from ltcbench import cli
from ltcbench.errors import UserError
from ltcbench.experiments import tightness
from ltcbench.experiments.asked import asked
from ltcbench.experiments.closed import recording
from ltcbench.experiments.folder import fingerprint


def tables(samples: int = 30) -> dict[str, Any]:
    """A file as the authors' script reads it."""
    made = recording.surrogate(np.random.default_rng(1), samples)
    arrays = (made.neurons, made.sensory, made.recurrent, made.inputs, made.parameters)
    return dict(zip(recording.FIELDS, arrays, strict=True))


def test_the_surrogate_is_of_the_size_of_the_recording() -> None:
    made = recording.surrogate(np.random.default_rng(0), 5)
    assert made.neurons.shape == (5, 19)
    assert made.sensory.shape == (5, 32)
    assert (len(made.recurrent), len(made.inputs)) == (34, 219)
    assert (made.recurrent[:, 1] == 0).sum() == 4
    for synapses in (made.recurrent, made.inputs):
        assert len(np.unique(synapses[:, :2], axis=0)) == len(synapses)
    neuron, u = made.neuron(0)
    assert u.shape == (5, 4)
    assert np.array_equal(u[:, 0], made.neurons[:, int(made.recurrent[0, 0])])
    assert set(neuron.a) <= {-1.0, 1.0}


def test_the_activity_solves_the_equation() -> None:
    made = recording.surrogate(np.random.default_rng(2), 2)

    def slope(t: float, x: np.ndarray) -> np.ndarray:
        every = np.concatenate([x, made.sensory[0]])
        change = made.parameters[:, 0] * (made.parameters[:, 1] - x)
        for shift, synapses in ((0, made.recurrent), (19, made.inputs)):
            for source, target, sigma, mu, w, erev in synapses:
                s = w / (1 + np.exp(-sigma * (every[int(source) + shift] - mu)))
                change[int(target)] += s * (erev - x[int(target)])
        return change / made.parameters[:, 2]

    exact = solve_ivp(slope, (0, 1), np.zeros(19), rtol=1e-7, atol=1e-9).y[:, -1]
    assert made.neurons[0] == pytest.approx(exact, abs=2e-4)


def test_a_file_of_matlab_comes_back(tmp_path: Path) -> None:
    savemat(tmp_path / "data.mat", tables() | {"output1": np.zeros(3)})
    read = recording.read(tmp_path / "data.mat")
    assert np.array_equal(read.neurons, tables()["neurons1"])
    assert np.array_equal(read.inputs, tables()["synapse_param_sensory"])


def test_the_experiment_takes_a_recording(tmp_path: Path) -> None:
    savemat(tmp_path / "data.mat", tables())
    _, settings = asked("tightness", [f"recording={tmp_path}/data.mat", "draws=1", "networks=0"])
    (draw,) = (draw for draw in tightness.draws(settings) if draw.key[0] == "recording")
    rows = tightness.compute(settings, *draw.key)
    assert len(rows) == draw.rows
    assert {row["case"] for row in rows} == {*tightness.FORMS, *tightness.OTHERS}


def test_the_content_of_a_recording_decides_the_folder_and_not_its_place(tmp_path: Path) -> None:
    def of(path: Path) -> str:
        return fingerprint("tightness", tightness, asked("tightness", [f"recording={path}"])[1])

    first, copy = tmp_path / "data.mat", tmp_path / "copy.mat"
    savemat(first, tables())
    copy.write_bytes(first.read_bytes())
    before = of(first)
    assert of(copy) == before != fingerprint("tightness", tightness, asked("tightness", [])[1])
    savemat(first, tables(31))
    assert of(first) != before
    with pytest.raises(UserError, match=r"recording=.*nowhere.mat cannot be read"):
        of(tmp_path / "nowhere.mat")


def test_a_recording_can_be_given_as_a_flag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its name needs Hydra's quotes; an experiment that takes none says so."""
    monkeypatch.setenv("LTCBENCH_RUNS", str(tmp_path))
    path = tmp_path / "of 'one', two=2.mat"
    savemat(path, tables())
    words = ["draws=1", "networks=0", "points=11", "--jobs", "1", "--recording", str(path)]
    assert cli.run(["experiment", "tightness", *words]) == 0
    assert "a neuron of the recording" in capsys.readouterr().out
    assert cli.run(["experiment", "depth", "--recording", str(path)]) == 2
    assert "unknown setting 'recording'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"neurons1": None}, "nothing as neurons1"),
        ({"neuron_param": np.zeros((19, 4))}, "3 columns"),
        ({"neuron_param": np.zeros((18, 3))}, "parameters of 18"),
        ({"sensory1": np.zeros((29, 32))}, "29 of inputs"),
        ({"sensory1": np.zeros((30, 4))}, "not there"),
        ({"neurons1": np.full((30, 19), np.nan)}, "not finite"),
    ],
)
def test_another_layout_is_told(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    content = {name: array for name, array in (tables() | change).items() if array is not None}
    savemat(tmp_path / "data.mat", content)
    with pytest.raises(UserError, match=said):
        recording.read(tmp_path / "data.mat")


@pytest.mark.parametrize("content", [None, b"", b"hello", b"MATLAB 7.3 MAT-file" + bytes(600)])
def test_no_file_of_matlab_is_told(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "data.mat").write_bytes(content)
    with pytest.raises(UserError, match=r"data\.mat"):
        recording.read(tmp_path / "data.mat")
