"""What the tests of the tasks do in the same way."""

from pathlib import Path
from types import ModuleType

import numpy as np

from ltcbench import tasks
from ltcbench.settings import groups
from ltcbench.tasks.sequences import SequenceData

PARTS = ("train", "valid", "test")
BENCHMARKS = [name for name, task in tasks.TASKS.items() if task.SPEC]  # all but the user's own table
PARTIAL = {  # in the mirror
    "har": "recomputed",
    **dict.fromkeys(("person", "person_irregular", "person_readings", "power"), "subset"),
}


class Folder(dict[str, Path]):
    """Raw files by name: those of a folder, but for the ones given by hand."""

    def __init__(self, folder: Path, **by_hand: Path) -> None:
        super().__init__(by_hand)
        self.folder = folder

    def __missing__(self, name: str) -> Path:
        return self.folder / name


def load(task: ModuleType, files: dict[str, Path], protocol: str = "paper", **by_hand: bool) -> SequenceData:
    """The data of ``task`` with the quirks of ``protocol``, some set by hand."""
    return task.load(files, groups.quirks(task.__name__.rsplit(".", 1)[-1], protocol, by_hand))


def arrays(data: SequenceData) -> dict[str, np.ndarray | None]:
    return {
        f"{part}.{name}": getattr(getattr(data, part), name, None)
        for part in PARTS
        for name in ("x", "y", "elapsed", "mask")
    }


def changed(before: SequenceData, after: SequenceData) -> set[str]:
    """The arrays and settings that differ, e.g. ``{"test.y"}``."""
    a, b = arrays(before), arrays(after)
    names = {name for name in a if not np.array_equal(a[name], b[name])}
    settings = ("spec", "selection", "final_epoch_counts", "class_weights", "weights_normalised")
    return names | {name for name in settings if getattr(before, name) != getattr(after, name)}


def assert_form(data: SequenceData, backward: bool = False, unlabelled: bool = False) -> None:
    """Shapes and kinds are what ``Split`` and the task's ``Spec`` say.

    Time may run ``backward`` and steps may be ``unlabelled`` only where the authors' code has it so.
    """
    spec = data.spec
    assert (data.valid is not None) or data.selection == "last"
    assert data.train.x.shape[1] == spec.length
    for split in filter(None, (data.train, data.valid, data.test)):
        steps = split.x.shape[:2]
        assert split.x.shape == (*steps, spec.features) and split.x.dtype == np.float32
        assert split.elapsed.shape == steps and split.elapsed.dtype == np.float32
        assert backward or (split.elapsed >= 0).all()
        if spec.loss == "mse":
            assert split.y.shape == (*steps, spec.output_size) and split.y.dtype == np.float32
        else:
            assert split.y.shape == (steps if spec.per_step else steps[:1]) and split.y.dtype == np.int64
            assert split.y.min() >= -unlabelled and split.y.max() < len(spec.labels)
        assert np.isfinite(split.x).all() and np.isfinite(split.elapsed).all() and np.isfinite(split.y).all()
        if split.mask is not None:
            assert split.mask.dtype == bool and split.mask.shape in (steps, split.x.shape)
            assert split.mask.any(axis=1 if split.mask.ndim == 2 else (1, 2)).all()
        assert split.x.flags.c_contiguous and split.y.flags.c_contiguous


def assert_paper(
    data: SequenceData, oracle: dict[str, tuple[np.ndarray, np.ndarray]], sizes: tuple[int, int, int] | None = None
) -> None:
    """Every part equals the oracle's windows (T, N, F) and targets (T, N, ...), which the authors lay out time first.

    They feed float32 whatever they computed in. ``sizes``: of the parts where they are not those of the whole data.
    """
    assert_form(data)
    assert tuple(len(getattr(data, part)) for part in PARTS) == (sizes or data.spec.sizes)
    for part in PARTS:
        x, y = oracle[part]
        split = getattr(data, part)
        np.testing.assert_array_equal(split.x, x.astype(np.float32).swapaxes(0, 1))
        np.testing.assert_array_equal(split.y, y.swapaxes(0, 1) if data.spec.per_step else y)
        assert (split.elapsed == 1).all() and split.mask is None
    assert not data.final_epoch_counts and data.selection == "best"


def shared(data: SequenceData, column: int) -> set[str]:
    """Which pairs of parts have a value of the column ``column`` of x in common, e.g. ``{"train test"}``.

    With a column of numbers unique to the raw rows these are the parts that share a row.
    """
    values = {part: set(getattr(data, part).x[..., column].ravel().tolist()) for part in PARTS}
    pairs = (("train", "valid"), ("train", "test"), ("valid", "test"))
    return {f"{a} {b}" for a, b in pairs if values[a] & values[b]}
