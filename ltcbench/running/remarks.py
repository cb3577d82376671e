"""What a user should know of their own data before a training begins."""

from collections.abc import Iterator

import numpy as np

from ltcbench.tasks import SequenceData

# Median and largest elapsed times between which the models' time constants, which begin near 1, can be learnt.
_USUAL = (0.01, 100.0, 10_000.0)


def remarks(data: SequenceData) -> Iterator[str]:
    """Lines on the data; none on those of the benchmarks, whose pages in the documentation say it."""
    if data.source != "own" or not data.spec.irregular:
        return
    gaps = data.train.elapsed[data.train.elapsed > 0]
    if not len(gaps):
        return
    median, largest = float(np.median(gaps)), float(gaps.max())
    least, most, far = _USUAL
    warning = ""
    if not least <= median <= most or largest > far:
        warning = ": far from 1, where models begin; see task.time_unit"
    yield f"elapsed times of the training part: median {median:.4g}, largest {largest:.4g}{warning}."
