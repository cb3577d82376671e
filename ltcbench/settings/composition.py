"""Composition: the groups of ``conf/`` and the overrides of a command line -> a ``Job``.

A value comes, in rising order of precedence, from the model's and the trainer's defaults, the task, the recipe of the
pair, the command line. What Hydra says about a wrong override is told in one sentence.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ltcbench import places
from ltcbench.errors import UserError, unknown
from ltcbench.settings import groups
from ltcbench.settings.job import Job, checked

T = TypeVar("T")


def composed(overrides: Sequence[str]) -> Job:
    """The job that ``ltcbench train`` would run with these overrides.

    Raises:
        UserError: an override is not one, or names something that does not exist.
    """
    from hydra import compose, initialize_config_dir

    def build() -> Job:
        with initialize_config_dir(str(places.conf()), version_base="1.3"):
            cfg = compose("train", overrides=list(overrides), return_hydra_config=True)
        return job(cfg, chosen_recipe(cfg.hydra))

    return explained(build)


def defaults(group: str, name: str) -> dict[str, Any]:
    """The settings of one option of a group, e.g. ``defaults("model", "cfc_s")``, with what it inherits."""
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(str(places.conf()), version_base="1.3"):
        cfg = compose(f"{group}/{name}")
    return cast(dict[str, Any], OmegaConf.to_container(cfg[group]))


def job(cfg: DictConfig, recipe: str) -> Job:
    """The checked job of a composed configuration.

    Args:
        cfg: as composed from ``conf/train.yaml``.
        recipe: the chosen option of the group ``recipe``; ``none`` where the pair has none.

    Raises:
        UserError: a value of the wrong type or out of range, or an interpolation that leads nowhere.
    """
    try:
        settings = cast(dict[str, Any], OmegaConf.to_container(cfg, resolve=True))
    except OmegaConfBaseException as error:
        raise UserError(f"{_first_line(error)}: mend the override or the configuration file it comes from.") from None
    return checked(settings, recipe)


def chosen_recipe(hydra: Any) -> str:
    """The option of the group ``recipe``, from Hydra's own part of a configuration; ``none`` where the pair has none.

    Raises:
        UserError: a recipe was asked for by name and does not exist.
    """
    choice = str(hydra.runtime.choices.get("recipe"))
    if (places.conf() / "recipe" / f"{choice}.yaml").is_file():
        return choice
    if any(override.startswith("recipe=") for override in hydra.overrides.task):
        raise unknown("recipe", choice, groups.names("recipe"))
    return "none"


def explained(action: Callable[[], T]) -> T:
    """The result of ``action()``; what Hydra says about a wrong override becomes a UserError of one sentence."""
    from hydra.errors import HydraException

    try:
        return action()
    except (HydraException, OmegaConfBaseException) as error:
        raise _explain(error) from None


def _explain(error: Exception) -> UserError:
    text = str(error)
    if match := re.search(r"Could not find '(\w+)/(\S+)'", text):
        return unknown(match[1], match[2], groups.names(match[1]))
    if match := re.search(r"Could not override '([^']+)'", text):
        return unknown("setting", match[1], _settings())
    if match := re.search(r"No match in the defaults list.*?'\+?(\w+)=", text, flags=re.DOTALL):
        return unknown("setting", match[1], _settings())
    return UserError(f"{_first_line(error)}: write overrides as key=value; ltcbench show prints the keys.")


def _settings() -> list[str]:
    """Every key that can be set on the command line with the default model and task."""
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(str(places.conf()), version_base="1.3"):
        cfg = compose("train")

    def keys(node: Mapping[Any, Any], prefix: str) -> list[str]:
        found: list[str] = []
        for key, value in node.items():
            found += keys(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [f"{prefix}{key}"]
        return found

    plain = cast(dict[str, Any], OmegaConf.to_container(cfg))
    return [*keys(plain, ""), "model", "task", "protocol", "recipe", "debug"]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")
