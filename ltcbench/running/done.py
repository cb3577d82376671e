"""Runs that are done already, told without torch."""

import logging
from typing import Any

from ltcbench import tasks
from ltcbench.running.checks import check
from ltcbench.running.folder import RunFolder, fingerprint
from ltcbench.settings.job import Job

log = logging.getLogger("ltcbench")


def done_before(job: Job) -> dict[str, Any] | None:
    """The result of a job that is done, None where that takes more to know: its data, or torch for its device.

    Raises:
        UserError: the configuration or the data are not right.
    """
    check(job)
    if job.force or job.device not in ("auto", "cpu") or not tasks.at_hand(job.task, job.source):
        return None
    checksums = tasks.checksums(job.task, job.source, job.mirror, **job.task_options)
    return done(RunFolder.of(job, fingerprint(job, checksums)), f"{job.task}/{job.model}")


def done(folder: RunFolder, name: str) -> dict[str, Any] | None:
    """The result in a folder, if it is that of a training that came to an end; says so."""
    result = folder.result()
    if result is None or result["status"] not in ("finished", "diverged"):
        return None
    log.info("%s: done before (%s); force=true does it again.", name, folder.path)
    return result
