"""A short name of a run: model, seed, and the settings that its model, task and recipe do not bring with them."""

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from ltcbench.errors import UserError
from ltcbench.settings.composition import composed
from ltcbench.settings.job import WHERE, tree

_LONGEST = 200  # characters
_NAMED = ("model.name", "task.name", "recipe", "protocol", "seed", *(f"task.{key}" for key in WHERE))


def named(config: Mapping[str, Any]) -> str:
    """The name of a run.

    Args:
        config: its ``config.yaml``.
    """
    model, task, protocol = config["model"]["name"], config["task"]["name"], config.get("protocol", "paper")
    recipe, usual = _usual(model, task, protocol, config.get("recipe", "none"))
    words = [f"{model}-{config['seed']}"]
    words += [f"protocol={protocol}"] if protocol != "paper" else []
    words += [f"recipe={recipe}"] if recipe else []
    for key, value in flattened(config).items():
        if usual is not None and key not in _NAMED and usual.get(key) != value:
            words.append(f"{key.rpartition('.')[2]}={_written(value)}")
    name = " ".join(words)
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


@cache
def _usual(model: str, task: str, protocol: str, recipe: str) -> tuple[str, dict[str, Any] | None]:
    """The recipe if it is not the one that the pair has by itself, and the settings where no other are asked for.

    Of a model, task or recipe that is not ours these are not known.
    """
    words = [f"model={model}", f"task={task}", f"protocol={protocol}"]
    with suppress(UserError):
        job = composed(words)
        if job.recipe == recipe:
            return "", flattened(tree(job))
        return recipe, flattened(tree(composed([*words, f"recipe={recipe}"])))
    return "", None


def _written(value: Any) -> str:
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def flattened(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"a": {"b": 1}}`` -> ``{"a.b": 1}``."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            flat |= flattened(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
