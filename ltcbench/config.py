"""Configuration: Hydra groups in ``conf/`` -> one frozen ``Job``.

A value comes, in rising order of precedence, from the model's and the trainer's defaults, the task, the recipe of
the pair, the command line. ``Job`` holds checked values only; everything that a user can get wrong is told here in
one sentence.
"""

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ltcbench import places
from ltcbench.errors import UserError, unknown

T = TypeVar("T")


@dataclass(frozen=True)
class Trainer:
    """How a network is trained; the keys and their meaning are those of ``conf/trainer/default.yaml``."""

    optimizer: str
    learning_rate: float
    decay: float
    decay_every: str
    epochs: int
    batch_size: int
    drop_last: bool
    clip_norm: float | None
    clip_by: str
    weight_decay: float
    kernel_penalty: float
    class_weights: tuple[float, ...] | None
    beta1: float
    beta2: float
    rho: float
    epsilon: float


@dataclass(frozen=True)
class Job:
    """One training: everything that decides it.

    ``model``, ``task`` are names; ``model_options`` and ``task_options`` the further keys of their groups.
    """

    model: str
    hidden_size: int
    model_options: Mapping[str, Any]
    task: str
    source: str
    task_options: Mapping[str, Any]
    protocol: str
    quirks: Mapping[str, bool]
    recipe: str
    trainer: Trainer
    seed: int
    device: str
    engine: str
    precision: str
    threads: int
    mirror: str | None
    force: bool
    tracker: str
    tracking_uri: str | None


CHOICES = {
    "optimizer": ("adam", "adamw", "rmsprop"),
    "decay_every": ("epoch", "step"),
    "clip_by": ("global", "parameter"),
    "engine": ("auto", "eager", "compiled", "fused"),
    "precision": ("float32", "bfloat16_matmul"),
    "tracker": ("mlflow", "none"),
}
WHERE = ("path",)  # options of a task that say where its data are; which data they are, their checksums tell
_POSITIVE = ("learning_rate", "decay", "epochs", "batch_size", "clip_norm", "epsilon", "hidden_size", "threads")
_NOT_NEGATIVE = ("weight_decay", "kernel_penalty", "seed", "beta1", "beta2", "rho")


def names(group: str) -> list[str]:
    """Names of the options of a configuration group, e.g. ``names("task")``."""
    return sorted(path.stem for path in (places.conf() / group).glob("*.yaml"))


def defaults(group: str, name: str) -> dict[str, Any]:
    """The settings of one option of a group, e.g. ``defaults("model", "cfc_s")``, with what it inherits."""
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(str(places.conf()), version_base="1.3"):
        cfg = compose(f"{group}/{name}")
    return cast(dict[str, Any], OmegaConf.to_container(cfg[group]))


def comment(group: str, name: str) -> str:
    """The comment at the head of a configuration file, without marks."""
    lines = (places.conf() / group / f"{name}.yaml").read_text().splitlines()
    head = itertools.takewhile(lambda line: line.startswith("#"), lines)
    return " ".join(line.lstrip("# ") for line in head if not line.startswith("# @package"))


def job(cfg: DictConfig, recipe: str) -> Job:
    """The checked job of a composed configuration.

    Args:
        cfg: as composed from ``conf/train.yaml``.
        recipe: the chosen option of the group ``recipe``; ``none`` where the pair has none.

    Raises:
        UserError: a value of the wrong type or out of range.
    """
    try:
        plain = cast(dict[str, Any], OmegaConf.to_container(cfg, resolve=True))
    except OmegaConfBaseException as error:
        raise UserError(f"{_first_line(error)}: mend the override or the configuration file it comes from.") from None
    model, task, trainer = dict(plain["model"]), dict(plain["task"]), dict(plain["trainer"])
    quirks = {name: _checked(f"task.quirks.{name}", value, bool) for name, value in task.pop("quirks").items()}
    unexpected = set(trainer) - {field.name for field in fields(Trainer)}
    if unexpected:
        raise unknown("trainer setting", min(unexpected), [field.name for field in fields(Trainer)])
    weights = trainer.pop("class_weights")
    if weights is not None:
        if not isinstance(weights, list):
            raise UserError(
                f"trainer.class_weights={weights} is not a list: write a number for each class, e.g. [1,8]."
            )
        weights = tuple(_checked("trainer.class_weights", weight, float) for weight in weights)
    return Job(
        model=model.pop("name"),
        hidden_size=_checked("model.hidden_size", model.pop("hidden_size"), int),
        model_options=model,
        task=task.pop("name"),
        source=_checked("task.source", task.pop("source"), str),
        task_options=task,
        protocol=plain["protocol"]["name"],
        quirks=quirks,
        recipe=recipe,
        trainer=Trainer(
            **{
                field.name: _checked(f"trainer.{field.name}", trainer[field.name], field.type)
                for field in fields(Trainer)
                if field.name != "class_weights"
            },
            class_weights=weights,
        ),
        **{key: _checked(key, plain[key], kind) for key, kind in _TOP.items()},
    )


_TOP: dict[str, Any] = {
    "seed": int,
    "device": str,
    "engine": str,
    "precision": str,
    "threads": int,
    "mirror": str | None,
    "force": bool,
    "tracker": str,
    "tracking_uri": str | None,
}


def _checked(key: str, value: Any, kind: Any) -> Any:
    """``value`` as ``kind`` (bool, int, float, str or one of these with None), or a sentence that it is not."""
    name = key.rsplit(".", 1)[-1]
    optional = kind in (float | None, str | None)
    base = kind if isinstance(kind, type) else float if kind == float | None else str
    wanted = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[base]
    if optional:
        wanted += " or null"
    if value is None and optional:
        return None
    if base in (float, str) and isinstance(value, (int, float)) and not isinstance(value, bool):
        value = base(value)
    if not isinstance(value, base) or (base is int and isinstance(value, bool)):
        raise UserError(f"{key}={value} is not {wanted}: expected e.g. {key}={_EXAMPLE[base]}.")
    number: Any = value  # mypy cannot follow a type chosen at run time
    if name in CHOICES and number not in CHOICES[name]:
        raise unknown(key, number, CHOICES[name])
    if name in _POSITIVE and not 0 < number < float("inf"):
        raise UserError(f"{key}={value} is out of range: expected a number above zero.")
    if name in _NOT_NEGATIVE and not 0 <= number < float("inf"):
        raise UserError(f"{key}={value} is out of range: expected zero or more.")
    return number


_EXAMPLE = {bool: "true", int: 10, float: 0.001, str: "name"}


def quirks(task: str, protocol: str, by_hand: Mapping[str, bool] | None = None) -> dict[str, bool]:
    """Every switch of ``task``, as ``protocol`` says unless it is set by hand.

    Raises:
        UserError: unknown protocol or switch.
    """
    if protocol not in names("protocol"):
        raise unknown("protocol", protocol, names("protocol"))
    cfg = cast(DictConfig, OmegaConf.load(places.conf() / "task" / f"{task}.yaml"))
    cfg.protocol = OmegaConf.load(places.conf() / "protocol" / f"{protocol}.yaml")
    switches = cast(dict[str, bool], OmegaConf.to_container(cfg.task.quirks, resolve=True))
    for name, value in (by_hand or {}).items():
        if name not in switches:
            raise unknown(f"quirk of {task}", name, switches)
        switches[name] = value
    return switches


def quirk_notes(task: str) -> dict[str, str]:
    """What each switch of ``task`` does: the comment beside it in ``conf/task/<task>.yaml``."""
    text = (places.conf() / "task" / f"{task}.yaml").read_text()
    return dict(re.findall(r"^    (\w+): .*?# (.*)$", text, flags=re.MULTILINE))


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


def chosen_recipe(hydra: Any) -> str:
    """The option of the group ``recipe``, from Hydra's own part of a configuration; ``none`` where the pair has none.

    Raises:
        UserError: a recipe was asked for by name and does not exist.
    """
    choice = str(hydra.runtime.choices.get("recipe"))
    if (places.conf() / "recipe" / f"{choice}.yaml").is_file():
        return choice
    if any(override.startswith("recipe=") for override in hydra.overrides.task):
        raise unknown("recipe", choice, names("recipe"))
    return "none"


def tree(job: Job) -> dict[str, Any]:
    """The job as a nested mapping with the names of the command line; the precision only where it is not the usual."""
    return {
        "model": {"name": job.model, "hidden_size": job.hidden_size, **job.model_options},
        "task": {"name": job.task, "source": job.source, "quirks": dict(job.quirks), **job.task_options},
        "protocol": job.protocol,
        "recipe": job.recipe,
        "trainer": {**asdict(job.trainer), "class_weights": _listed(job.trainer.class_weights)},
        "seed": job.seed,
        **({} if job.precision == "float32" else {"precision": job.precision}),
    }


def _listed(weights: tuple[float, ...] | None) -> list[float] | None:
    return None if weights is None else list(weights)


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
        return unknown(match[1], match[2], names(match[1]))
    if match := re.search(r"Could not override '([^']+)'", text):
        return unknown("setting", match[1], settings())
    if match := re.search(r"No match in the defaults list.*?'\+?(\w+)=", text, flags=re.DOTALL):
        return unknown("setting", match[1], settings())
    return UserError(f"{_first_line(error)}: write overrides as key=value; ltcbench show prints the keys.")


def settings() -> list[str]:
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
