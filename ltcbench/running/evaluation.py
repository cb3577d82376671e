"""The network of a run, tested again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from ltcbench import tasks
from ltcbench.errors import Failure
from ltcbench.running.folder import RunFolder
from ltcbench.running.machine import set_up
from ltcbench.running.run import built
from ltcbench.settings import composition
from ltcbench.settings.job import Job, Trainer
from ltcbench.training.batches import Part
from ltcbench.training.evaluate import evaluate


def job_of(tree: Mapping[str, Any]) -> Job:
    """The job that a run's ``config.yaml`` tells of, on the device and with the engine of the defaults."""
    model, task, trainer = dict(tree["model"]), dict(tree["task"]), dict(tree["trainer"])
    weights = trainer.pop("class_weights")
    return replace(
        composition.composed([]),
        model=model.pop("name"),
        hidden_size=model.pop("hidden_size"),
        model_options=model,
        task=task.pop("name"),
        source=task.pop("source"),
        quirks=task.pop("quirks"),
        task_options=task,
        protocol=tree["protocol"],
        recipe=tree["recipe"],
        trainer=Trainer(**trainer, class_weights=None if weights is None else tuple(weights)),
        seed=tree["seed"],
        precision=tree.get("precision", "float32"),
    )


def evaluated(folder: RunFolder) -> dict[str, dict[str, float]]:
    """Loss and metric on train, valid (where there is one) and test, with the weights of the epoch that counts.

    Raises:
        UserError: the data cannot be had.
        Failure: the checkpoint cannot be read, or has no such epoch.
    """
    job = job_of(folder.config())
    device = set_up(job)
    data = tasks.load(job.task, job.protocol, job.source, job.quirks, job.mirror, **job.task_options)
    network = built(job, data).to(device)
    try:
        progress = torch.load(folder.checkpoint, map_location="cpu", weights_only=True)["progress"]
        network.load_state_dict(progress["best_weights"])
    except Exception as error:
        raise Failure(
            f"{folder.checkpoint} holds no network of this run ({type(error).__name__}): train again with force=true."
        ) from error
    parts = {"train": data.train, "valid": data.valid, "test": data.test}
    return {
        name: evaluate(network, data.spec, Part.of(data.spec, part, device)) for name, part in parts.items() if part
    }
