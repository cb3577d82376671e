"""Event-based sequential MNIST (CfC paper, journal table 4): the pixels' changes between dark and bright, one by one.

An image's 784 pixels in reading order, bright above 128, become events: a step where the value differs from the one
before, with the number of pixels since the last event. At most 256 events; what comes after is cut off. Elapsed times
are divided by 256, as the authors do.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ltcbench.tasks import idx
from ltcbench.tasks.events import kept
from ltcbench.tasks.sequences import Array, SequenceData, Spec, Split

DATASET = "mnist"
PAD = 256
THRESHOLD = 128
VALID = 6000  # clean: the last tenth of the training images
SPEC = Spec(
    "accuracy",
    "cross_entropy",
    features=1,
    length=PAD,
    output_size=idx.CLASSES,
    sizes=(60_000, 0, 10_000),
    labels=tuple(map(str, range(idx.CLASSES))),
    per_step=False,
    irregular=True,
    padded=True,
)


def load(files: Mapping[str, Path], quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark from its raw files.

    Args:
        files: ``{train,t10k}-images-idx3-ubyte.gz`` and ``{train,t10k}-labels-idx1-ubyte.gz``.
        quirks: ``no_validation``.
    """
    images, labels = idx.read(files, "train")
    test = _split(*idx.read(files, "t10k"))
    if quirks["no_validation"]:
        return SequenceData(SPEC, _split(images, labels), None, test, selection="last")
    return SequenceData(SPEC, _split(images[:-VALID], labels[:-VALID]), _split(images[-VALID:], labels[-VALID:]), test)


def _split(images: Array, labels: Array) -> Split:
    bright = images.reshape(len(images), -1) > THRESHOLD
    changed = np.ones_like(bright)  # the first pixel is always an event
    np.not_equal(bright[:, 1:], bright[:, :-1], out=changed[:, 1:])
    x, elapsed, mask = kept(bright, changed, PAD)
    return Split(x, labels, elapsed / np.float32(PAD), mask)
