"""Memory that a training step needs at its peak, measured in a process of its own."""

import ctypes
import gc
import re
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import torch

from ltcbench.bench.actions import batch, built, training_step
from ltcbench.bench.cases import Case
from ltcbench.bench.timing import with_precision

GOAL = 1.3  # largest peak wanted, as a multiple of the eager engine's
STATUS = Path("/proc/self/status")
FORGET = Path("/proc/self/clear_refs")  # writing 5 sets the peak to what is used now; Linux


def can_be_measured(device: torch.device) -> bool:
    """Whether this system tells the peak of a process."""
    return device.type == "cuda" or FORGET.exists()


def peak(case: Case, engine: str, device: torch.device) -> int:
    """Bytes by which memory grows at the peak of one training step, above parameters and batch."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(_peak, case, engine, device, torch.get_num_threads()).result()


def _peak(case: Case, engine: str, device: torch.device, threads: int) -> int:
    torch.set_num_threads(threads)
    network = built(case, device)
    step, first = (
        with_precision(training_step(network, batch(some, device), engine), case.precision)
        for some in (case, _short(case))
    )
    for _ in range(3):  # libraries are loaded and cells compiled, which is not the step's
        first()
    gc.collect()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        step()
        return torch.cuda.max_memory_allocated(device) - before
    ctypes.CDLL(None).malloc_trim(0)
    FORGET.write_text("5", encoding="utf-8")
    before = _kilobytes("VmRSS")
    step()
    return 1024 * (_kilobytes("VmHWM") - before)


def _short(case: Case) -> Case:
    """The case with few time steps; the batch stays, for which cells are compiled, as first and as later steps."""
    return replace(case, shape=replace(case.shape, steps=2))


def _kilobytes(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", STATUS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert found
    return int(found[1])
