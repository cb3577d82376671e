"""The network of a run, tested again."""

from collections.abc import Mapping
from typing import Any

from ltcbench import tasks
from ltcbench.errors import Failure, UserError
from ltcbench.models import Network
from ltcbench.plugins import loading
from ltcbench.running.checks import check
from ltcbench.running.folder import RunFolder
from ltcbench.running.machine import set_up
from ltcbench.running.run import built
from ltcbench.settings import composition, groups
from ltcbench.settings.job import Job, checked
from ltcbench.training import checkpoint
from ltcbench.training.batches import Part
from ltcbench.training.scoring import evaluate

ELSEWHERE = ("device", "engine", "threads", "mirror", "force", "tracker", "tracking_uri")  # are not in config.yaml


def job_of(tree: Mapping[str, Any]) -> Job:
    """The job that a run's ``config.yaml`` tells of, on the device and with the engine of the defaults.

    Args:
        tree: as ``RunFolder.config`` gives it.

    Raises:
        UserError: no training has such settings.
    """
    made = tree.get("code", {})
    if not (isinstance(made, dict) and all(isinstance(where, dict) for where in made.values())):
        raise UserError(f"code={made} does not say where own code is: expected from and sha256 of a model or a task.")
    loading.require(made, model=str(tree["model"].get("name")), task=str(tree["task"].get("name")))
    usual = composition.composed([])
    elsewhere = {key: getattr(usual, key) for key in ELSEWHERE}
    protocol = {"name": tree.get("protocol")}
    job = checked({"precision": usual.precision, **tree, **elsewhere, "protocol": protocol}, str(tree.get("recipe")))
    check(job)
    groups.quirks(job.task, job.protocol, job.quirks)
    tasks.at_hand(job.task, job.source)  # tells a source that does not exist
    return job


def put_weights(network: Network, folder: RunFolder) -> None:
    """Give the network the weights of the epoch that counts.

    Raises:
        Failure: the checkpoint cannot be read, or has no such epoch.
    """
    try:
        network.load_state_dict(checkpoint.read(folder.checkpoint)["progress"].best_weights)
    except Exception as error:
        raise Failure(
            f"{folder.checkpoint} holds no network of this run ({type(error).__name__}): train again with force=true."
        ) from error


def evaluated(folder: RunFolder) -> dict[str, dict[str, float]]:
    """Loss and metric on train, valid (where there is one) and test, with the weights of the epoch that counts.

    Raises:
        UserError: the configuration is damaged, or the data cannot be had.
        Failure: the checkpoint cannot be read, or has no such epoch.
    """
    config = folder.config()
    try:
        job = job_of(config)
    except UserError as error:
        raise UserError(f"{folder.path / 'config.yaml'} cannot be used: {error}") from None
    device = set_up(job)
    data = tasks.load(job.task, job.protocol, job.source, job.quirks, job.mirror, **job.task_options)
    network = built(job, data, device)
    put_weights(network, folder)
    parts = {"train": data.train, "valid": data.valid, "test": data.test}
    return {
        name: evaluate(network, data.spec, Part.of(data.spec, part, device)) for name, part in parts.items() if part
    }
