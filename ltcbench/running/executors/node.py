"""What a worker of Dask does, on whatever machine: one run at a time, in a fresh process of its own.

The process has a main thread, so that it hears when it is to stop. It dies with the worker.
"""

import socket
from collections.abc import Mapping, Sequence
from multiprocessing import current_process
from pathlib import Path

from ltcbench.running.executors.local import Worker, prepared
from ltcbench.settings.job import Job

going_on: dict[str, Worker] = {}


def do(job: Job, key: str, tokens: Sequence[str], places: Mapping[str, str]) -> tuple[str, str]:
    """Do a job, and tell how it ended as ``Handle.outcome`` does, or ``blind`` and which folder is not to be seen here.

    Args:
        job: the job.
        key: by which ``stop`` finds it.
        tokens: files that are to be seen here, for folders are shared.
        places: environment variables that say where data and runs are.
    """
    missing = unseen(tokens)
    if missing:
        return "blind", missing
    current_process().daemon = False  # what a nanny started is one, and such may have no children
    context = prepared("torch._dynamo", "distributed.cli.dask_worker")  # the second is a worker's main module
    worker = going_on[key] = Worker(job, place=0, context=context, daemon=True, environment=places)
    try:
        return worker.outcome()
    finally:
        del going_on[key]


def stop(key: str, now: bool = False) -> bool:
    """Have a job mark its run as interrupted and end, or end it ``now``; whether it is going on here."""
    worker = going_on.get(key)
    if worker:
        worker.stop(now)
    return worker is not None


def unseen(tokens: Sequence[str]) -> str:
    """A sentence on the first folder whose token is not to be seen here, empty where all are."""
    for token in map(Path, tokens):
        if not token.is_file():
            return f"{socket.gethostname()} does not see the files in {token.parent}"
    return ""
