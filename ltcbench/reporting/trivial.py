"""The numbers that need no network, kept beside the runs: ``runs/<task>/baselines/<data>-<source>.json``."""

import json
from datetime import datetime, timezone
from pathlib import Path

from ltcbench import places
from ltcbench.files import write
from ltcbench.reporting import index
from ltcbench.settings.job import Job, tree


def file(job: Job) -> Path:
    """Where the baselines on the data of a job are kept."""
    return places.runs() / job.task / index.BASELINES / f"{index.data_digest(tree(job))}-{job.source}.json"


def measure(job: Job) -> None:
    """Measure the baselines on the data of a job.

    Raises:
        UserError: the data cannot be had.
    """
    from ltcbench import tasks
    from ltcbench.running.versions import versions
    from ltcbench.training.baselines import baselines

    loaded = tasks.load(job.task, job.protocol, job.source, job.quirks, job.mirror, **job.task_options)
    settings = index.data_digest(tree(job))
    made = {key: value or "" for key, value in versions().items()}
    found = [
        index.Run(
            task=job.task,
            model=name,
            protocol=job.protocol,
            recipe="none",
            seed=0,
            epochs=0,
            status="baseline",
            source=loaded.source,
            metric=loaded.metric,
            value=score,
            best_epoch=None,
            seconds=None,
            parameters=None,
            ended=datetime.now(timezone.utc).strftime(index.TIME),
            device="cpu",
            **made,
            fingerprint="",
            settings=settings,
        )
        for name, score in baselines(loaded).items()
    ]
    write(file(job), json.dumps([vars(run) for run in found], indent=2).encode())
