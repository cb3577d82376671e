"""Parity of a bit sequence, event-based (CfC paper, table 4, "event-based"); made by its own rule, no download.

A bit is kept only where it differs from the one before, with the number of steps since the last one kept; the last bit
always closes the sequence. 9.3 events on average, padded to 32. See ``bits``.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ltcbench.tasks import bits
from ltcbench.tasks.events import kept
from ltcbench.tasks.sequences import Array, SequenceData, Spec

DATASET = None
SPEC = Spec(
    "accuracy",
    "binary_cross_entropy",
    features=1,
    length=bits.PAD,
    output_size=1,
    sizes=(bits.TRAIN, 0, bits.TEST),
    labels=("even", "odd"),
    per_step=False,
    irregular=True,
    padded=True,
)


def load(files: Mapping[str, Path], quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark.

    Args:
        files: none.
        quirks: ``test_sequences_in_training``, ``no_validation``.
    """
    return bits.load(SPEC, _events, quirks)


def _events(values: Array, lengths: Array) -> tuple[Array, Array, Array]:
    steps = np.arange(values.shape[1])
    changed = np.diff(values.astype(np.int8), axis=1, prepend=2) != 0
    changed &= steps < lengths[:, None]
    return kept(values, changed | (steps == lengths[:, None] - 1), bits.PAD)
