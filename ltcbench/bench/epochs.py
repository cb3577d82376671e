"""Epochs of a real training, ours and, in the same loop, with a rival in place of our cell."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ltcbench import places, tasks
from ltcbench.bench import actions, error_plot
from ltcbench.bench.foreign import Foreign
from ltcbench.bench.measure import Bench, goal, spread
from ltcbench.bench.measurements import Row
from ltcbench.bench.rivals import Rival
from ltcbench.bench.timing import Action
from ltcbench.models import Network
from ltcbench.reporting import index, words
from ltcbench.running.run import built
from ltcbench.settings.job import Job, Trainer, tree
from ltcbench.tasks import SequenceData
from ltcbench.training.loop import train

RIVALS = ("ncps", "torch.nn.LSTM")


def rows(bench: Bench, job: Job, engines: Sequence[str] = (), goals: Mapping[str, float] | None = None) -> list[Row]:
    """The time of an epoch of a training with each engine and each rival.

    Args:
        bench: measures.
        job: the training.
        engines: ours; empty: all that the model has.
        goals: the ratio wanted, of who is named.
    """
    error = _error(job)
    job = replace(job, model_options={**job.model_options, **actions.FLAVOURS.get(job.model, {})})
    data = tasks.load(job.task, job.protocol, job.source, job.quirks, job.mirror, **job.task_options)
    network = built(job, data, bench.device)
    engines = engines or actions.engines(network.cell)
    with tempfile.TemporaryDirectory() as folder:
        doings = {engine: _epoch(network, engine, data, job.trainer, Path(folder)) for engine in engines}
        comparable = set(engines)
        for other in _rivals(bench, network, data):
            theirs = _with(other, network)
            comparable |= {str(other)} if other.reference.cell is network.cell else set()
            doings[str(other)] = _epoch(theirs, "eager", data, job.trainer, Path(folder))
        times = bench.times(doings)
    fastest = min(times[engine].median for engine in engines)
    return [
        Row(
            what="epoch",
            model=job.model,
            who=who,
            ours=who in engines,
            task=job.task,
            batch=job.trainer.batch_size,
            time=data.train.x.shape[1],
            features=data.spec.features,
            units=job.hidden_size,
            settings="",
            **spread(taken),
            ratio=taken.median / fastest,
            goal=goal(goals or {}, who),
            error=error if who in comparable else None,
        )
        for who, taken in times.items()
    ]


def at_hand(bench: Bench, job: Job, engines: Sequence[str], goals: Mapping[str, float]) -> list[Row]:
    """As ``rows``; nothing, and a note, where the data would have to be fetched first."""
    if tasks.at_hand(job.task, job.source):
        return rows(bench, job, engines, goals)
    bench.note(f"epochs of {job.task} are left out: get its data with ltcbench data fetch {job.task}.")
    return []


def picture(bench: Bench, rows: Sequence[Row]) -> bytes | None:
    """Error against time; None, and a note, where no run of these settings is finished."""
    found = error_plot.error_against_seconds(rows, words.METRICS[tasks.TASKS[rows[0].task].SPEC.metric])
    if found is None:
        bench.note(f"no picture of the error: no run of {rows[0].task} with these settings is finished.")
    return found


def _epoch(network: Network, engine: str, data: SequenceData, trainer: Trainer, folder: Path) -> Action:
    """Training and evaluation as ``ltcbench train`` does them, with the checkpoint at the end."""
    saved = folder / "checkpoint.pt"
    once = replace(trainer, epochs=1)

    def run() -> None:
        network.engine = engine
        saved.unlink(missing_ok=True)  # else the epoch counts as done
        train(network, data, once, 0, saved, lambda update: None, lambda rows: None, lambda: False)

    return run


def _rivals(bench: Bench, network: Network, data: SequenceData) -> list[Rival]:
    if data.train.mask is not None or (data.train.elapsed != 1).any():
        bench.note("other implementations know no masks and no elapsed times of a batch and are left out here.")
        return []
    return bench.rivals(RIVALS, Network(network.cell, None))


def _with(other: Rival, network: Network) -> Network:
    """The network with a rival in place of its cell."""
    size = None if network.readout is None else network.readout.out_features
    theirs = Network(Foreign(other, network.cell), size, network.inputs, network.feature_mask)
    return theirs.to(next(network.parameters()).device)


def _error(job: Job) -> float | None:
    """The mean test metric of the finished runs of a training, over seeds; None without any."""
    settings = index.digest(tree(job))
    values = [
        run.value
        for run in index.load(places.runs())
        if (run.task, run.settings, run.status) == (job.task, settings, "finished") and run.value is not None
    ]
    return sum(values) / len(values) if values else None
