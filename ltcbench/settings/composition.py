"""Composition: the groups of ``conf/`` and the overrides of a command line -> a ``Job``.

A value comes, in rising order of precedence, from the model's and the trainer's defaults, the task, the recipe of the
pair, the command line. What Hydra says about a wrong override is told in one sentence.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import walk_tb
from typing import Any, TypeVar, cast

from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from ltcbench import places
from ltcbench.errors import UserError, unknown
from ltcbench.settings import groups
from ltcbench.settings.job import Job, checked

T = TypeVar("T")

_LAUNCHERS = {"joblib": "parallel", "submitit_local": "slurm", "submitit_slurm": "slurm"}  # the extra with each
_NAMES_ONLY = "a group takes the name of an option: write e.g. model=cfc; ltcbench list models prints names."


def composed(overrides: Sequence[str]) -> Job:
    """The job that ``ltcbench train`` would run with these overrides.

    Raises:
        UserError: an override is not one, or names something that does not exist, or a value is wrong.
    """
    return checked(*plain(overrides))


def plain(overrides: Sequence[str]) -> tuple[dict[str, Any], str]:
    """The settings of a job and its recipe, as ``job.checked`` takes them; errors as for ``composed``."""
    from hydra import compose, initialize_config_dir

    def build() -> DictConfig:
        with _beside_a_program_of_hydras(), initialize_config_dir(str(places.conf()), version_base="1.3"):
            return compose("train", overrides=list(overrides), return_hydra_config=True)

    cfg = explained(build)
    hydra = cfg.hydra
    with open_dict(cfg):
        del cfg["hydra"]  # as for a program of Hydra's
    return _resolved(cfg), chosen_recipe(hydra)


@contextmanager
def _beside_a_program_of_hydras() -> Iterator[None]:
    """In the middle of `ltcbench train` too, where Hydra says that it is in use."""
    from hydra.core.global_hydra import GlobalHydra

    used, GlobalHydra.instance().hydra = GlobalHydra.instance().hydra, None
    try:
        yield
    finally:
        GlobalHydra.instance().hydra = used


def defaults(group: str, name: str) -> dict[str, Any]:
    """The settings of one option of a group, e.g. ``defaults("model", "cfc_s")``, with what it inherits."""
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(str(places.conf()), version_base="1.3"):
        cfg = compose(f"{group}/{name}")
    return cast(dict[str, Any], OmegaConf.to_container(cfg[group]))


def executor(overrides: Sequence[str]) -> dict[str, Any]:
    """The settings of the executor that these overrides choose, those of ``local`` where they choose none.

    Raises:
        UserError: an override is not one, or names something that does not exist.
    """
    from hydra import compose, initialize_config_dir

    def build() -> DictConfig:
        with initialize_config_dir(str(places.conf()), version_base="1.3"):
            return compose(overrides=["+executor=local", *overrides])

    def settings() -> list[str]:
        names = groups.names("executor")
        return sorted({f"executor.{key}" for name in names for key in defaults("executor", name)})

    return cast(dict[str, Any], OmegaConf.to_container(explained(build, settings).executor))


def experiment(name: str, overrides: Sequence[str]) -> dict[str, Any]:
    """The settings of ``conf/experiment/<name>.yaml`` with these overrides, ``protocol`` as the name of the one chosen.

    Raises:
        UserError: an override is not one, or names something that does not exist.
    """
    from hydra import compose, initialize_config_dir

    def build(overrides: Sequence[str] = overrides) -> DictConfig:
        with initialize_config_dir(str(places.conf()), version_base="1.3"):
            return compose(f"experiment/{name}", overrides=list(overrides))

    def plain(cfg: DictConfig) -> dict[str, Any]:
        found = cast(dict[str, Any], OmegaConf.to_container(cfg, resolve=True))
        return found | {"protocol": found["protocol"]["name"]}

    return explained(lambda: plain(build()), lambda: _keys(plain(build(()))))


def job(cfg: DictConfig, recipe: str) -> Job:
    """The checked job of a composed configuration.

    Args:
        cfg: as composed from ``conf/train.yaml``.
        recipe: the chosen option of the group ``recipe``; ``none`` where the pair has none.

    Raises:
        UserError: a value of the wrong type or out of range, or an interpolation that leads nowhere.
    """
    return checked(_resolved(cfg), recipe)


def _resolved(cfg: DictConfig) -> dict[str, Any]:
    try:
        return cast(dict[str, Any], OmegaConf.to_container(cfg, resolve=True))
    except OmegaConfBaseException as error:
        raise UserError(
            f"{error.full_key}: {_first_line(error)}: mend the override or the configuration file it comes from; "
            "a ${ that is meant as text is written \\${."
        ) from None


def chosen_recipe(hydra: Any) -> str:
    """The option of the group ``recipe``, from Hydra's own part of a configuration; ``none`` where the pair has none.

    Raises:
        UserError: a recipe was asked for by name and does not exist.
    """
    # Unresolved, for folders and overrides may hold a ${x} that is no interpolation, or leads nowhere.
    runtime = cast(dict[str, Any], OmegaConf.to_container(hydra.runtime))
    overrides = cast(list[str], OmegaConf.to_container(hydra.overrides.task))
    choice = str(runtime["choices"].get("recipe"))
    folders = [Path(source["path"]) for source in runtime["config_sources"] if source["schema"] == "file"]
    if any((folder / "recipe" / f"{choice}.yaml").is_file() for folder in folders):
        return choice
    if any(override.startswith("recipe=") for override in overrides):
        raise unknown("recipe", choice, {name for folder in folders for name in groups.names("recipe", folder)})
    return "none"


def explained(action: Callable[[], T], settings: Callable[[], list[str]] | None = None) -> T:
    """The result of ``action()``; what Hydra says about a wrong override becomes a UserError of one sentence.

    Args:
        action: composes.
        settings: every key that can be set; those of a training unless it is given.
    """
    from hydra.errors import HydraException
    from yaml import YAMLError

    try:
        return action()
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
        raise _explain(error, settings or _settings) from None
    except TypeError as error:
        *_, (frame, _) = walk_tb(error.__traceback__)
        if frame.f_globals.get("__name__") != "hydra._internal.defaults_list":
            raise
        raise UserError(_NAMES_ONLY) from None  # of trainer=[1]


def _explain(error: Exception, settings: Callable[[], list[str]]) -> UserError:
    from hydra.errors import MissingConfigException, OverrideParseException
    from omegaconf.errors import GrammarParseError
    from yaml import YAMLError

    if isinstance(error.__cause__ or error, GrammarParseError):
        return UserError("a ${ has no } behind it: write \\${ where it is text, and use no folder of such a name.")
    if isinstance(error, OverrideParseException):
        return _unreadable(error.override)
    if isinstance(error, MissingConfigException) and error.options:
        group, _, name = str(error.missing_cfg_file).rpartition("/")
        if group == "hydra/launcher" and name in _LAUNCHERS:
            extra = _LAUNCHERS[name]
            return UserError(f"hydra/launcher={name} is not installed: pip install 'ltcbench[{extra}]' brings it.")
        return unknown(group, name, error.options)
    if isinstance(error, (YAMLError, UnicodeDecodeError)):
        return UserError(f"a configuration file is not YAML in UTF-8 ({' '.join(str(error).split())}): mend it.")
    return _by_its_words(str(error), settings) or UserError(
        f"{_first_line(error)}: write overrides as key=value; ltcbench show prints the keys."
    )


def _by_its_words(text: str, settings: Callable[[], list[str]]) -> UserError | None:
    """The sentence for what Hydra raises as a bare ConfigCompositionException or ValueError: only the words differ.

    Behind a key that does not exist is an exception of OmegaConf's with a ``full_key``, but of ``trainer.a.b`` it says
    ``trainer.a``, and there is none where a group does not exist.
    """
    if match := re.search(r"(?:Ambiguous value for argument|Sweep parameters) '(.*)'", text):
        return UserError(
            f"{match[1]} stands for several trainings: add -m to `ltcbench train` to do them all; "
            "one list is written [a,b], a text with a comma '\"a,b\"'."
        )
    if match := re.search(r"Could not override '([^']*)'|No match in the defaults list.*?'\+?(\w+)=", text, re.DOTALL):
        name = match[1] or match[2]
        if not name:
            return _unreadable("=")
        if groups.names(name):  # of task={a:1}
            return UserError(_NAMES_ONLY)
        return unknown("setting", name, settings())
    if match := re.search(r"Multiple values for (\w+)\.", text):
        return UserError(f"{match[1]} is given twice: write {match[1]}=NAME once, without +.")
    if "'${task}-${model}'" in text:  # the recipe in conf/train.yaml
        return UserError("a training has one model and one task: write model=NAME and task=NAME, without ~ and [].")
    if "Config group override" in text:
        return UserError(_NAMES_ONLY)
    return None


def _unreadable(override: str) -> UserError:
    """The sentence for an override that Hydra's grammar does not read, with the quotes that it would read."""
    key, equals, value = override.partition("=")
    if not (key and equals):
        return UserError(f"'{override}' is not an override: write overrides as key=value, e.g. model=cfc.")
    listed = value.startswith(("[", "{"))
    example = '\'task.values=["a b","c;d"]\'' if listed else shlex.quote(f"{key}={quoted(value)}")
    return UserError(
        f"cannot read the value in {override}: write overrides as key=value, and a text with special characters "
        f"in double quotes inside single ones, e.g. {example}."
    )


def quoted(text: str) -> str:
    """``text`` in the quotes in which Hydra's grammar reads any text as it is."""
    # Only before a quote or a $ is a backslash one that escapes; the end of the text stands before a quote.
    return '"' + re.sub(r'(\\*)("|\$\{|$)', lambda match: match[1] * 2 + "\\" * bool(match[2]) + match[2], text) + '"'


def _settings() -> list[str]:
    """Every key that can be set on the command line with the default model and task."""
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(str(places.conf()), version_base="1.3"):
        cfg = compose("train")

    plain = cast(dict[str, Any], OmegaConf.to_container(cfg))
    return [*_keys(plain), "model", "task", "protocol", "recipe", "debug"]


def _keys(node: Mapping[Any, Any], prefix: str = "") -> list[str]:
    """The keys of a tree as they are written on the command line."""
    found: list[str] = []
    for key, value in node.items():
        found += _keys(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [f"{prefix}{key}"]
    return found


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")
