"""Walker2D kinematics at irregular times (CfC paper, table 7): the next observation of a simulated walker.

Each of 400 recordings holds up to 1000 observations of 17 numbers. A step is kept with probability 0.9; its elapsed
time is the number of steps since the last one kept; its target is the true next observation, also where that step was
dropped. Windows of 64 steps, stride 16, split by recording; nothing is scaled.

The CfC authors report the last epoch (they store the best validation epoch and never restore it); the baselines of
their table restore it, so the table compares two protocols.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from ltcbench.tasks.reading import npy
from ltcbench.tasks.sequences import Array, SequenceData, Spec, Split, cut, starts

DATASET = "walker"
FEATURES = 17
WINDOW = 64
STRIDE = 16
KEPT = 0.9
SPLIT_SEED, KEEP_SEED = 125487, 891374  # authors' code
SPEC = Spec("mse", "mse", FEATURES, WINDOW, FEATURES, sizes=(9684, 1272, 1937), irregular=True)


def load(files: Mapping[str, Path], quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark from its raw files.

    Args:
        files: ``walker/rollout_*.npy``.
        quirks: ``last_epoch_reported``.
    """
    names = sorted(name for name in files if name.endswith(".npy"))
    np.random.RandomState(SPLIT_SEED).shuffle(names)
    test, valid = int(0.15 * len(names)), int(0.25 * len(names))
    rng = np.random.RandomState(KEEP_SEED)  # one for all, in this order
    train_split, valid_split, test_split = (
        _split([files[name] for name in chosen], rng) for chosen in (names[valid:], names[test:valid], names[:test])
    )
    selection: Literal["last", "best"] = "last" if quirks["last_epoch_reported"] else "best"
    return SequenceData(SPEC, train_split, valid_split, test_split, selection)


def _split(paths: Sequence[Path], rng: np.random.RandomState) -> Split:
    """The windows of these recordings, one recording after the other."""
    windows = [_windows(npy(path, FEATURES).astype(np.float32), rng) for path in paths]
    x, y, elapsed = (np.concatenate(arrays) for arrays in zip(*windows, strict=True))
    return Split(x, y, elapsed)


def _windows(observed: Array, rng: np.random.RandomState) -> tuple[Array, Array, Array]:
    """Inputs, targets and elapsed times of the windows of a recording (length, 17)."""
    step = np.flatnonzero(rng.rand(len(observed) - 1) < KEPT)
    elapsed = np.diff(step, prepend=-1).astype(np.float32)
    first = starts(len(step), WINDOW, STRIDE)
    return cut(observed[step], first, WINDOW), cut(observed[step + 1], first, WINDOW), cut(elapsed, first, WINDOW)
