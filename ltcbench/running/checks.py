"""What can be told of a job before its data are touched."""

import os

import torch

from ltcbench import models, tasks
from ltcbench.errors import UserError
from ltcbench.settings.job import Job

# Copies of the weights that a training holds: themselves, gradients, two moments, the best epoch's, a checkpoint's.
_COPIES = 6


def check(job: Job) -> None:
    """See that model and task take the options of the job, and that its weights fit into the machine's memory.

    Raises:
        UserError: they do not.
    """
    tasks.checked(job.task, job.task_options)
    with torch.device("meta"):  # a network without memory for its weights
        network = models.build(job.model, 1, job.hidden_size, 1, engine=job.engine, **job.model_options)
    needed, there = _COPIES * 4 * network.size(), _memory()
    if needed > there:
        raise UserError(
            f"model.hidden_size={job.hidden_size} makes {network.size():.3g} parameters, whose training takes "
            f"{needed / 1e9:.3g} GB and more of memory; this machine has {there / 1e9:.3g} GB: choose fewer units."
        )


def _memory() -> int:
    """Of the machine, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def short_of_memory(error: Exception) -> bool:
    """Whether a computation ended because there was no memory left for it."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in str(error)
