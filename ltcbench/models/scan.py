"""The one place where a cell is driven through time.

Sequences are packed here and in the engines, see ``ltcbench.models.packing``: (N, ...), with ``sizes`` rows at each
step. An engine is a function of ``scan``'s arguments but the last one. Step t works on the first ``sizes[t]`` rows of
the state; the others have ended and keep theirs.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ltcbench.errors import UserError, unknown
from ltcbench.models.cells.aug_lstm import AugLSTM
from ltcbench.models.cells.bi_rnn import BiRNN
from ltcbench.models.cells.cell import Cell, State
from ltcbench.models.cells.cfc import CfC
from ltcbench.models.cells.cfc_mm import MixedCfC
from ltcbench.models.cells.ct_lstm import CTLSTM
from ltcbench.models.cells.ctgru import CTGRU
from ltcbench.models.cells.ctrnn import CTRNN
from ltcbench.models.cells.exprnn import ExpRNN
from ltcbench.models.cells.gru import GRU
from ltcbench.models.cells.gru_d import GRUD
from ltcbench.models.cells.gru_ode import GRUODE
from ltcbench.models.cells.lstm import LSTM
from ltcbench.models.cells.ltc import LTC
from ltcbench.models.cells.ode_lstm import ODELSTM
from ltcbench.models.cells.ode_rnn import ODERNN
from ltcbench.models.cells.phased_lstm import PhasedLSTM
from ltcbench.models.cells.rnn import RNN
from ltcbench.models.cells.rnn_dt import RNNDt
from ltcbench.models.engines import (
    cfc,
    closed_form,
    compiled,
    ct_lstm,
    ctgru,
    explicit,
    exprnn,
    gru,
    gru_d,
    gru_ode,
    kernels,
    lstm,
    ltc,
    ode_lstm,
    phased_lstm,
    solver,
)
from ltcbench.models.packing import Sizes

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
# In C, where that can be had: whether it can for a cell and inputs, and the engine. They know masks with holes.
NATIVE: dict[type[Cell], tuple[Callable[..., bool], Sequence]] = {
    CfC: (closed_form.serves, closed_form.sequence),
    MixedCfC: (closed_form.serves, closed_form.sequence),
    GRU: (gru.serves, gru.sequence),
    RNNDt: (gru.serves, gru.sequence),
    LSTM: (lstm.serves, lstm.sequence),
    AugLSTM: (lstm.serves, lstm.sequence),
    CTLSTM: (ct_lstm.serves, ct_lstm.sequence),
    PhasedLSTM: (phased_lstm.serves, phased_lstm.sequence),
    CTGRU: (ctgru.serves, ctgru.sequence),
    CTRNN: (solver.serves, solver.sequence),
    ODERNN: (solver.serves, solver.sequence),
    ODELSTM: (ode_lstm.serves, ode_lstm.sequence),
    BiRNN: (ode_lstm.serves, ode_lstm.sequence),
    GRUD: (gru_d.serves, gru_d.sequence),
    GRUODE: (gru_ode.serves, gru_ode.sequence),
}
SOLVED = (CTRNN, ODERNN, ODELSTM, BiRNN, GRUODE)  # by a solver, which may be the adaptive one
MASKED = (CfC, MixedCfC, CTRNN, ExpRNN)  # torch's kernels, which drive the others, know no mask with holes


def checked(engine: str, cell: Cell) -> str:
    """``engine`` if ``cell`` has it.

    Raises:
        UserError: it does not exist, or not for this cell.
    """
    if engine not in ENGINES:
        raise unknown("engine", engine, ENGINES)
    if engine == "fused" and type(cell) not in {**FUSED, **NATIVE}:
        raise UserError(f"engine=fused does not exist for {type(cell).__name__}: expected auto, eager or compiled.")
    return engine


def has_fused(cell: Cell) -> bool:
    """Whether engine ``fused`` can drive ``cell`` as it is now, on its device."""
    serves, _ = NATIVE.get(type(cell), (None, None))
    return type(cell) in FUSED or (serves is not None and serves(cell, next(cell.parameters())))


def chosen(engine: str, cell: Cell, x: Tensor, elapsed: Tensor, mask: Tensor | None, sizes: Sizes) -> str:
    """The engine that drives ``cell`` over ``x``: what was asked for, or eager where that cannot be had."""
    if cell.at_once or elapsed.requires_grad:  # no other engine differentiates by time
        return "eager"
    if len(x) == 0:  # nothing to be fast with, nor a batch size to compile for
        return "eager"
    if (engine == "compiled" or isinstance(cell, SOLVED)) and cell.adaptive:  # asked late: to find out takes a while
        return "eager"
    native = isinstance(cell, LTC) and ltc.serves(cell, x)
    fused = _native(cell, x, sizes) is not None or (type(cell) in FUSED and (mask is None or isinstance(cell, MASKED)))
    if engine == "auto":
        if isinstance(cell, CfC | MixedCfC) and len(sizes) == 1 and not torch.is_grad_enabled():
            return "eager"  # to prepare the weights would take longer than the step
        return "compiled" if native else "fused" if fused else "eager"
    return "eager" if engine == "fused" and not fused else engine


def _native(cell: Cell, x: Tensor, sizes: Sizes) -> Sequence | None:
    """The engine in C that can drive ``cell`` over ``x``, if there is one and it pays."""
    if len(sizes) == 1 and not torch.is_grad_enabled():
        return None  # to prepare the weights would take longer than the step
    serves, sequence = NATIVE.get(type(cell), (None, None))
    return sequence if serves is not None and serves(cell, x) else None


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
        return cell.step(state, cell.drive(x), elapsed)

    return step


def scan(
    cell: Cell, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes, engine: str = "eager"
) -> tuple[Tensor, State]:
    """Outputs of ``cell`` at every step, and its last state.

    Args:
        cell: the cell.
        x: inputs (N, F).
        state: the state before the first step, each part (B, ...).
        elapsed: time since the previous step (N,).
        mask: (N,) bool; where it is False the state stays as it is and the last output is repeated. None: all True.
            There is one only where all rows have the same length.
        sizes: rows at each step, never more than at the step before; N together.
        engine: ``eager``, ``compiled`` or ``fused``, as ``chosen`` gives it; the numbers differ by rounding only.

    Returns:
        outputs (N, output_size) and the state of each row after its last step.
    """
    if cell.at_once:
        shape = len(sizes), sizes[0]
        mask = None if mask is None else mask.view(shape)
        whole, state = cell.sequence(x.unflatten(0, shape), state, elapsed.view(shape), mask)
        return whole.flatten(0, 1), state
    if engine == "fused":
        return (_native(cell, x, sizes) or FUSED[type(cell)])(cell, x, state, elapsed, mask, sizes)
    if engine == "compiled" and isinstance(cell, LTC) and ltc.serves(cell, x):
        return ltc.sequence(cell, x, state, elapsed, mask, sizes)

    step = compiled.step(cell, x, sizes) if engine == "compiled" else cell.step
    drives = zip(*(part.split(sizes) for part in cell.drive(x)), strict=True)
    elapsed_t = elapsed.unsqueeze(1).split(sizes)
    mask_t = None if mask is None else mask.unsqueeze(1).split(sizes)
    outputs, ended = [], []
    for t, (size, drive) in enumerate(zip(sizes, drives, strict=True)):
        if size < len(state[0]):
            ended.append([part[size:] for part in state])
            state = tuple(part[:size] for part in state)
        new = step(state, drive, elapsed_t[t])
        if mask_t is not None:
            new = tuple(torch.where(mask_t[t], a, b) for a, b in zip(new, state, strict=True))
        state = new
        outputs.append(cell.output(state))
    if ended:
        state = tuple(torch.cat(parts) for parts in zip(state, *reversed(ended), strict=True))
    return torch.cat(outputs), state
