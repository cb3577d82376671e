"""The one place where a cell is driven through time."""

from collections.abc import Callable

import torch
from torch import Tensor

from ltcbench.errors import UserError, unknown
from ltcbench.models.cells.aug_lstm import AugLSTM
from ltcbench.models.cells.cell import Cell, State
from ltcbench.models.cells.cfc import CfC
from ltcbench.models.cells.cfc_mm import MixedCfC
from ltcbench.models.cells.ctrnn import CTRNN
from ltcbench.models.cells.exprnn import ExpRNN
from ltcbench.models.cells.gru import GRU
from ltcbench.models.cells.lstm import LSTM
from ltcbench.models.cells.ltc import LTC
from ltcbench.models.cells.rnn import RNN
from ltcbench.models.cells.rnn_dt import RNNDt
from ltcbench.models.engines import cfc, compiled, explicit, exprnn, kernels, ltc

# eager: the loop below, any cell. compiled: machine code for the cell, by torch.compile or our own. fused: the whole
# sequence with a backward pass of its own. auto: the fastest that needs no waiting.
ENGINES = ("auto", "eager", "compiled", "fused")

Sequence = Callable[..., tuple[Tensor, State]]
Step = Callable[[Tensor, State, Tensor], State]
FUSED: dict[type[Cell], Sequence] = {
    CfC: cfc.sequence,
    MixedCfC: cfc.sequence,
    CTRNN: explicit.sequence,
    ExpRNN: exprnn.sequence,
    LSTM: kernels.lstm,
    AugLSTM: kernels.lstm,
    GRU: kernels.gru,
    RNNDt: kernels.gru,
    RNN: kernels.rnn,
}
MASKED = (CfC, MixedCfC, CTRNN, ExpRNN)  # torch's kernels, which drive the others, know no mask


def checked(engine: str, cell: Cell) -> str:
    """``engine`` if ``cell`` has it.

    Raises:
        UserError: it does not exist, or not for this cell.
    """
    if engine not in ENGINES:
        raise unknown("engine", engine, ENGINES)
    if engine == "fused" and type(cell) not in FUSED:
        raise UserError(f"engine=fused does not exist for {type(cell).__name__}: expected auto, eager or compiled.")
    return engine


def chosen(engine: str, cell: Cell, x: Tensor, elapsed: Tensor, mask: Tensor | None) -> str:
    """The engine that drives ``cell`` over ``x``: what was asked for, or eager where that cannot be had."""
    if cell.at_once or elapsed.requires_grad:  # no other engine differentiates by time
        return "eager"
    if x.shape[1] == 0:  # nothing to be fast with, nor a batch size to compile for
        return "eager"
    if (engine == "compiled" or isinstance(cell, CTRNN)) and cell.adaptive:  # asked late: to find out takes a while
        return "eager"
    native = isinstance(cell, LTC) and ltc.serves(cell, x)
    fused = type(cell) in FUSED and (mask is None or isinstance(cell, MASKED))
    if engine == "auto":
        if isinstance(cell, CfC | MixedCfC) and len(x) == 1 and not torch.is_grad_enabled():
            return "eager"  # to prepare the weights would take longer than the step
        return "compiled" if native else "fused" if fused else "eager"
    return "eager" if engine == "fused" and not fused else engine


def stepper(cell: Cell, like: Tensor) -> Step:
    """``cell`` for one step at a time without gradients, its weights prepared: inputs (B, F), state, elapsed (B, 1).

    Args:
        cell: the cell, not one that needs the whole sequence at once.
        like: any tensor with the dtype and device of the inputs.
    """
    if type(cell) is CfC:
        return cfc.stepper(cell)
    if isinstance(cell, LTC) and ltc.serves(cell, like):
        return ltc.stepper(cell)

    def step(x: Tensor, state: State, elapsed: Tensor) -> State:
        drive = tuple(part[0] for part in cell.drive(x.unsqueeze(0)))
        return cell.step(state, drive, elapsed)

    return step


def scan(
    cell: Cell, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, engine: str = "eager"
) -> tuple[Tensor, State]:
    """Outputs of ``cell`` at every step, and its last state.

    Args:
        cell: the cell.
        x: inputs (T, B, F).
        state: the state before the first step.
        elapsed: time since the previous step (T, B).
        mask: (T, B) bool; where it is False the state stays as it is and the last output is repeated. None: all True.
        engine: ``eager``, ``compiled`` or ``fused``, as ``chosen`` gives it; the numbers differ by rounding only.

    Returns:
        outputs (T, B, output_size) and the state after the last step.
    """
    if cell.at_once:
        return cell.sequence(x, state, elapsed, mask)
    if engine == "fused":
        return FUSED[type(cell)](cell, x, state, elapsed, mask)
    if engine == "compiled" and isinstance(cell, LTC) and ltc.serves(cell, x):
        return ltc.sequence(cell, x, state, elapsed, mask)

    step = compiled.step(cell, x) if engine == "compiled" else cell.step
    drives = list(zip(*(part.unbind(0) for part in cell.drive(x)), strict=True))
    outputs = []
    for t, drive in enumerate(drives):
        new = step(state, drive, elapsed[t, :, None])
        if mask is None:
            state = new
        else:
            here = mask[t, :, None]
            state = tuple(torch.where(here, a, b) for a, b in zip(new, state, strict=True))
        outputs.append(cell.output(state))
    return torch.stack(outputs), state
