"""What a training is: one frozen ``Job`` of checked values.

Everything that a user can get wrong in a value is told here in one sentence. How a job comes out of ``conf/`` and the
command line, ``composition`` knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, get_type_hints

from ltcbench import values
from ltcbench.errors import UserError, unknown
from ltcbench.plugins import registered
from ltcbench.settings.numerics import EVERYWHERE, numerics
from ltcbench.values import Range


@dataclass(frozen=True)
class Trainer:
    """How a network is trained; the keys and their meaning are those of ``conf/trainer/default.yaml``."""

    optimizer: str
    learning_rate: float
    decay: float
    decay_every: str
    least_learning_rate: float
    epochs: int
    batch_size: int
    drop_last: bool
    shuffled: bool
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

    ``model``, ``task`` are names; ``model_options`` and ``task_options`` the further keys of their groups; ``code``
    tells where they come from and what they said, ``from`` and ``sha256``, where they are the user's own.
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
    code: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


CHOICES = {
    "optimizer": ("adam", "adamw", "adamax", "rmsprop"),
    "decay_every": ("epoch", "step", "update"),
    "clip_by": ("global", "parameter"),
    "engine": ("auto", "eager", "compiled", "fused"),
    "precision": ("float32", "bfloat16_matmul"),
    "tracker": ("mlflow", "none"),
}
# Settings that are younger than published runs, and what they were before: where they are that still, ``tree`` tells
# nothing of them, so that those runs stay what they are.
SINCE: dict[str, dict[str, Any]] = {
    "trainer": {"least_learning_rate": 0.0, "shuffled": True},
    "model": {"union_times": False, "forward_time_bug": False},
    "task.quirks": {"unlabelled_as_walking": False, "seeded_validation": False},
}
WHERE = ("path",)  # options of a task that say where its data are; which data they are, their checksums tell
_SIZE = Range(1, 10**6)
_COUNT = Range(1, 2**31, without="most")
_POSITIVE = Range(0, 1e30, without="least")  # torch computes in float32
_NOT_NEGATIVE = Range(0, 1e30)
_SHARE = Range(0, 1, without="most")
RANGES = {
    "seed": Range(0, 2**64, without="most"),
    "threads": Range(1, 1024),
    "model.hidden_size": _SIZE,
    "trainer.epochs": _COUNT,
    "trainer.batch_size": _COUNT,
    "trainer.learning_rate": _POSITIVE,
    "trainer.decay": _POSITIVE,
    "trainer.least_learning_rate": _NOT_NEGATIVE,
    "trainer.clip_norm": _POSITIVE,
    "trainer.epsilon": _POSITIVE,
    "trainer.weight_decay": _NOT_NEGATIVE,
    "trainer.kernel_penalty": _NOT_NEGATIVE,
    "trainer.class_weights": _NOT_NEGATIVE,
    "trainer.beta1": _SHARE,
    "trainer.beta2": _SHARE,
    "trainer.rho": _SHARE,
}


def checked(settings: Mapping[str, Any], recipe: str) -> Job:
    """The job of a composed configuration.

    Args:
        settings: as composed from ``conf/train.yaml``, as plain values.
        recipe: the chosen option of the group ``recipe``; ``none`` where the pair has none.

    Raises:
        UserError: a value of the wrong type or out of range.
    """
    model, task, trainer = (dict(_group(settings, name)) for name in ("model", "task", "trainer"))
    quirks = {name: _checked(f"task.quirks.{name}", value, bool) for name, value in _group(task, "task.quirks").items()}
    del task["quirks"]
    kinds = get_type_hints(Trainer) | {"class_weights": Sequence[float] | None}
    trainer = SINCE["trainer"] | trainer
    unexpected = set(trainer) - set(kinds)
    if unexpected:
        raise unknown("trainer setting", min(unexpected), kinds)
    trained = {name: _taken(trainer, f"trainer.{name}", kind) for name, kind in kinds.items()}
    weights = trained["class_weights"]
    if weights is not None:
        if not any(weights):
            raise UserError(f"trainer.class_weights={weights} has no number above zero: write one for each class.")
        trained["class_weights"] = tuple(weights)
    names = {"model": _taken(model, "model.name", str), "task": _taken(task, "task.name", str)}
    return Job(
        **names,
        hidden_size=_taken(model, "model.hidden_size", int),
        model_options=model,
        source=_taken(task, "task.source", str),
        task_options=task,
        protocol=_taken(dict(_group(settings, "protocol")), "protocol.name", str),
        quirks=quirks,
        recipe=recipe,
        trainer=Trainer(**trained),
        **{key: _taken(dict(settings), key, kind) for key, kind in _TOP.items()},
        code=registered.code(**names),
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


def _group(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = settings.get(name.rpartition(".")[2])
    if not isinstance(found, Mapping):
        raise UserError(f"{name}={found} is not a group of settings: choose one of its options by name.")
    return found


def _taken(group: dict[str, Any], key: str, kind: Any) -> Any:
    """The setting ``key`` (``trainer.epochs``) checked and taken out of its group."""
    name = key.rpartition(".")[2]
    if name not in group:
        raise UserError(f"{key} is missing: it cannot be left out.")
    return _checked(key, group.pop(name), kind)


def _checked(key: str, value: Any, kind: Any) -> Any:
    found = values.checked(key, value, kind, RANGES.get(key))
    name = key.rpartition(".")[2]
    if name in CHOICES and found not in CHOICES[name]:
        raise unknown(key, found, CHOICES[name])
    return found


def tree(job: Job) -> dict[str, Any]:
    """The job as a nested mapping with the names of the command line.

    Precision, numerics and what is in ``SINCE`` stand in it only where they are not the usual ones.
    """
    model = {"name": job.model, "hidden_size": job.hidden_size, **job.model_options}
    quirks = _without_usual("task.quirks", job.quirks)
    task = {"name": job.task, "source": job.source, "quirks": quirks, **job.task_options}
    trainer = {**asdict(job.trainer), "class_weights": _listed(job.trainer.class_weights)}
    changed = numerics(model, task)
    return {
        "model": _without_usual("model", model),
        "task": task,
        "protocol": job.protocol,
        "recipe": job.recipe,
        "trainer": _without_usual("trainer", trainer),
        "seed": job.seed,
        **({} if job.precision == "float32" else {"precision": job.precision}),
        **({} if changed == EVERYWHERE else {"numerics": changed}),
        **({"code": {kind: dict(where) for kind, where in job.code.items()}} if job.code else {}),
    }


def sources(tree: Mapping[str, Any]) -> dict[str, str]:
    """The SHA-256 of own code by kind, of a job as ``tree`` or ``config.yaml`` has it; empty where all is ours."""
    return {kind: where["sha256"] for kind, where in tree.get("code", {}).items()}


def _without_usual(group: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    usual = SINCE[group]
    return {key: value for key, value in settings.items() if key not in usual or value != usual[key]}


def _listed(weights: tuple[float, ...] | None) -> list[float] | None:
    return None if weights is None else list(weights)
