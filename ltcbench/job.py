"""One job, top to bottom: configuration -> data -> model -> training -> run folder -> tracking."""

import logging
import math
import signal
import statistics
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from ltcbench import models, tasks
from ltcbench.config import Job
from ltcbench.errors import Interrupted, UserError
from ltcbench.models import Network
from ltcbench.models.scan import FUSED
from ltcbench.progress import TrainingProgress
from ltcbench.runs import SCHEMA, RunFolder, fingerprint
from ltcbench.tasks import SequenceData
from ltcbench.tracking import Tracker
from ltcbench.training.batches import Part
from ltcbench.training.checkpoint import Weights
from ltcbench.training.evaluate import evaluate
from ltcbench.training.loop import Outcome, train
from ltcbench.versions import versions

log = logging.getLogger("ltcbench")

Result = dict[str, Any]


def run(job: Job) -> Result:
    """Do ``job``, go on with it where it was interrupted, or return its result where it is finished.

    Returns:
        What ``result.json`` in its run folder holds.

    Raises:
        UserError: the configuration or the data are not right, or a file cannot be written.
        Interrupted: stopped by Ctrl-C or SIGTERM; everything up to the last whole epoch is kept.
    """
    device = set_up(job)
    checksums = tasks.checksums(job.task, job.source, job.mirror, **job.task_options)
    identity = fingerprint(job, checksums)
    folder = RunFolder.of(job, identity)
    name = f"{job.task}/{job.model}"

    with folder.lock(f"{name}: another process works on this run ({folder.path}); waiting for it."):
        result = folder.result()
        if job.force:
            folder.clear()
        elif result is not None and result["status"] in ("finished", "diverged"):
            log.info("%s: done before (%s); force=true does it again.", name, folder.path)
            return result
        with _logged_to(folder), _stop_signals() as stop:
            folder.write_config(job)
            try:
                return _run(job, identity, folder, device, stop)
            except (UserError, Interrupted):
                raise
            except Exception:
                note = traceback.format_exc()
                folder.write_result(_head(job, identity, device) | {"status": "failed", "note": note})
                with folder.log.open("a") as file:
                    file.write(note)
                raise


def _run(job: Job, identity: str, folder: RunFolder, device: torch.device, stop: threading.Event) -> Result:
    began = time.time()
    data = tasks.load(job.task, job.protocol, job.source, job.quirks, job.mirror, **job.task_options)
    network = built(job, data).to(device)

    name = f"{job.task}/{job.model} seed {job.seed}"
    progress = TrainingProgress(name, job.trainer.epochs)
    tracker = Tracker(folder, job.tracking_uri, job.tracker == "mlflow")
    log.info("%s: %d parameters, %s data, run folder %s", name, network.size(), data.source, folder.path)

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
        _head(job, identity, device)
        | _numbers(network, data, outcome)
        | {
            "wall_seconds": time.time() - began,
            "versions": versions(),
            "source": data.source,
            "checksums": dict(data.checksums),
        }
    )
    folder.write_result(result)
    tracker.end(result)
    log.info("%s", summary(result))
    if outcome.status == "interrupted":
        raise Interrupted(f"{name} interrupted after {outcome.progress.epoch} epochs; the same command goes on.")
    return result


# What torch calls each choice of ``precision``.
PRECISIONS = {"float32": "highest", "bfloat16_matmul": "medium"}


def set_up(job: Job) -> torch.device:
    """Tell torch how to compute the job: with how many threads, and how exact matrix products of float32 are.

    Returns:
        Where to compute it.

    Raises:
        UserError: the device does not exist.
    """
    device = _device(job.device)
    torch.set_num_threads(job.threads)
    torch.set_float32_matmul_precision(PRECISIONS[job.precision])
    if job.precision != "float32" and device.type == "cpu" and not has_bfloat16():
        log.warning("precision=%s changes nothing here: this CPU has no products of bfloat16.", job.precision)
    return device


def has_bfloat16() -> bool:
    """Whether torch can multiply matrices of bfloat16 on this CPU by instructions made for it."""
    mkldnn = torch.backends.mkldnn.is_available()
    return mkldnn and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def built(job: Job, data: SequenceData) -> Network:
    """The job's network, its weights drawn with the job's seed."""
    mask = data.train.mask
    feature_mask = mask is not None and mask.ndim == 3
    torch.manual_seed(job.seed)
    network = models.build(
        job.model,
        data.spec.features,
        job.hidden_size,
        data.spec.output_size,
        feature_mask=feature_mask,
        vocabulary=data.spec.vocabulary,
        engine=_engine(job, data),
        **job.model_options,
    )
    if feature_mask:
        network.calibrate_(torch.as_tensor(data.train.x), torch.as_tensor(mask))
    return network


# Updates from which on the time that torch.compile takes, some seconds, comes back.
WORTH_COMPILING = 3000


def _engine(job: Job, data: SequenceData) -> str:
    """The engine of a training: by itself a long one is compiled if its cell has nothing faster."""
    entry = models.MODELS.get(job.model)
    updates = job.trainer.epochs * len(data.train) // job.trainer.batch_size
    if job.engine == "auto" and entry and entry.cell not in FUSED and updates >= WORTH_COMPILING:
        return "compiled"
    return job.engine


def _head(job: Job, identity: str, device: torch.device) -> Result:
    return {
        "schema": SCHEMA,
        "fingerprint": identity,
        "model": job.model,
        "hidden_size": job.hidden_size,
        "task": job.task,
        "protocol": job.protocol,
        "quirks": dict(job.quirks),
        "recipe": job.recipe,
        "seed": job.seed,
        "device": str(device),
        "source": job.source,
    }


def _numbers(network: Network, data: SequenceData, outcome: Outcome) -> Result:
    """What came out: metrics at the best epoch and at the last, on the test part for the first time now."""
    progress = outcome.progress
    last = None if outcome.status == "diverged" else progress.epoch
    test: dict[int | None, Mapping[str, float]] = {}
    if outcome.status != "interrupted":
        part = Part.of(data.spec, data.test, next(network.parameters()).device)
        weights: dict[int | None, Weights] = {progress.best_epoch: progress.best_weights, last: network.state_dict()}
        for epoch in {progress.best_epoch, last} - {0, None}:
            network.load_state_dict(weights[epoch])
            test[epoch] = evaluate(network, data.spec, part)

    def at(epoch: int | None) -> Result | None:
        if not epoch:
            return None
        row = progress.history[epoch - 1]
        numbers = {
            part: {key.removeprefix(f"{part}_"): value for key, value in row.items() if key.startswith(f"{part}_")}
            for part in ("train", "valid")
        }
        finite: Result = _finite({"epoch": epoch, **numbers, "test": dict(test.get(epoch, {}))})
        return finite

    best = at(progress.best_epoch)
    return {
        "status": outcome.status,
        "note": progress.diverged,
        "metric": data.metric,
        "direction": data.direction,
        "test_metric": None if best is None else best["test"].get(data.metric),
        "best_epoch": progress.best_epoch,
        "epochs": progress.epoch,
        "best": best,
        "last": at(last),
        "parameters": network.size(),
        "engine": network.ran,
        "seconds_per_epoch": statistics.median(row["seconds"] for row in progress.history)
        if progress.history
        else None,
    }


def _finite(value: Any) -> Any:
    """``value`` with None in place of every number that JSON cannot hold."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def summary(result: Result) -> str:
    """One line that says how a run ended."""
    line = f"{result['task']}/{result['model']} seed {result['seed']}: {result['status']}"
    if result.get("test_metric") is not None:
        line += f", test {result['metric']} {result['test_metric']:.4f} at epoch {result['best_epoch']}"
    if result.get("seconds_per_epoch"):
        line += f", {result['seconds_per_epoch']:.2f} s an epoch"
    if result["source"] not in ("official", "generated"):
        line += f" [{result['source']} data]"
    return f"{line}. {result['note']}".strip() if result.get("note") else f"{line}."


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UserError(f"device={name} does not exist: expected auto, cpu, cuda or cuda:<number>.") from None
    if device.type not in ("cpu", "cuda"):
        raise UserError(f"device={name} is not supported: expected auto, cpu, cuda or cuda:<number>.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UserError(
            f"device={name} is not there: torch sees {torch.cuda.device_count()} CUDA devices; try device=cpu."
        )
    return device


@contextmanager
def _logged_to(folder: RunFolder) -> Iterator[None]:
    """Copy the log lines of this run into its ``log.txt``."""
    handler = logging.FileHandler(folder.log)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
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
