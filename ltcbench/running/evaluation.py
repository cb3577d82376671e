"""The network of a run, tested again."""

from collections.abc import Mapping
from typing import Any

from ltcbench import tasks
from ltcbench.errors import Failure, UserError, unknown
from ltcbench.running.folder import RunFolder
from ltcbench.running.machine import set_up
from ltcbench.running.run import built
from ltcbench.settings import composition, groups
from ltcbench.settings.job import Job, checked
from ltcbench.settings.job import tree as job_tree
from ltcbench.training import checkpoint
from ltcbench.training.batches import Part
from ltcbench.training.evaluate import evaluate

ELSEWHERE = ("device", "engine", "threads", "mirror", "force", "tracker", "tracking_uri")  # are not in config.yaml


def job_of(tree: Mapping[str, Any]) -> Job:
    """The job that a run's ``config.yaml`` tells of, on the device and with the engine of the defaults.

    Args:
        tree: as ``RunFolder.config`` gives it.

    Raises:
        UserError: no training has such settings.
    """
    names = {"model": tree["model"]["name"], "task": tree["task"]["name"], "protocol": tree["protocol"]}
    for group, name in names.items():
        if name not in (known := groups.names(group)):
            raise unknown(group, name, known)
    job = composition.composed([f"{group}={name}" for group, name in names.items()])
    usual = job_tree(job)
    settings = {
        "precision": job.precision,
        **tree,
        **{group: completed(group, tree[group], usual[group]) for group in ("model", "task", "trainer")},
        **{key: getattr(job, key) for key in ELSEWHERE},
        "protocol": {"name": tree["protocol"]},
    }
    return checked(settings, tree["recipe"])


def completed(group: str, given: Any, usual: Mapping[str, Any]) -> dict[str, Any]:
    """The settings ``given``, and the usual ones for those that lack.

    Raises:
        UserError: one does not exist, or is of another kind than the usual one.
    """
    if not isinstance(given, dict):
        raise UserError(f"{group}={given} is of another kind than {dict(usual)}.")
    settings = {**usual, **given}
    for key, value in given.items():
        if key not in usual:
            raise unknown("setting", f"{group}.{key}", [f"{group}.{name}" for name in usual])
        if isinstance(usual[key], dict):
            settings[key] = completed(f"{group}.{key}", value, usual[key])
        elif group == "model" and not _alike(value, usual[key]):
            raise UserError(f"{group}.{key}={value} is of another kind than {usual[key]}.")
    return settings


def _alike(value: Any, usual: Any) -> bool:
    """Whether ``value`` may stand for a setting of a model that is usually ``usual``."""
    if usual is None:
        return value is None or type(value) in (int, float)
    return type(value) is type(usual) or (type(value) is int and isinstance(usual, float))


def evaluated(folder: RunFolder) -> dict[str, dict[str, float]]:
    """Loss and metric on train, valid (where there is one) and test, with the weights of the epoch that counts.

    Raises:
        UserError: the configuration is damaged, or the data cannot be had.
        Failure: the checkpoint cannot be read, or has no such epoch.
    """
    config = folder.config()
    try:
        job = job_of(config)
        tasks.at_hand(job.task, job.source)  # tells a source that does not exist
    except UserError as error:
        raise _unusable(folder, error) from None
    device = set_up(job)
    data = tasks.load(job.task, job.protocol, job.source, job.quirks, job.mirror, **job.task_options)
    try:
        network = built(job, data).to(device)
    except Exception as error:  # a cell checks no types
        raise _unusable(folder, error) from error
    try:
        network.load_state_dict(checkpoint.read(folder.checkpoint)["progress"].best_weights)
    except Exception as error:
        raise Failure(
            f"{folder.checkpoint} holds no network of this run ({type(error).__name__}): train again with force=true."
        ) from error
    parts = {"train": data.train, "valid": data.valid, "test": data.test}
    return {
        name: evaluate(network, data.spec, Part.of(data.spec, part, device)) for name, part in parts.items() if part
    }


def _unusable(folder: RunFolder, error: Exception) -> UserError:
    return UserError(f"{folder.path / 'config.yaml'} cannot be used: {error}")
