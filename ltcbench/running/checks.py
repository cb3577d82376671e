"""What can be told of a job before its data are touched."""

import os
from typing import NamedTuple

from ltcbench import memo, places, tasks
from ltcbench.errors import UserError
from ltcbench.plugins import loading
from ltcbench.settings import groups
from ltcbench.settings.job import Job
from ltcbench.tasks.sequences import Spec

# Copies of the weights that a training holds: themselves, gradients, two moments, the best epoch's, a checkpoint's.
_COPIES = 6
_LARGE = 2048  # units of layers whose weights are no burden


def check(job: Job) -> None:
    """See that model and task take the options of the job and fit together, and that the weights fit into memory.

    Raises:
        UserError: they do not.
    """
    loading.require(job.code, model=job.model, task=job.task)
    tasks.checked(job.task, job.task_options)
    spec = tasks.TASKS[job.task].SPEC
    if spec is not None:
        check_answers(job, spec)
    size = _facts(job).size
    needed, there = _COPIES * 4 * size, _memory()
    if needed > there:
        raise UserError(
            f"model.hidden_size={job.hidden_size} makes {size:.3g} parameters, whose training takes "
            f"{needed / 1e9:.3g} GB and more of memory; this machine has {there / 1e9:.3g} GB: choose fewer units."
        )


def check_answers(job: Job, spec: Spec) -> None:
    """See that the model answers where the task has its targets.

    Raises:
        UserError: there is a target at every step, and the model gives one answer for a whole sequence.
    """
    if not spec.per_step or job.model_options.get("causal_ok") is True or not _facts(job).whole:
        return
    from ltcbench import models

    way_out = "choose another model"
    if "causal_ok" in models.options_of(job.model):
        way_out += ", or model.causal_ok=true for answers that look at later steps too, which is not causal"
    raise UserError(
        f"model {job.model} gives one answer for a whole sequence, and task {job.task} has a target at every step: "
        f"{way_out}."
    )


class _Facts(NamedTuple):
    """Of a network: its parameters, and whether it gives one answer for a whole sequence."""

    size: int
    whole: bool


def _facts(job: Job) -> _Facts:
    """What a network of the job is; of our own models remembered, since it takes torch to know.

    Raises:
        UserError: there is no such model, or it does not take the options of the job.
    """

    def facts() -> _Facts:
        import torch

        from ltcbench import models

        # Without memory for its weights where they may be many; torch needs a second to prepare for that.
        sizes = [value for key, value in job.model_options.items() if type(value) is int and not key.endswith("seed")]
        device = torch.device("meta" if max(job.hidden_size, *sizes, 0) > _LARGE else "cpu")
        with device, torch.random.fork_rng(devices=[]):
            network = models.build(job.model, 1, job.hidden_size, 1, engine=job.engine, **job.model_options)
        return _Facts(network.size(), network.cell.whole)

    if job.model not in groups.names("model", places.conf()):  # its code is not in our package
        return facts()
    question = ("network", job.model, job.hidden_size, job.engine, dict(job.model_options))
    return _Facts(*memo.remembered(question, facts))


def _memory() -> int:
    """Of the machine, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def short_of_memory(error: Exception) -> bool:
    """Whether a computation ended because there was no memory left for it."""
    import torch

    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in str(error)
