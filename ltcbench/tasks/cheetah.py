"""Prediction of the next observation of a running robot, "half-cheetah" (LTC paper, table 6).

Rollouts of 1000 steps; an observation holds 17 positions and velocities, the target of every step is the observation
of the next one. Windows of 32 steps, one every 10 steps. Nothing is scaled: the error is in the units of the
observations, whose deviation is about 4.2. The split is by rollout; the rollouts 25 to 30 are not used.

Not in the inputs: the actions, 5 % of which are random (paper), so the error cannot become zero.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ltcbench.tasks.reading import npy
from ltcbench.tasks.sequences import SequenceData, Spec, Split, starts, unit_elapsed
from ltcbench.tasks.windows import rows_from

DATASET = "cheetah"
FEATURES = 17
WINDOW = 32
STRIDE = 10
SPEC = Spec("mse", "mse", FEATURES, WINDOW, FEATURES, sizes=(970, 485, 970))
VALID, TEST, TRAIN = range(5), range(5, 15), range(15, 25)  # rollouts, authors' code


def load(files: Mapping[str, Path], quirks: Mapping[str, bool]) -> SequenceData:
    """The benchmark from its raw files.

    Args:
        files: ``trace_0000.npy`` to ``trace_0024.npy``.
        quirks: ``last_epoch_ignored``.
    """
    train, valid, test = (
        _split([files[f"trace_{number:04d}.npy"] for number in rollouts]) for rollouts in (TRAIN, VALID, TEST)
    )
    return SequenceData(SPEC, train, valid, test, final_epoch_counts=not quirks["last_epoch_ignored"])


def _split(paths: list[Path]) -> Split:
    x, y = [], []
    for path in paths:
        rollout = npy(path, FEATURES).astype(np.float32)
        rows = rows_from(starts(len(rollout) - 1, WINDOW, STRIDE), WINDOW)
        x.append(rollout[rows])
        y.append(rollout[rows + 1])
    inputs = np.concatenate(x)
    return Split(inputs, np.concatenate(y), unit_elapsed(inputs))
