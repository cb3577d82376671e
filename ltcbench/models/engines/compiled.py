"""A cell's step compiled by torch, for cells without an engine of their own."""

import logging
import os
import shutil
from collections.abc import Callable

import torch
from torch import Tensor

from ltcbench.models.cells.cell import Cell, Drive, State
from ltcbench.models.engines import native
from ltcbench.models.packing import Sizes

log = logging.getLogger("ltcbench")

Step = Callable[[State, Drive, Tensor], State]


def step(cell: Cell, x: Tensor, sizes: Sizes) -> Step:
    """``cell.step`` for packed inputs like ``x`` (N, F), compiled.

    Where all steps have the same number of rows it is compiled for that number, the one of the first training batch.
    Other batches, an epoch's short last one and those of evaluation, take the step as it is: each would otherwise be
    waited for as long as the first. For sequences of different lengths it is compiled once for any number of rows but
    a single one, which torch would compile anew. torch keeps what it compiled on disk for the next process. Without a
    compiler the step stays as it is, which is told in one line of the log.

    On a GPU, TORCHINDUCTOR_CUDAGRAPHS=1 makes torch record each call as a CUDA graph and replay it (its mode
    "reduce-overhead"): a sequence is then one iteration, whose results the next may overwrite.
    """
    if not torch.is_grad_enabled():
        return cell.step
    if x.device.type == "cuda":
        torch.compiler.cudagraph_mark_step_begin()
    # Not an attribute that torch.nn.Module would register, save or copy; None: for any number of rows.
    kept: dict[int | None, Step] = cell.__dict__.setdefault("compiled_steps", {})
    rows = sizes[0] if sizes[0] == sizes[-1] and None not in kept else None
    if rows not in kept and (rows is None or not kept):
        kept[rows] = _compiled(cell, x, any_rows=rows is None)
    return kept.get(rows, cell.step)


def _compiled(cell: Cell, x: Tensor, any_rows: bool) -> Step:
    torch.compiler.reset()  # else, after eight networks of a sweep, torch would no longer compile this code
    if x.device.type == "cpu" and not any(map(shutil.which, ("c++", "g++", "clang++"))):
        log.info("no C++ compiler here: the slower eager engine runs.")
        return cell.step
    # torch's own choice is a folder among the temporary files that anybody may have made.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(native.cache() / "torch"))
    compiled: Step = torch.compile(cell.step, dynamic=False)
    if not any_rows:
        return compiled

    def step(state: State, drive: Drive, elapsed: Tensor) -> State:
        if len(elapsed) == 1:
            return cell.step(state, drive, elapsed)
        for part in (*state, *drive, elapsed):
            torch._dynamo.mark_dynamic(part, 0)
        return compiled(state, drive, elapsed)

    return step
