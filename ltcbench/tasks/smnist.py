"""Sequential MNIST, row by row (LTC paper, table 3, "Sequential MNIST").

An image is a sequence of its 28 rows of 28 pixels in [0, 1], the target of the whole sequence is the digit. The last
tenth of the 60,000 training images is for validation.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ltcbench.tasks import idx
from ltcbench.tasks.sequences import Array, SequenceData, Spec, Split, unit_elapsed

DATASET = "mnist"
VALID = 6000  # authors' code
SPEC = Spec(
    "accuracy",
    "cross_entropy",
    features=idx.SIDE,
    length=idx.SIDE,
    output_size=idx.CLASSES,
    sizes=(54_000, VALID, 10_000),
    labels=tuple(map(str, range(idx.CLASSES))),
    per_step=False,
)


def load(files: Mapping[str, Path], quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark from its raw files.

    Args:
        files: ``{train,t10k}-images-idx3-ubyte.gz`` and ``{train,t10k}-labels-idx1-ubyte.gz``.
        quirks: ``last_epoch_ignored``.
    """
    images, labels = idx.read(files, "train")
    return SequenceData(
        SPEC,
        train=_split(images[:-VALID], labels[:-VALID]),
        valid=_split(images[-VALID:], labels[-VALID:]),
        test=_split(*idx.read(files, "t10k")),
        final_epoch_counts=not quirks["last_epoch_ignored"],
    )


def _split(images: Array, labels: Array) -> Split:
    x = images.astype(np.float32)
    x /= np.float32(255)
    return Split(x, labels, unit_elapsed(x))
