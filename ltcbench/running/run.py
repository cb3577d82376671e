"""One job, top to bottom: configuration -> data -> model -> training -> run folder -> tracking."""

import logging
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import torch

from ltcbench import models, tasks
from ltcbench.errors import Failure, Interrupted, UserError
from ltcbench.files import writing
from ltcbench.models import Network
from ltcbench.models.choice import for_training
from ltcbench.progress import TrainingProgress
from ltcbench.running.checks import check, check_answers, short_of_memory
from ltcbench.running.done import done
from ltcbench.running.folder import RunFolder, fingerprint
from ltcbench.running.machine import set_up
from ltcbench.running.remarks import overlooked, remarks
from ltcbench.running.results import Result, head, numbers, summary
from ltcbench.running.standing import standing
from ltcbench.running.tracking import Tracker
from ltcbench.running.versions import versions
from ltcbench.settings.job import Job
from ltcbench.tasks import SequenceData
from ltcbench.tasks.sequences import Spec
from ltcbench.training import targets
from ltcbench.training.baselines import baselines
from ltcbench.training.loop import train

log = logging.getLogger("ltcbench")


def run_job(job: Job, differs: str = "") -> Result:
    """Do ``job``, go on with it where it was interrupted, or return its result where it is finished.

    A mistake of the user's is told before anything is written.

    Args:
        job: the job.
        differs: settings that tell it from the other jobs of a sweep, for the lines on it.

    Returns:
        What ``result.json`` in its run folder holds.

    Raises:
        UserError: the configuration or the data are not right, or a file cannot be written.
        Interrupted: stopped by Ctrl-C or SIGTERM; everything up to the last whole epoch is kept.
    """
    device = set_up(job)
    check(job)
    checksums = tasks.checksums(job.task, job.source, job.mirror, **job.task_options)
    identity = fingerprint(job, checksums)
    folder = RunFolder.of(job, identity)
    name = f"{job.task}/{job.model} seed {job.seed} {differs}".strip()

    if not job.force and (result := done(folder, name)):
        return result
    with folder.lock(f"{name}: another process works on this run ({folder.path}); waiting for it."):
        if not job.force and (result := done(folder, name)):  # by the process that had the lock
            return result
        if not job.force and folder.damaged():
            log.warning("%s: result.json in %s cannot be read; going on from the checkpoint.", name, folder.path)
        with _stop_signals() as stop:
            try:
                loaded = tasks.load(job.task, job.protocol, job.source, job.quirks, job.mirror, **job.task_options)
                data = targets.checked(loaded, job.trainer.class_weights)
                check_answers(job, data.spec)
                if job.force:
                    folder.clear()
                folder.write_config(job)
                with _logged_to(folder):
                    return _run(job, name, identity, data, folder, device, stop)
            except (UserError, Interrupted):
                raise
            except Exception as error:
                note = traceback.format_exc()
                with suppress(Failure):  # a full disk must not hide what went wrong
                    folder.write_config(job)
                    folder.write_result(head(job, identity, device) | {"status": "failed", "note": note})
                    with writing(folder.log), folder.log.open("a", encoding="utf-8", errors="backslashreplace") as file:
                        file.write(note)
                if short_of_memory(error):
                    raise Failure(
                        f"{name}: there is no memory left ({_first_line(error)}): choose a smaller "
                        "trainer.batch_size, model.hidden_size or task.window, or another device."
                    ) from error
                raise


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def _run(
    job: Job,
    name: str,
    identity: str,
    data: SequenceData,
    folder: RunFolder,
    device: torch.device,
    stop: threading.Event,
) -> Result:
    began = time.time()
    network = built(job, data, device)

    progress = TrainingProgress(name, job.trainer.epochs)
    tracker = Tracker(folder, job.tracking_uri, job.tracker == "mlflow")
    log.info("%s: %d parameters, %s data, run folder %s", name, network.size(), data.source, folder.path)
    for remark in remarks(data):
        log.info("%s", remark)

    def on_epoch(rows: list[dict[str, float]]) -> None:
        if rows:
            folder.write_metrics(rows)
            progress.epoch(rows[-1])
            tracker.epoch()

    try:
        outcome = train(network, data, job.trainer, job.seed, folder.checkpoint, progress.step, on_epoch, stop.is_set)
    finally:
        progress.close()

    result = (
        head(job, identity, device)
        | numbers(network, data, outcome)
        | {
            "wall_seconds": time.time() - began,
            "versions": versions(),
            "source": data.source,
            "checksums": dict(data.checksums),
        }
    )
    if outcome.status != "interrupted":
        result["baselines"] = baselines(data)
    folder.write_result(result)
    tracker.end(result)
    log.info("%s", summary(result, name))
    if outcome.status == "finished" and (line := overlooked(data, outcome.progress.history, result["best_epoch"])):
        log.info("%s: %s", name, line)
    if "baselines" in result:
        found = standing(data.metric, data.direction, result["test_metric"], result["baselines"])
        log.log(logging.WARNING if found.beaten else logging.INFO, "%s: %s", name, found.line)
    if outcome.status == "interrupted":
        raise Interrupted(f"{name} interrupted after {outcome.progress.epoch} epochs; the same command goes on.")
    return result


def built(job: Job, data: SequenceData, device: torch.device) -> Network:
    """The job's network on its device, its weights drawn with the job's seed.

    By itself a long training is compiled if its cell has nothing faster.
    """
    mask = data.train.mask
    network = of_spec(job, data.spec, feature_mask=mask is not None and mask.ndim == 3)
    network.calibrate_(
        torch.as_tensor(data.train.x),
        None if mask is None else torch.as_tensor(mask),
        torch.as_tensor(data.train.elapsed),
    )
    network.to(device)
    updates = job.trainer.epochs * len(data.train) // job.trainer.batch_size
    network.engine = for_training(job.engine, network.cell, updates)
    return network


def of_spec(job: Job, spec: Spec, feature_mask: bool) -> Network:
    """The job's network for a task of this form, its weights drawn with the job's seed."""
    torch.manual_seed(job.seed)
    return models.build(
        job.model,
        spec.features,
        job.hidden_size,
        spec.output_size,
        feature_mask=feature_mask,
        vocabulary=spec.vocabulary,
        engine=job.engine,
        **job.model_options,
    )


class _Log(logging.FileHandler):
    """A run's ``log.txt``; a line that the disk does not take is lost, the training is worth more."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing: what is wrong with the disk, the files of the run tell in a sentence."""


@contextmanager
def _logged_to(folder: RunFolder) -> Iterator[None]:
    """Copy the log lines of this run into its ``log.txt``."""
    with writing(folder.log):
        handler = _Log(folder.log, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        with suppress(OSError):  # as with its lines
            handler.close()


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C or SIGTERM sets; a second one acts as if there were no handler."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread can have handlers
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handler(number: int, frame: object) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])
        log.warning("stopping after this update; everything up to the last whole epoch is kept.")

    for number in before:
        signal.signal(number, handler)
    try:
        yield stop
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
