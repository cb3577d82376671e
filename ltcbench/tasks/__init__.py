"""The benchmarks: ``tasks.load("gesture")`` gives prepared arrays.

A task is one module: ``DATASET`` (its card, or None), ``SPEC`` (what is fixed about it) and ``load(files, quirks)``,
a pure function from raw files to arrays. A new task is such a module, one line in ``TASKS``, ``conf/task/<task>.yaml``
and, for new data, a card. Further parameters of ``load`` are the task's options. A user's own task is a file with such
a function and ``register("my_task", SPEC, load)``.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from ltcbench import values
from ltcbench.data import cards, store
from ltcbench.errors import UserError, unknown
from ltcbench.plugins import loading, registered
from ltcbench.settings import groups
from ltcbench.settings.job import WHERE
from ltcbench.tasks import (
    cheetah,
    csv,
    et_smnist,
    gesture,
    har,
    imdb,
    occupancy,
    ozone,
    person,
    person_irregular,
    person_readings,
    physionet,
    power,
    registration,
    smnist,
    synthetic,
    traffic,
    walker,
    xor,
    xor_dense,
)
from ltcbench.tasks.cache import cached
from ltcbench.tasks.registration import OwnTask
from ltcbench.tasks.sequences import SequenceData, Spec, Split

__all__ = ["TASKS", "SequenceData", "Spec", "Split", "load", "register"]

TASKS: dict[str, ModuleType | OwnTask] = {
    "har": har,
    "gesture": gesture,
    "occupancy": occupancy,
    "cheetah": cheetah,
    "smnist": smnist,
    "traffic": traffic,
    "power": power,
    "ozone": ozone,
    "person": person,
    "xor": xor,
    "xor_dense": xor_dense,
    "et_smnist": et_smnist,
    "walker": walker,
    "physionet": physionet,
    "imdb": imdb,
    "person_irregular": person_irregular,
    "person_readings": person_readings,
    "csv": csv,
}


def load(
    name: str,
    protocol: str = "paper",
    source: str | None = None,
    quirks: Mapping[str, bool] | None = None,
    mirror: str | None = None,
    **options: Any,
) -> SequenceData:
    """A benchmark, prepared as ``protocol`` says.

    Args:
        name: a task, one of ``TASKS``.
        protocol: ``paper`` (as the authors' code does) or ``clean`` (as a careful experimenter would).
        source: where the data come from: ``official``, ``subset``, ``recomputed`` or ``synthetic``; None takes the
            task's default.
        quirks: switches set by hand, the others follow the protocol.
        mirror: folder or URL with the raw files, laid out ``<mirror>/<dataset>/<file>``; None takes
            ``LTCBENCH_MIRROR``.
        options: further settings of the task, as in ``conf/task/<task>.yaml``.

    Raises:
        UserError: unknown name or option, or the data cannot be had or are not what they should be.
    """
    options = checked(name, options)
    switches = groups.quirks(name, protocol, quirks)
    task = TASKS[name]
    if source == "synthetic":
        if task.SPEC is None:
            raise UserError(f"there are no synthetic data for {name}, whose form is that of your table: set task.path.")
        return replace(synthetic.make(task.SPEC), quirks=switches)
    raw = _raw(name, source, mirror, options)
    decide = {option: value for option, value in options.items() if option not in WHERE}
    decided_by = {"source": raw.source, "checksums": dict(raw.checksums), "quirks": switches, "options": decide}
    if isinstance(task, OwnTask):
        decided_by["code"] = registered.code(task=name)["task"]["sha256"]
        data = cached(name, decided_by, lambda: registration.checked(name, task.load(raw.files, switches, **options)))
    else:
        data = cached(name, decided_by, lambda: task.load(raw.files, switches, **options))
    return replace(data, source=raw.source, checksums=raw.checksums, quirks=switches)


def register(name: str, spec: Spec, load: Callable[..., SequenceData], files: Sequence[str] = ()) -> None:
    """Make a task out of a function of the user's.

    Its keyword options, each with a type and a default, are the task's. ``<name>.yaml`` beside its file, if there is
    one, changes defaults and says what they mean, and may set switches (``quirks``), the trainer and the model's size.

    Args:
        name: by which it is chosen, ``task=<name>``.
        spec: what is fixed about it.
        load: ``load(files, quirks, *, options)``: the data, from the paths of the raw files and the switches.
        files: the raw files, relative to the file that defines ``load``; other content is another run.

    Raises:
        UserError: one of its options cannot be set, or the name is taken.
    """
    TASKS[name] = registration.task(name, spec, load, files, TASKS)


def checksums(name: str, source: str | None = None, mirror: str | None = None, **options: Any) -> Mapping[str, str]:
    """SHA-256 of each raw file of a task, fetched if need be; arguments and errors as for ``load``."""
    options = checked(name, options)
    return {} if source == "synthetic" else _raw(name, source, mirror, options).checksums


def at_hand(name: str, source: str | None = None) -> bool:
    """Whether a task can be loaded without fetching anything; errors as for ``load``."""
    dataset = _task(name).DATASET
    return source == "synthetic" or not dataset or store.is_ready(cards.load(dataset), source or "official")


def _raw(name: str, source: str | None, mirror: str | None, options: Mapping[str, Any]) -> store.RawData:
    task = TASKS[name]
    if task.DATASET:
        return store.fetch(task.DATASET, source or "official", mirror)
    if isinstance(task, OwnTask):
        if source not in (None, "own"):
            raise UserError(f"task.source={source} does not exist for {name}: expected own or synthetic.")
        return task.raw
    if task is csv:
        return csv.own(**options)
    if source not in (None, "generated"):
        raise UserError(f"task.source={source} does not exist for {name}: expected generated or synthetic.")
    return store.RawData(dataset=name, source="generated", files={}, checksums={})


def checked(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a task, each of the kind that the task's ``load`` wants.

    Raises:
        UserError: unknown task or option, or a value of another kind.
    """
    task = _task(name)
    arguments = {*inspect.signature(load).parameters, *inspect.signature(task.load).parameters}
    for option in options:
        if option not in arguments:
            raise unknown(f"option of task {name}", option, arguments - {"options", "files"})
    return values.options("task", options, task.load)


def _task(name: str) -> ModuleType | OwnTask:
    if name not in TASKS:
        loading.load()  # it may be the user's own
    if name not in TASKS:
        raise unknown("task", name, TASKS)
    return TASKS[name]
