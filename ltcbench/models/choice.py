"""Which engine drives a cell: the one place where that is decided.

``chosen`` reads from top to bottom: what only the loop can do, then what was made for the cell, then torch.compile.
Engines of one name differ from the others by rounding only.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from ltcbench.errors import UserError, unknown
from ltcbench.models.cells.aug_lstm import AugLSTM
from ltcbench.models.cells.bi_rnn import BiRNN
from ltcbench.models.cells.cell import Cell, State
from ltcbench.models.cells.cfc import CfC
from ltcbench.models.cells.cfc_mm import MixedCfC
from ltcbench.models.cells.cornn import CoRNN
from ltcbench.models.cells.ct_lstm import CTLSTM
from ltcbench.models.cells.ctgru import CTGRU
from ltcbench.models.cells.ctrnn import CTRNN
from ltcbench.models.cells.exprnn import ExpRNN
from ltcbench.models.cells.gru import GRU
from ltcbench.models.cells.gru_d import GRUD
from ltcbench.models.cells.gru_ode import GRUODE
from ltcbench.models.cells.lipschitz_rnn import LipschitzRNN
from ltcbench.models.cells.lstm import LSTM
from ltcbench.models.cells.ltc import LTC
from ltcbench.models.cells.ode_lstm import ODELSTM
from ltcbench.models.cells.ode_rnn import ODERNN
from ltcbench.models.cells.phased_lstm import PhasedLSTM
from ltcbench.models.cells.rnn import RNN
from ltcbench.models.cells.rnn_decay import RNNDecay
from ltcbench.models.cells.rnn_dt import RNNDt
from ltcbench.models.engines import (
    cfc,
    closed_form,
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
    single_layer,
    solver,
)
from ltcbench.models.packing import Sizes
from ltcbench.models.scan import compiled_scan, scan, whole

# eager: the loop, any cell. compiled: machine code for the cell, by torch.compile or our own. fused: the whole sequence
# with a backward pass of its own. auto: the fastest that needs no waiting.
ENGINES = ("auto", "eager", "compiled", "fused")

Sequence = Callable[..., tuple[Tensor, State]]
Step = Callable[[Tensor, State, Tensor], State]


class Native(Protocol):
    """A module with an engine in C."""

    def serves(self, cell: Any, x: Tensor) -> bool:
        """Whether it can drive ``cell`` over inputs like ``x``: it compiles, float32, on the CPU."""

    def sequence(
        self, cell: Any, x: Tensor, state: State, elapsed: Tensor, mask: Tensor | None, sizes: Sizes
    ) -> tuple[Tensor, State]:
        """As ``ltcbench.models.scan.scan``."""


class Choice(NamedTuple):
    """An engine: its name, one of ``ENGINES``, and what drives the cell, with the arguments of ``scan``."""

    engine: str
    sequence: Sequence


# By the cell's own type: a class derived from it may compute something else. All in C know masks with holes. The LTC is
# not among them: its engine in C goes by the name of compiled.
IN_C: dict[type[Cell], Native] = {
    CfC: closed_form,
    MixedCfC: closed_form,
    GRU: gru,
    RNNDt: gru,
    LSTM: lstm,
    AugLSTM: lstm,
    CTLSTM: ct_lstm,
    PhasedLSTM: phased_lstm,
    CTGRU: ctgru,
    CTRNN: solver,
    ODERNN: solver,
    ODELSTM: ode_lstm,
    BiRNN: ode_lstm,
    GRUD: gru_d,
    GRUODE: gru_ode,
    RNNDecay: single_layer,
    LipschitzRNN: single_layer,
    CoRNN: single_layer,
}
IN_TORCH: dict[type[Cell], Sequence] = {
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
HOLES = (CfC, MixedCfC, CTRNN, ExpRNN)  # masks with holes are known to what drives these in torch; torch's kernels not
SOLVED = (CTRNN, ODERNN, ODELSTM, BiRNN, GRUODE)  # by a solver, which may be the adaptive one
PREPARED = (CfC, MixedCfC)  # to prepare their weights takes longer than a step
# Updates from which on the time that torch.compile takes, some seconds, comes back.
WORTH_COMPILING = 3000


def chosen(engine: str, cell: Cell, x: Tensor, elapsed: Tensor, mask: Tensor | None, sizes: Sizes) -> Choice:
    """What drives ``cell`` over ``x``: the engine asked for, or the loop where that cannot be had.

    Args:
        engine: one of ``ENGINES``.
        cell: the cell.
        x: inputs, as the other arguments those of ``scan``.
        elapsed: times.
        mask: or None.
        sizes: rows at each step.
    """
    kind = type(cell)
    loop = Choice("eager", scan)
    if cell.at_once:
        return Choice("eager", whole)
    if engine == "eager" or elapsed.requires_grad:  # no other engine differentiates by time
        return loop
    if len(x) == 0:  # nothing to be fast with, nor a batch size to compile for
        return loop
    if (engine == "compiled" or kind in SOLVED) and cell.adaptive:  # asked late: to find out takes a while
        return loop

    one_step = len(sizes) == 1 and not torch.is_grad_enabled()
    if engine == "auto" and one_step and kind in PREPARED:
        return loop
    if type(cell) is LTC and engine in ("auto", "compiled") and ltc.serves(cell, x):
        return Choice("compiled", ltc.sequence)
    if engine in ("auto", "fused"):
        if kind in IN_C and not one_step and IN_C[kind].serves(cell, x):  # to prepare the weights pays over many steps
            return Choice("fused", IN_C[kind].sequence)
        if kind in IN_TORCH and (mask is None or kind in HOLES):
            return Choice("fused", IN_TORCH[kind])

    return Choice("compiled", compiled_scan) if engine == "compiled" else loop


def for_training(engine: str, cell: Cell, updates: int) -> str:
    """The engine that a training asks for: by itself a long one is compiled if its cell has nothing faster."""
    return "compiled" if engine == "auto" and updates >= WORTH_COMPILING and not has_fused(cell) else engine


def has_fused(cell: Cell) -> bool:
    """Whether engine ``fused`` can drive ``cell`` as it is now, on its device."""
    kind = type(cell)
    return kind in IN_TORCH or (kind in IN_C and IN_C[kind].serves(cell, next(cell.parameters())))


def checked(engine: str, cell: Cell) -> str:
    """``engine`` if ``cell`` has it.

    Raises:
        UserError: it does not exist, or not for this cell.
    """
    if engine not in ENGINES:
        raise unknown("engine", engine, ENGINES)
    if engine == "fused" and type(cell) not in {**IN_TORCH, **IN_C}:
        raise UserError(f"engine=fused does not exist for {type(cell).__name__}: expected auto, eager or compiled.")
    return engine


def stepper(cell: Cell, like: Tensor) -> Step:
    """``cell`` for one step at a time without gradients, its weights prepared: inputs (B, F), state, elapsed (B, 1).

    Args:
        cell: the cell, not one that needs the whole sequence at once.
        like: any tensor with the dtype and device of the inputs.
    """
    if type(cell) is CfC:
        return cfc.stepper(cell)
    if type(cell) is LTC and ltc.serves(cell, like):
        return ltc.stepper(cell)

    def step(x: Tensor, state: State, elapsed: Tensor) -> State:
        return cell.step(state, cell.drive(x), elapsed)

    return step
