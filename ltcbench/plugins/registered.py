"""The models and tasks of the user's own that were registered: where they come from, and their settings."""

import inspect
import re
import sys
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ltcbench import values
from ltcbench.errors import UserError
from ltcbench.files import from_yaml
from ltcbench.plugins import source

Kind = Literal["model", "task"]


@dataclass(frozen=True)
class Own:
    """A model or a task of the user's.

    Attributes:
        kind, name: what it is.
        origin: what the user names it by: the path of a file or package, or a module.
        file: that defines it.
        sha256: of all its source.
        settings: its group of the configuration, and further ones that its YAML sets, as ``conf/`` would have them.
        text: the configuration as text, with the comments of the YAML beside it.
    """

    kind: Kind
    name: str
    origin: str
    file: Path
    sha256: str
    settings: Mapping[str, Any]
    text: str


REGISTERED: dict[tuple[str, str], Own] = {}
loading: list[str] = []  # the origins that are being executed, the innermost last


def names(kind: str) -> list[str]:
    """The names that are registered of a kind; none of any other group of the configuration."""
    return [own.name for own in REGISTERED.values() if own.kind == kind]


def code(**chosen: str) -> dict[str, dict[str, str]]:
    """Where the code of a model and a task is from, by kind, as far as they are the user's: ``code(model="mine")``."""
    found = {kind: REGISTERED[kind, name] for kind, name in chosen.items() if (kind, name) in REGISTERED}
    return {kind: {"from": own.origin, "sha256": own.sha256} for kind, own in found.items()}


def add(kind: Kind, name: str, thing: Any, settings: Mapping[str, Any], taken: Collection[str]) -> Own:
    """Register ``thing``, a class or a function.

    Args:
        kind: what it is.
        name: by which the user chooses it.
        thing: what makes it; its module's file is part of its source, and the YAML beside that its configuration.
        settings: its group of the configuration.
        taken: names that ours have.

    Raises:
        UserError: the name is none or is taken, or ``thing`` has no source.
    """
    if not re.fullmatch(r"[A-Za-z]\w{0,99}", name, flags=re.ASCII):
        raise UserError(
            f"{kind} name '{name}' is none: expected letters, digits and _, a letter first, e.g. my_{kind}."
        )
    file = Path(getattr(sys.modules.get(thing.__module__), "__file__", None) or "")
    if not file.is_file():
        raise UserError(f"{kind} {name} has no source that can be read: write it into a file.")
    origin = loading[-1] if loading else str(file.resolve())
    before = REGISTERED.get((kind, name))
    if name in taken and before is None:
        raise UserError(f"the name {name} is taken by a {kind} of ltcbench: choose another one.")
    if before is not None and before.file != file.resolve():
        raise UserError(f"the name {name} is taken by the {kind} of {before.origin}: choose another one.")
    entries = [file, *([Path(origin)] if Path(origin).exists() else [])]
    sha256 = source.digest(set().union(*map(source.files, entries)))
    groups, text = _configuration(kind, name, settings, file)
    text = text or f"# {_title(sys.modules[thing.__module__].__doc__)}\n"
    REGISTERED[kind, name] = Own(kind, name, origin, file.resolve(), sha256, groups, text)
    return REGISTERED[kind, name]


def options(what: str, function: Any, reserved: Collection[str]) -> dict[str, Any]:
    """The keyword options of a class or a function and their defaults.

    Args:
        what: which one, in a sentence.
        function: whose options.
        reserved: names that mean something else.

    Raises:
        UserError: an option has no type, no default, one that does not fit, or a reserved name.
    """
    found: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        name, default = parameter.name, parameter.default
        if parameter.kind is not parameter.KEYWORD_ONLY:
            continue
        if name in reserved:
            raise UserError(f"{what} has an option {name}, which means something else here: choose another name.")
        if default is parameter.empty or parameter.annotation is parameter.empty:
            raise UserError(f"option {name} of {what} needs a type and a default: write e.g. {name}: float = 1.0.")
        try:
            with suppress(UserError):  # of no kind at all: whether the option's own can be told in a sentence
                values.options(what, {name: object()}, function)
            found |= values.options(what, {name: default}, function)
        except (LookupError, TypeError, NameError):
            raise UserError(
                f"option {name} of {what} has a type that no setting can have: expected bool, int, float, str, "
                "Literal, Sequence of one of them, or one of them | None."
            ) from None
    return found


def _title(docstring: str | None) -> str:
    """Its first paragraph, as one line."""
    return " ".join(inspect.cleandoc(docstring or "").partition("\n\n")[0].split())


def _configuration(kind: Kind, name: str, settings: Mapping[str, Any], file: Path) -> tuple[dict[str, Any], str]:
    """The groups that a model or task sets and how they read, from its options and ``<name>.yaml`` beside its file."""
    path = file.with_name(f"{name}.yaml")
    own = {"name": name, **settings}
    if not path.is_file():
        return {kind: own}, ""
    try:
        text = path.read_text(encoding="utf-8")
        said = from_yaml(text)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): expected YAML, a line a setting of {kind} {name}.") from None
    if not isinstance(said, dict):
        raise UserError(f"{path} holds no settings: expected YAML, a line a setting of {kind} {name}.")
    groups = said if re.match(r"# *@package +_global_\b", text) else {kind: said}
    return groups | {kind: own | (groups.get(kind) or {})}, text
