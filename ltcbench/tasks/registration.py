"""Tasks of the user's own, and whether their data are what they say."""

import hashlib
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ltcbench.data.store import RawData
from ltcbench.errors import UserError
from ltcbench.plugins import registered
from ltcbench.tasks.sequences import SequenceData, Spec, Split

RESERVED = ("name", "source", "quirks", "protocol", "mirror")


@dataclass(frozen=True)
class OwnTask:
    """A task of the user's, with what the module of a task of ours has.

    Attributes:
        name: of the task.
        SPEC: what is fixed about it.
        load: the user's function.
        files: raw files by name.
        DATASET: none of ours.
    """

    name: str
    SPEC: Spec
    load: Callable[..., SequenceData]
    files: Mapping[str, Path] = field(default_factory=dict)
    DATASET: None = None

    @property
    def raw(self) -> RawData:
        """Its raw files.

        Raises:
            UserError: one cannot be read.
        """
        sums = {}
        for name, path in self.files.items():
            try:
                sums[name] = hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError as error:
                raise UserError(f"{path} of task {self.name} cannot be read ({error.strerror}).") from None
        return RawData(self.name, "own", dict(self.files), sums)


def task(
    name: str, spec: Spec, load: Callable[..., SequenceData], files: Sequence[str], taken: Collection[str]
) -> OwnTask:
    """The task, registered; arguments and errors as for ``ltcbench.tasks.register``, ``taken`` the names of ours."""
    if not isinstance(spec, Spec) or not inspect.isfunction(load):
        raise UserError(f"task {name}: expected register(name, SPEC, load) with a Spec and a function.")
    if list(inspect.signature(load).parameters)[:2] != ["files", "quirks"]:
        raise UserError(f"task {name}: expected load(files, quirks, *, options), got another {load.__name__}.")
    options = registered.options(load.__name__, load, RESERVED)
    own = registered.add("task", name, load, {"source": "own", "quirks": {}, **options}, taken)
    return OwnTask(name, spec, load, {file: own.file.parent / file for file in files})


def checked(name: str, data: SequenceData) -> SequenceData:
    """The data of an own task, if they are what its ``SPEC`` says.

    Raises:
        UserError: they are not.
    """
    if not isinstance(data, SequenceData):
        raise UserError(f"load of task {name} gives {type(data).__name__}: expected SequenceData.")
    for part in ("train", "valid", "test"):
        split = getattr(data, part)
        if split is not None:
            _check(f"task {name}, part {part}", data.spec, split)
    return data


def _check(where: str, spec: Spec, split: Split) -> None:
    size, steps = len(split.x), np.shape(split.x)[1] if np.ndim(split.x) > 1 else 0
    leading = (size, steps) if spec.per_step else (size,)
    classes = bool(spec.labels)
    wanted = {
        "x": (split.x, (size, steps, spec.features), np.float32),
        "y": (split.y, leading if classes else (*leading, spec.output_size), np.int64 if classes else np.float32),
        "elapsed": (split.elapsed, (size, steps), np.float32),
    }
    for name, (array, shape, kind) in wanted.items():
        if np.shape(array) != shape or getattr(array, "dtype", None) != kind:
            got = f"{np.shape(array)} {getattr(array, 'dtype', type(array).__name__)}"
            raise UserError(f"{where}: {name} is {got}: expected {shape} {np.dtype(kind).name}, see its SPEC.")
    mask = split.mask
    if mask is not None and (mask.dtype != bool or mask.shape not in ((size, steps), (size, steps, spec.features))):
        raise UserError(f"{where}: mask is {mask.shape} {mask.dtype}: expected {(size, steps)} bool, or one a feature.")
