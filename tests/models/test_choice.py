import shutil

import pytest
import torch
from torch import Tensor

from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.cells.cfc import CfC
from ltcbench.models.cells.ltc import LTC
from ltcbench.models.choice import chosen, for_training
from ltcbench.models.registry import MODELS

compiles = pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler")
STEPS, BATCH = 5, 3


class Doubled(LTC):
    """An LTC by name, whose engine in C would not know of its step."""

    def step(self, state: State, drive: Drive, elapsed: Tensor) -> State:
        return super().step(state, drive, 2 * elapsed)


def engine_of(
    asked: str, cell: Cell, steps: int = STEPS, mask: bool = False, dtype: torch.dtype = torch.float32
) -> str:
    rows = steps * BATCH
    holes = torch.ones(rows, dtype=torch.bool) if mask else None
    return chosen(asked, cell, torch.zeros(rows, 2, dtype=dtype), torch.ones(rows), holes, (BATCH,) * steps).engine


@compiles
@pytest.mark.parametrize(
    ("model", "auto", "compiled"),
    [("ltc", "compiled", "compiled"), ("cfc", "fused", "compiled"), ("gru", "fused", "compiled"),
     ("ode_rnn", "fused", "compiled"), ("lmu", "eager", "compiled"), ("transformer", "eager", "eager")],
)  # fmt: skip
def test_what_is_fastest_and_what_was_asked_for(model: str, auto: str, compiled: str) -> None:
    cell = MODELS[model].cell(2, 4)
    assert (engine_of("auto", cell), engine_of("compiled", cell)) == (auto, compiled)
    assert engine_of("eager", cell) == "eager"


def test_in_torch_where_c_cannot_and_the_loop_where_neither_can() -> None:
    cell = MODELS["gru"].cell(2, 4).double()
    assert engine_of("auto", cell, dtype=torch.float64) == "fused"
    assert engine_of("fused", cell, mask=True, dtype=torch.float64) == "eager"


def test_a_single_step_without_gradients_prepares_no_weights() -> None:
    with torch.no_grad():
        assert engine_of("auto", CfC(2, 4), steps=1) == "eager"
    assert engine_of("auto", CfC(2, 4), steps=1) == "fused"


def test_a_cell_derived_from_another_drives_itself() -> None:
    assert engine_of("auto", Doubled(2, 4)) == "eager"


def test_an_adaptive_solver_is_left_to_the_loop() -> None:
    cell = MODELS["ctrnn"].cell(2, 4, solver="ode")
    assert [engine_of(asked, cell) for asked in ("auto", "compiled", "fused")] == ["eager"] * 3


@pytest.mark.parametrize(("asked", "updates", "engine"), [
    ("auto", 2999, "auto"), ("auto", 3000, "compiled"), ("eager", 3000, "eager"),
])  # fmt: skip
def test_a_long_training_is_compiled_where_nothing_is_faster(asked: str, updates: int, engine: str) -> None:
    assert for_training(asked, MODELS["lmu"].cell(2, 4), updates) == engine
    assert for_training("auto", CfC(2, 4), 10**6) == "auto"
