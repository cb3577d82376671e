"""How the time of a training step grows with the length n of a sequence and the width k, measured as bench does."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from ltcbench.bench import actions, scaling
from ltcbench.bench.cases import Case
from ltcbench.bench.exponent import exponent
from ltcbench.bench.measurements import machine
from ltcbench.bench.timing import interleaved

MODELS = ("rnn", "cfc", "ltc", "ode_rnn", "transformer")
AXES = {"length": "steps", "width": "units"}  # fields of a shape


def measured(lengths: Sequence[int], widths: Sequence[int], batch: int, samples: int) -> dict[str, Any]:
    """Processor time of a training step around the base of ``bench --curve``, all models in turns, one thread.

    Args:
        lengths: n, with the width of the base.
        widths: k, with its length.
        batch: sequences in a batch.
        samples: of each time.

    Returns:
        ``machine``, and ``times``: a line for each model, axis and size with the number of samples, the median and the
        quartiles in seconds.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        sizes = {"length": lengths, "width": widths}
        lines = [line for axis in AXES for line in _along(axis, sizes[axis], batch, samples)]
    finally:
        torch.set_num_threads(before)
    return {"machine": machine() | {"threads": 1}, "times": lines}


def _along(axis: str, sizes: Sequence[int], batch: int, samples: int) -> list[dict[str, Any]]:
    base = replace(scaling.BASE, batch=batch)
    cases = {(model, size): Case(model, replace(base, **{AXES[axis]: size})) for size in sizes for model in MODELS}
    times = interleaved({key: _step(case) for key, case in cases.items()}, samples, clock=time.process_time)
    return [
        {"model": model, "axis": axis, "size": size, "n": its.n, "median": its.median, "low": its.low, "high": its.high}
        for (model, size), its in times.items()
    ]


def _step(case: Case) -> Any:
    """A training step with the engine made for speed, if the cell has one; not with what torch compiles."""
    network = actions.built(case, torch.device("cpu"))
    engine = "fused" if "fused" in actions.engines(network.cell) else "eager"
    return actions.training_step(network, actions.batch(case, torch.device("cpu")), engine)


def exponents(lines: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """By model and axis, the exponent with its interval."""
    found: dict[str, dict[str, Any]] = {}
    for model in dict.fromkeys(line["model"] for line in lines):
        for axis in AXES:
            some = [line for line in lines if (line["model"], line["axis"]) == (model, axis)]
            if len(some) > 1:
                found.setdefault(model, {})[axis] = exponent([x["size"] for x in some], [x["median"] for x in some])
    return found
