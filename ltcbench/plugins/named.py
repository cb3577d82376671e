"""What a user names as their own: flags, environment, ``ltcbench.toml`` in the working folder, entry points.

``LTCBENCH_WITH`` and ``LTCBENCH_CONFIG_DIR`` hold names with commas between them, or a list in JSON; this is how they
reach the processes that a command starts.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from ltcbench.errors import UserError, unknown

FILE = "ltcbench.toml"
ENVIRONMENT = {"with": "LTCBENCH_WITH", "config-dir": "LTCBENCH_CONFIG_DIR"}
GROUPS = ("ltcbench.models", "ltcbench.tasks")  # of entry points


def taken(arguments: Sequence[str]) -> list[str]:
    """The arguments without ``--with`` and ``--config-dir``, whose values go into the environment.

    Raises:
        UserError: a flag has no value, or what is named is not there.
    """
    rest: list[str] = []
    given: dict[str, list[str]] = {key: [] for key in ENVIRONMENT}
    words = iter(arguments)
    for word in words:
        flag, equals, value = word.partition("=")
        key = flag[2:] if flag.startswith("--") else ""
        if key not in ENVIRONMENT:
            rest.append(word)
            continue
        value = value if equals else next(words, "")
        if not value:
            raise UserError(f"{flag} names nothing: expected e.g. {flag} {_EXAMPLES[key]}.")
        given[key] += _resolved(key, _split(key, value), Path.cwd(), flag)
    for key, variable in ENVIRONMENT.items():
        if every := _once([*given[key], *_named(key)]):
            os.environ[variable] = json.dumps(every)
    return rest


def code() -> list[str]:
    """The files, packages and modules that hold own code: absolute paths, and names of modules.

    Raises:
        UserError: ``ltcbench.toml`` is not right, or what is named is not there.
    """
    installed = (entry.module for group in GROUPS for entry in entry_points(group=group))
    return _once([*_named("with"), *installed])


def environment() -> dict[str, str]:
    """The variables by which a process elsewhere knows what is named here."""
    return {variable: json.dumps(_named(key)) for key, variable in ENVIRONMENT.items()}


def folders() -> list[Path]:
    """The folders that hold own configuration, in groups as in ``conf/``; errors as for ``code``."""
    return [Path(folder) for folder in _named("config-dir")]


_EXAMPLES = {"with": "my_cells.py", "config-dir": "my_conf"}


def _once(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _named(key: str) -> list[str]:
    variable, here = ENVIRONMENT[key], Path.cwd()
    found = _resolved(key, _split(key, os.environ.get(variable, "")), here, variable)
    return _once([*found, *_resolved(key, _file(here).get(key, []), here, FILE)])


def _split(key: str, text: str) -> list[str]:
    if text.startswith("["):
        try:
            return [str(name) for name in json.loads(text)]
        except ValueError:
            pass  # a name that begins so
    return [text] if key == "config-dir" and text else [name.strip() for name in text.split(",") if name.strip()]


def _file(folder: Path) -> Mapping[str, list[str]]:
    """What ``ltcbench.toml`` in a folder says, as lists."""
    path = folder / FILE
    if not path.is_file():
        return {}
    if (folder / "config.yaml").is_file() and (folder / "checkpoint.pt").is_file():
        raise UserError(f"{path} lies in the folder of a run, where nothing counts as yours: go to another folder.")
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        said: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f'{path} cannot be read ({error}): expected lines like with = ["my_cells.py"].') from None
    found = {}
    for key, value in said.items():
        if key not in ENVIRONMENT:
            raise unknown(f"key of {path}", key, ENVIRONMENT)
        names = value if isinstance(value, list) else [value]
        if not all(isinstance(name, str) and name for name in names):
            raise UserError(f'{path}: {key} = {value!r} names nothing: expected e.g. {key} = ["{_EXAMPLES[key]}"].')
        found[key] = names
    return found


def _resolved(key: str, names: Sequence[str], folder: Path, where: str) -> list[str]:
    """Absolute paths; the name of a module stays what it is."""
    return [(_folder if key == "config-dir" else _origin)(name, folder, where) for name in names]


def _folder(name: str, folder: Path, where: str) -> str:
    path = _path(name, folder)
    if not path.is_dir():
        raise UserError(f"{where} {name} is not a folder: expected one with groups in it, e.g. recipe/mine.yaml.")
    return str(path)


def _origin(name: str, folder: Path, where: str) -> str:
    path = _path(name, folder)
    if path.is_file() and path.suffix == ".py":
        return str(path)
    if (path / "__init__.py").is_file():
        return str(path)
    if name.endswith(".py") or not all(part.isidentifier() for part in name.split(".")):
        raise UserError(
            f"{where} {name}: there is no such file or package in {folder}: expected e.g. {_EXAMPLES['with']}, a "
            "folder with __init__.py in it, or the name of a module that Python can import."
        )
    return name


def _path(name: str, folder: Path) -> Path:
    try:
        return (folder / Path(name).expanduser()).resolve()
    except (OSError, RuntimeError, ValueError):  # ~name of nobody, a link to itself
        return folder / name
