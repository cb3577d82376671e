"""A folder of a user's, and ``ltcbench`` as they type it there."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT

Run = Callable[..., "subprocess.CompletedProcess[str]"]

CELL = """
import torch
from torch import nn
from ltcbench.models import Cell, register

class MyCell(Cell):
    def __init__(self, input_size, hidden_size, *, rate: float = 0.5):
        super().__init__(input_size, hidden_size)
        self.rate = rate
        self.of_x = nn.Linear(input_size, hidden_size)

    def drive(self, x):
        return (self.of_x(x),)

    def step(self, state, drive, elapsed):
        return (state[0] + self.rate * (torch.tanh(drive[0]) - state[0]),)

register("my_cell", MyCell)
"""


@pytest.fixture
def ltcbench(tmp_path: Path) -> Run:
    """Runs one command in the user's folder, without any network."""
    own = {"LTCBENCH_RUNS": str(tmp_path / "runs"), "LTCBENCH_DATASETS": str(tmp_path / "datasets")}
    fixed = {"LTCBENCH_MIRROR": "", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    usual = {key: value for key, value in os.environ.items() if not key.startswith("LTCBENCH_")} | own | fixed

    def run(*arguments: str, status: int = 0, **variables: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "ltcbench", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=usual | variables, capture_output=True, text=True, timeout=240)
        assert done.returncode == status, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def cell(tmp_path: Path) -> Path:
    """The file with a cell of the user's own."""
    path = tmp_path / "my_cells.py"
    path.write_text(CELL, encoding="utf-8")
    return path
