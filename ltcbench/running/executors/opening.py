"""The settings of an executor, as ``conf/executor/`` names them -> the executor."""

from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

from ltcbench import values
from ltcbench.errors import UserError, unknown
from ltcbench.running.executors import Executor
from ltcbench.running.executors.cluster import Address, Slurm
from ltcbench.running.executors.local import Local
from ltcbench.settings import composition
from ltcbench.values import Range

EXECUTORS: Mapping[str, Any] = {"local": Local, "slurm": Slurm, "address": Address}
_RANGES = {"jobs": Range(1, 10_000), "cpus": Range(1, 1024), "gpus": Range(0, 16), "deaths": Range(0, 10_000)}


def asked(words: Sequence[str], jobs: int | None) -> tuple[dict[str, Any], list[str]]:
    """The checked settings of the executor that a command line asks for, and its other overrides.

    Args:
        words: overrides, those of the executor among them.
        jobs: of ``--jobs``, the short form for the processes of this machine; None: not given.

    Raises:
        UserError: a setting is not right, or ``--jobs`` does not fit the executor.
    """
    own = [word for word in words if word.lstrip("+~").startswith(("executor=", "executor."))]
    settings = checked(composition.executor(own))
    if jobs is not None:
        if settings["name"] != "local":
            raise UserError(f"--jobs {jobs} is for executor=local: the settings of others are in conf/executor/.")
        settings["jobs"] = values.checked("--jobs", jobs, int, _RANGES["jobs"])
    return settings, [word for word in words if word not in own]


def checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, each of the right kind and in its range.

    Raises:
        UserError: one is not, is missing, or does not exist.
    """
    name = str(settings.get("name"))
    if name not in EXECUTORS:
        raise unknown("executor", name, EXECUTORS)
    kinds = {"name": str, **get_type_hints(EXECUTORS[name].__init__)}
    del kinds["return"]
    unexpected = set(settings) - set(kinds)
    if unexpected:
        raise unknown(f"setting of executor={name}", min(unexpected), kinds)
    for key in kinds:
        if settings.get(key, "???") == "???":
            raise UserError(f"executor.{key} is missing: it cannot be left out.")
    return {key: values.checked(f"executor.{key}", settings[key], kinds[key], _RANGES.get(key)) for key in kinds}


def opened(settings: Mapping[str, Any]) -> Executor:
    """The executor; who opens it closes it.

    Args:
        settings: checked ones.

    Raises:
        UserError: what it needs is not installed, or not there.
    """
    options = dict(settings)
    executor: Executor = EXECUTORS[options.pop("name")](**options)
    return executor
