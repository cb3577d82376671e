"""Processes that compute draws: of one thread, so that their number changes no bit; they die with their parent."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any

from ltcbench.experiments.experiment import Draw, Row, experiment

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def computed(name: str, settings: Any, draws: Sequence[Draw], jobs: int) -> Iterator[tuple[Draw, list[Row]]]:
    """Every draw with its lines, as they are done.

    Args:
        name: of the experiment.
        settings: its settings.
        draws: what to compute.
        jobs: processes side by side.
    """
    with _one_thread():
        pool = ProcessPoolExecutor(min(jobs, len(draws)), multiprocessing.get_context("spawn"), _begin)
        futures: dict[Future[list[Row]], Draw] = {pool.submit(_compute, name, settings, d.key): d for d in draws}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _compute(name: str, settings: Any, key: tuple[Any, ...]) -> list[Row]:
    its = experiment(name)
    named = dict(zip(its.KEY, key, strict=True))
    return [{**named, **row} for row in its.compute(settings, *key)]


def _begin() -> None:
    """What a process does first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """The environment in which processes begin: numpy and torch read it when they are imported there."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
