"""Recordings and their surrogate."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.io import savemat

from ltcbench.errors import UserError
from ltcbench.experiments import tightness
from ltcbench.experiments.asked import asked
from ltcbench.experiments.closed import recording


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
