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
    """``cell.step`` for packed inputs like ``x`` (N, F), compiled for one batch size: that of the first training batch.

    Other batches, an epoch's short last one and those of evaluation, take the step as it is: each would otherwise be
    waited for as long as the first. torch keeps what it compiled on disk for the next process. Without a compiler the
    step stays as it is, which is told in one line of the log.

    On a GPU, TORCHINDUCTOR_CUDAGRAPHS=1 makes torch record each call as a CUDA graph and replay it (its mode
    "reduce-overhead"): a sequence is then one iteration, whose results the next may overwrite.
    """
    kept = cell.__dict__  # not an attribute that torch.nn.Module would register, save or copy
    if not torch.is_grad_enabled():
        return cell.step
    if x.device.type == "cuda":
        torch.compiler.cudagraph_mark_step_begin()
    if "compiled_step" not in kept:
        kept["compiled_for"] = sizes[0]
        torch.compiler.reset()  # else, after eight networks of a sweep, torch would no longer compile this code
        if x.device.type == "cpu" and not any(map(shutil.which, ("c++", "g++", "clang++"))):
            log.info("no C++ compiler here: the slower eager engine runs.")
            kept["compiled_step"] = cell.step
        else:
            # torch's own choice is a folder among the temporary files that anybody may have made.
            os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(native.cache() / "torch"))
            kept["compiled_step"] = torch.compile(cell.step, dynamic=False)
    compiled: Step = kept["compiled_step"] if kept["compiled_for"] == sizes[0] == sizes[-1] else cell.step
    return compiled
