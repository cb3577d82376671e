"""Parity of a bit sequence, every bit a step (CfC paper, table 4, "equidistant"); made by its own rule, no download.

The same sequences as ``xor``, padded to 32. The authors' CfC script never runs this encoding. See ``bits``.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ltcbench.tasks import bits, xor
from ltcbench.tasks.events import kept
from ltcbench.tasks.sequences import Array, SequenceData

DATASET = None
SPEC = replace(xor.SPEC, irregular=False)


def load(files: Mapping[str, Path], quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark.

    Args:
        files: none.
        quirks: ``test_sequences_in_training``, ``no_validation``.
    """
    return bits.load(SPEC, _all, quirks)


def _all(values: Array, lengths: Array) -> tuple[Array, Array, Array]:
    return kept(values, np.arange(values.shape[1]) < lengths[:, None], bits.PAD)
