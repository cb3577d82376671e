"""What a training is: one frozen ``Job`` of checked values.

Everything that a user can get wrong in a value is told here in one sentence. How a job comes out of ``conf/`` and the
command line, ``composition`` knows.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ltcbench.errors import UserError, unknown
from ltcbench.settings.numerics import EVERYWHERE, numerics


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


def checked(settings: Mapping[str, Any], recipe: str) -> Job:
    """The job of a composed configuration.

    Args:
        settings: as composed from ``conf/train.yaml``, as plain values.
        recipe: the chosen option of the group ``recipe``; ``none`` where the pair has none.

    Raises:
        UserError: a value of the wrong type or out of range.
    """
    model, task, trainer = dict(settings["model"]), dict(settings["task"]), dict(settings["trainer"])
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
        protocol=settings["protocol"]["name"],
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
        **{key: _checked(key, settings[key], kind) for key, kind in _TOP.items()},
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


def tree(job: Job) -> dict[str, Any]:
    """The job as a nested mapping with the names of the command line.

    Precision and numerics stand in it only where they are not the usual ones.
    """
    model = {"name": job.model, "hidden_size": job.hidden_size, **job.model_options}
    task = {"name": job.task, "source": job.source, "quirks": dict(job.quirks), **job.task_options}
    changed = numerics(model, task)
    return {
        "model": model,
        "task": task,
        "protocol": job.protocol,
        "recipe": job.recipe,
        "trainer": {**asdict(job.trainer), "class_weights": _listed(job.trainer.class_weights)},
        "seed": job.seed,
        **({} if job.precision == "float32" else {"precision": job.precision}),
        **({} if changed == EVERYWHERE else {"numerics": changed}),
    }


def _listed(weights: tuple[float, ...] | None) -> list[float] | None:
    return None if weights is None else list(weights)
