"""The words of a command line -> the checked settings of an experiment."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

from ltcbench import values
from ltcbench.errors import UserError, unknown
from ltcbench.experiments.experiment import Experiment, experiment
from ltcbench.settings import composition


def asked(name: str, words: Sequence[str]) -> tuple[str, Any]:
    """The protocol and the settings of an experiment with these overrides.

    Raises:
        UserError: no such experiment, or an override is not right.
    """
    its = experiment(name)
    composed = composition.experiment(name, words)
    return composed.pop("protocol"), checked(its, composed)


def checked(its: Experiment, given: Mapping[str, Any]) -> Any:
    """The settings of an experiment, every one of the right kind and in its range.

    Raises:
        UserError: one is not, is unknown, or is missing.
    """
    return _checked(its, its.Settings, given, "")


def _checked(its: Experiment, kind: Any, given: Any, prefix: str) -> Any:
    if not isinstance(given, Mapping):
        raise UserError(f"{prefix.rstrip('.')}={given} is not a group of settings: set one, {prefix}NAME=value.")
    kinds = get_type_hints(kind)
    for key in given:
        if key not in kinds:
            raise unknown("setting", f"{prefix}{key}", [f"{prefix}{name}" for name in kinds])
    return kind(**{field.name: _one(its, kinds[field.name], given, f"{prefix}{field.name}") for field in fields(kind)})


def _one(its: Experiment, kind: Any, given: Mapping[str, Any], key: str) -> Any:
    name = key.rpartition(".")[2]
    if name not in given:
        raise UserError(f"{key} is missing: leave out ~{key}, or give it a value.")
    if is_dataclass(kind):
        return _checked(its, kind, given[name], f"{key}.")
    found = values.checked(key, given[name], kind, its.RANGES.get(key))
    for text in found if isinstance(found, list) else [found]:
        if key in its.CHOICES and text is not None and text not in its.CHOICES[key]:
            raise unknown(key, str(text), its.CHOICES[key])
    return tuple(found) if isinstance(found, list) else found
