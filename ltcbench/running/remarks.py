"""What a user should know: of their own data before a training begins, and of an epoch that did not count after it."""

from collections.abc import Iterator, Mapping, Sequence

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
    clock = data.spec.clock
    unit = f" (1 is {clock.unit:.4g}{' s' if clock.dates else ' in the table'})" if clock else ""
    yield f"elapsed times of the training part{unit}: median {median:.4g}, largest {largest:.4g}{warning}."


def overlooked(data: SequenceData, history: Sequence[Mapping[str, float]], best_epoch: int) -> str | None:
    """A line where the last epoch validates best and may not count.

    Args:
        data: the task.
        history: a row of numbers for each epoch.
        best_epoch: the epoch that counts, 0: none.
    """
    if data.final_epoch_counts or data.valid is None or not best_epoch or best_epoch == len(history):
        return None
    key = f"valid_{data.metric}"
    last, best = history[-1][key], history[best_epoch - 1][key]
    if not (last > best if data.direction == "max" else last < best):
        return None
    return (
        f"epoch {len(history)}, the last, validates better ({last:.4g} against {best:.4g} of epoch {best_epoch}) and "
        "does not count: task.quirks.last_epoch_ignored=true, as the authors' code has it."
    )
